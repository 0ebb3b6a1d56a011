# SPDX-License-Identifier: Apache-2.0
"""Training, and the runs that come of it."""

from __future__ import annotations

import json
import logging
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from ._chart import chart
from ._html import facts_html
from ._work import Callback, finished, run_verb
from .errors import DataError, UsageError
from .evaluation import Evaluation, PathLike, calibrate, evaluate
from .model import Model
from .table import Table, table_of

logger = logging.getLogger("truenext")
# What a run that is resumed may change; its configuration is its own.
_OF_RESUMED = ("train.epochs", "train.patience", "train.checkpoint_steps")


def _setting(key: str, value: object) -> str:
    """As --set takes it: text as it is, everything else as TOML has it."""
    return f"{key}={value if isinstance(value, str) else json.dumps(value)}"


def _written(config: str) -> dict[str, str]:
    """Keys of a config.toml as it is written, one to a line, with the text of their values."""
    section, values = "", {}
    for line in config.splitlines():
        if line.startswith("["):
            section = line.strip("[]") + "."
        elif " = " in line:
            key, value = line.split(" = ", 1)
            values[section + key] = value.strip("'\"")
    return values


def _same(there: str, value: object) -> bool:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(there) == float(value)
        except ValueError:
            return False
    plain = value if isinstance(value, str) else json.dumps(value)
    return there.replace(" ", "") == plain.replace(" ", "")


def _began_as(record: str, preset: object) -> bool:
    """Whether the preset that a run keeps on record, "csrec-m of sasrec-cce" or "auto: sasrec-shop (...)" perhaps, is the
    answer to the one that was asked for."""
    return record == preset or record.startswith((f"{preset} of ", f"{preset}: ", f"{preset} compat-"))


def _check_resumed(folder: str, wanted: Mapping[str, object]) -> None:
    """UsageError when a run began otherwise than the call that is to continue it says."""
    began = _written((pathlib.Path(folder) / "config.toml").read_text(encoding="utf-8"))
    for key, value in wanted.items():
        if value is None or key in _OF_RESUMED or key not in began or _same(began[key], value):
            continue
        if key == "preset" and _began_as(began[key], value):
            continue
        raise UsageError(
            f"{folder}: began with {key} = {began[key]}, and fit(..., resume=True) asks for {value}; a run keeps its "
            "configuration. Give the setting it began with, another run, or overwrite=True in the place of resume=True"
        )


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Without mappings inside."""
    flat: dict[str, Any] = {}
    for name, value in entry.items():
        if isinstance(value, Mapping):
            flat.update({f"{name} {inner}": number for inner, number in value.items()})
        else:
            flat[name] = value
    return flat


class Run:
    """A folder with everything that a training is: configuration, model, log, checkpoint, results.

    Attributes:
        path: of the folder.
        result: what the training said at its end: epochs, steps, stopped_by, best_epoch, valid, seconds, ...; None of
            a run that was opened or stopped.
        stopped: whether a callback stopped it.
    """

    def __init__(self, path: PathLike, result: Mapping[str, Any] | None = None, stopped: bool = False) -> None:
        """A run that is there. DataError when the folder holds none."""
        self.path = os.fspath(path)
        self.result = result
        self.stopped = stopped
        folder = pathlib.Path(self.path)
        if not (folder / "config.toml").is_file() and not (folder / "model.safetensors").is_file():
            raise DataError(f"{self.path}: not a run folder, it has neither config.toml nor model.safetensors")

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<truenext.Run {self.path}>"

    def _repr_html_(self) -> str:
        history = self.history
        judged = [entry for entry in history if "valid" in entry]
        best = judged[-1] if judged else {}
        facts = [
            ("folder", self.path),
            ("epochs", max((entry["epoch"] for entry in history), default=0)),
            ("best validation", best.get("best")),
            ("of epoch", best.get("best_epoch")),
        ]
        return facts_html("truenext.Run", facts) + self.curve()

    def curve(self) -> str:
        """The validation metrics by epoch, an SVG document; "" before the first judged epoch."""
        judged = [entry for entry in self.history if "valid" in entry]
        names = dict.fromkeys(name for entry in judged for name in entry["valid"])
        lines = {
            name: [(entry["epoch"], entry["valid"][name]) for entry in judged if name in entry["valid"]]
            for name in names
        }
        return chart("validation", "epoch", "", lines) if lines else ""

    @property
    def config(self) -> str:
        """The resolved configuration, TOML."""
        return (pathlib.Path(self.path) / "config.toml").read_text(encoding="utf-8")

    @property
    def model(self) -> Model:
        """The model of the best epoch so far, opened anew each time. DataError before the first judged epoch."""
        return Model.load(self.path)

    def history_table(self) -> Table:
        """`history` as a table: a row for each entry, a column for each number, with "valid ndcg@10" and the like; None
        where an entry has none."""
        return table_of([_flat(entry) for entry in self.history])

    @property
    def history(self) -> list[dict[str, Any]]:
        """What was measured, oldest first: an entry for each epoch (epoch, step, loss, learning_rate, seconds,
        positions_per_second), each validation (valid, best, best_epoch; with train.average also weights and by_weights;
        with train.valid_sample also valid_sample and valid_confirmed) and each watched part."""
        log = pathlib.Path(self.path) / "metrics.jsonl"
        if not log.is_file():
            return []
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    def evaluate(self, **options: Any) -> Evaluation:
        """`truenext.evaluate` of this run."""
        return evaluate(self.path, **options)

    def calibrate(self, **options: Any) -> dict[str, Any]:
        """`truenext.calibrate` of this run."""
        return calibrate(self.path, **options)


def _request(
    data: PathLike | None, preset: str | None, settings: Mapping[str, object], run: str, options: Mapping[str, object]
) -> dict[str, object]:
    return {
        "run": run,
        "data": os.fspath(data) if data is not None else None,
        "preset": preset,
        "set": [_setting(key, value) for key, value in settings.items()],
        **options,
    }


def fit(
    data: PathLike | None = None,
    *,
    run: PathLike,
    preset: str | None = None,
    set: Mapping[str, object] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Iterable[Callback] = (),
    threads: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    **options: object,
) -> Run:
    """Trains a model as `truenext train` does: same data, options and seed give the same bytes.

    Args:
        data: the dataset (`Dataset`) or its folder.
        run: the folder for everything that the run is.
        preset: a published configuration (`truenext train --presets` lists them), "auto" = what the dataset calls for
            (docs/choosing.md); None = the defaults.
        set: settings on top, e.g. {"train.epochs": 20, "model.hidden_size": 64} (docs/options.md).
        resume: continue the run that is in the folder, to the same bits, or begin it where there is none, so that the
            same line can be run again. A run that is there keeps its own configuration: of `set` train.epochs,
            train.patience and train.checkpoint_steps may be others than it began with.
        overwrite: replace the run that is in the folder.
        callbacks: hear what happens (`Event`), in this thread. One that returns True or truenext.STOP ends the training
            after the present step, saved; what one raises goes on to the caller once the run is saved.
        threads: None = all processors; never changes a result.
        seed: of everything random; None = 42.
        device: "cpu" (None), or "cuda", "cuda:N", "aten-cpu" by the plug-in that `python -m truenext.build_device`
            built; a run that is resumed may get another one (docs/devices.md).
        options: all others of `truenext train --help`, with _ for -: config="FILE", init_from="runs/old", ...

    Returns:
        The run; `Run.stopped` says whether a callback stopped it.

    Raises:
        UsageError: an unknown preset, option or setting, a run that is in the folder already, or one to be resumed
            that began with other settings.
        DataError: data that cannot be read.
        KeyboardInterrupt: Ctrl-C, once the run is saved; fit(..., resume=True) continues. A second one does not wait.
    """
    if resume and overwrite:
        raise UsageError("fit: resume continues the run that overwrite would replace; leave one of the two out")
    folder = os.fspath(run)
    settings = dict(set or {})
    more: dict[str, object] = {"threads": threads, "device": device}
    if resume and (pathlib.Path(folder) / "config.toml").is_file():
        _check_resumed(folder, {**settings, "preset": preset, "train.seed": seed})
        request = _request(data, None, {key: settings[key] for key in _OF_RESUMED if key in settings}, folder, more)
        request["resume"] = request.pop("run")
        logger.info("%s: continues with its own configuration", folder)
    else:
        request = _request(data, preset, settings, folder, {**more, **options, "seed": seed, "overwrite": overwrite})
    outcome = run_verb("train", request, callbacks)
    if outcome.result is None:
        logger.warning("%s", outcome.message)
    return Run(folder, outcome.result, stopped=outcome.result is None)


def convert(file: PathLike, out: PathLike, *, format: str, data: PathLike | None = None, **options: object) -> Run:
    """Turns a checkpoint of another project into a run, as `truenext import` does. Executes nothing of the file.

    Args:
        file: .pt of PyTorch, or safetensors.
        out: the run folder to make.
        format: what kind of checkpoint, e.g. "gsasrec-pytorch" (`truenext import --help` lists them).
        data: prepared dataset whose item ids are the checkpoint's item numbers.
        options: all others of `truenext import --help`, with _ for -: heads=2, overwrite=True, ...
    """
    request = {
        "file": os.fspath(file),
        "out": os.fspath(out),
        "format": format,
        "data": os.fspath(data) if data is not None else None,
        **options,
    }
    return Run(out, finished(run_verb("import", request)))


def export(run: PathLike, out: PathLike, *, names: str | None = None) -> dict[str, Any]:
    """Writes a model's weights as safetensors for another program, as `truenext export` does.

    Args:
        run: a run (`Run`), run folder or model file.
        out: file to write; one that is there is replaced.
        names: tensor names and shapes of which project; None = truenext's own.

    Returns:
        What was written: file, names, tensors, rows_by_number, id_map, differences, left_out.
    """
    return finished(run_verb("export", {"run": os.fspath(run), "out": os.fspath(out), "names": names}))
