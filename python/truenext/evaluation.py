# SPDX-License-Identifier: Apache-2.0
"""Judging runs: evaluate, compare, calibrate."""

from __future__ import annotations

import os
import pathlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from ._html import table_html
from ._per_user import read_per_user
from ._work import Callback, finished, run_verb
from .table import Table, table_of

PathLike = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Metric:
    """A mean over users with its 95 % interval; of measures of all lists together low and high are the mean."""

    mean: float
    low: float
    high: float


def _metrics(data: Mapping[str, Any]) -> dict[str, Metric]:
    return {
        name: Metric(entry["mean"], entry.get("low", entry["mean"]), entry.get("high", entry["mean"]))
        for name, entry in data.items()
    }


_TOLD = "request time known"


class _Tabled:
    """Results that are a table."""

    @property
    def table(self) -> Table:
        raise NotImplementedError

    def to_pandas(self) -> Any:
        """`table` as a pandas.DataFrame. ImportError without pandas."""
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """`table` as a polars.DataFrame. ImportError without polars."""
        return self.table.to_polars()

    def to_arrow(self) -> Any:
        """`table` as a pyarrow.Table. ImportError without pyarrow."""
        return self.table.to_arrow()


class Evaluation(_Tabled):
    """What `evaluate` found: the model's metrics by name ("ndcg@10"), and those of what stands beside it.

    Attributes:
        report: everything, as in the result file of a run (docs/protocols.md): protocol, counts, data, cost.
        per_user: a table with a row for every judged user: user, each metric, and ranks, those of the held-out items in
            time order, from 1 (None for one that can never be recommended). None unless `evaluate` was asked for it.
    """

    def __init__(self, report: Mapping[str, Any], per_user: Table | None = None) -> None:
        self.report = report
        self.per_user = per_user

    @property
    def metrics(self) -> dict[str, Metric]:
        """Of the model, by name."""
        return _metrics(self.report["metrics"])

    @property
    def beside(self) -> dict[str, dict[str, Metric]]:
        """Of the baselines, by their name and that of the metric."""
        return {name: _metrics(row) for name, row in self.report["beside"].items()}

    def __getitem__(self, metric: str) -> Metric:
        """A metric of the model. KeyError naming those that there are."""
        metrics = self.metrics
        if metric not in metrics:
            raise KeyError(f"{metric}: was not measured; there are {', '.join(metrics)}")
        return metrics[metric]

    @property
    def name(self) -> str:
        """What was judged, as the first row of the command's table names it: "model", "ensemble" or "hybrid", with
        "(request time known)" behind it where it was told when items were asked for (docs/protocols.md)."""
        model = self.report.get("model", {})
        kind = "hybrid" if "hybrid" in model else "ensemble" if "ensemble" in model else "model"
        told = self.report.get("protocol", {}).get("request_time") == "known"
        return f"{kind} ({_TOLD})" if told else kind

    @property
    def table(self) -> Table:
        """A row for each metric of what was judged and of each baseline: model, metric, mean, low, high."""
        return table_of(
            [
                {"model": name, "metric": metric, "mean": value.mean, "low": value.low, "high": value.high}
                for name, row in {self.name: self.metrics, **self.beside}.items()
                for metric, value in row.items()
            ]
        )

    def _repr_html_(self) -> str:
        rows = {self.name: self.metrics, **self.beside}
        lines = [
            [name, *(f"{value.mean:.4f} [{value.low:.4f}, {value.high:.4f}]" for value in row.values())]
            for name, row in rows.items()
        ]
        return table_html(["", *self.metrics], lines)

    def __repr__(self) -> str:
        rows = {self.name: self.metrics, **self.beside}
        lines = [
            f"{name}: " + ", ".join(f"{metric} {value.mean:.4f} [{value.low:.4f}, {value.high:.4f}]" for metric, value in row.items())
            for name, row in rows.items()
        ]
        return "\n".join(lines)


class Comparison(_Tabled):
    """What `compare` found.

    Attributes:
        report: everything (docs/compare.md).
        rows: one mapping for each metric and pair of sides: a, b, metric, difference, p, interval, verdict, ...
    """

    def __init__(self, report: Mapping[str, Any]) -> None:
        self.report = report
        self.rows: list[dict[str, Any]] = list(report["comparisons"])

    def _label(self, name: str) -> str:
        """A side's name and what sets it apart from a model that is judged alone."""
        side: Mapping[str, Any] = next((side for side in self.report.get("sides", ()) if side["name"] == name), {})
        notes = ["hybrid"] if side.get("hybrid") else []
        notes += [_TOLD] if side.get("request_time") == "known" else []
        return f"{name} ({', '.join(notes)})" if notes else name

    def __repr__(self) -> str:
        lines = [
            f"{self._label(row['a'])} against {self._label(row['b'])}, {row['metric']}: {row['verdict']}" for row in self.rows
        ]
        return "\n".join(lines)

    @property
    def table(self) -> Table:
        """`rows` as a table."""
        return table_of(self.rows)

    def _repr_html_(self) -> str:
        names = ("a", "b", "metric", "difference", "p", "verdict")
        return table_html(
            names,
            [[self._label(row[name]) if name in ("a", "b") else row.get(name) for name in names] for row in self.rows],
        )


def _paths(paths: PathLike | Sequence[PathLike]) -> list[str]:
    listed = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    return [os.fspath(path) for path in listed]


def evaluate(
    run: PathLike | None = None,
    *,
    metrics: Sequence[str] | None = None,
    part: str = "test",
    data: PathLike | None = None,
    per_user: bool | PathLike = False,
    threads: int | None = None,
    callbacks: Iterable[Callback] = (),
    device: str | None = None,
    **options: object,
) -> Evaluation:
    """Ranks the held-out items of a dataset with a model, as `truenext evaluate` does; a run folder keeps the result.

    Args:
        run: a run (`Run`), run folder or model file; None with lists="FILE", ranked lists of any other system.
        metrics: e.g. ["ndcg@10", "recall@10"]; None = ndcg@10, recall@1, recall@10, mrr.
        part: "test" or "valid".
        data: dataset folder; None = that of the run.
        per_user: True = with `Evaluation.per_user`; a path writes it to this file, too.
        threads: None = all processors; never changes a result.
        callbacks: hear the progress and may stop, which raises Interrupted.
        device: as for `fit`.
        options: all others of `truenext evaluate --help`, with _ for -: baselines="none", max_users=1000, ...
    """
    request = {
        "runs": [os.fspath(run)] if run is not None else None,
        "metrics": ",".join(metrics) if metrics is not None else None,
        "part": part,
        "data": os.fspath(data) if data is not None else None,
        "threads": threads,
        "device": device,
        **options,
    }
    if per_user is False:
        return Evaluation(finished(run_verb("evaluate", request, callbacks)))
    with tempfile.TemporaryDirectory(prefix="truenext-") as folder:
        file = pathlib.Path(folder) / "per_user.tsv" if per_user is True else pathlib.Path(per_user)
        report = finished(run_verb("evaluate", {**request, "per_user": os.fspath(file)}, callbacks))
        return Evaluation(report, read_per_user(file))


def compare(
    sides: Mapping[str, PathLike | Sequence[PathLike]] | Sequence[PathLike],
    *,
    metrics: Sequence[str] | None = None,
    part: str = "test",
    threads: int | None = None,
    seed: int | None = None,
    **options: object,
) -> Comparison:
    """Tests whether judged runs differ, user by user, as `truenext compare` does.

    Args:
        sides: {"base": [runs of one configuration with different seeds], "new": [...]}, or a list of runs, each a side
            of its own. The first is the baseline. All have been evaluated on the same data.
        metrics: None = all that they share.
        part: "test" or "valid".
        threads: None = all processors; never changes a result.
        seed: of the resampling.
        options: all others of `truenext compare --help`, with _ for -: all_pairs=True, margin="0.005", ...
    """
    request: dict[str, object] = {
        "metrics": ",".join(metrics) if metrics is not None else None,
        "part": part,
        "threads": threads,
        "seed": seed,
    }
    if isinstance(sides, Mapping):
        request["side"] = [f"{name}={','.join(_paths(runs))}" for name, runs in sides.items()]
    else:
        request["runs"] = _paths(list(sides))
    return Comparison(finished(run_verb("compare", {**request, **options})))


def calibrate(
    run: PathLike,
    *,
    data: PathLike | None = None,
    threads: int | None = None,
    callbacks: Iterable[Callback] = (),
    **options: object,
) -> dict[str, Any]:
    """Turns scores into probabilities: fits on validation, checks on test, stores in the model file, as
    `truenext calibrate` does. Models that are open already are as they were; load them again.

    Args:
        run: a run (`Run`), run folder or model file.
        data: dataset folder; None = that of the run.
        threads: None = all processors.
        callbacks: hear the progress and may stop, which raises Interrupted and changes nothing.
        options: all others of `truenext calibrate --help`, with _ for -: probability="isotonic", remove=True, ...

    Returns:
        The report (docs/calibration.md); empty after remove=True.
    """
    request = {
        "model": os.fspath(run),
        "data": os.fspath(data) if data is not None else None,
        "threads": threads,
        **options,
    }
    return finished(run_verb("calibrate", request, callbacks))
