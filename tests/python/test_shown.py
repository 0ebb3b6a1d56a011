# SPDX-License-Identifier: Apache-2.0
"""Tables, curves and what notebooks show."""

import io
import pathlib
import sys
import types
import xml.dom.minidom

import numpy as np
import pytest

import truenext
from truenext import _columns, _html, table


def test_judged_users_are_a_table(run):
    result = run.evaluate(metrics=["ndcg@10", "mrr"], per_user=True)
    users = result.per_user
    assert users.columns == ("user", "ndcg@10", "mrr", "ranks") and len(users) == 60
    assert np.isclose(users["mrr"].mean(), result["mrr"].mean)
    assert [1 / ranks[0] for ranks in users["ranks"]] == users["mrr"].tolist()
    assert run.evaluate(metrics=["mrr"]).per_user is None
    rows = [row for row in result.table if row["model"] == "model"]
    assert [(row["metric"], row["mean"]) for row in rows] == [(name, value.mean) for name, value in result.metrics.items()]


def test_lists_of_other_systems_are_judged(data, folder):
    lists = folder / "lists.tsv"
    best = data.item_ids[0]
    lists.write_text("".join(f"{user}\t{best}\n" for user in data.user_ids), encoding="utf-8")
    result = truenext.evaluate(lists=str(lists), data=data, metrics=["hr@1"])
    expected = [history[-1] == best for history in data.histories()]
    assert result["hr@1"].mean == pytest.approx(np.mean(expected))
    with pytest.raises(truenext.UsageError, match="what to judge"):
        truenext.evaluate(data=data)


def test_the_file_of_users_can_be_kept(run, folder):
    kept = folder / "users.tsv"
    result = run.evaluate(metrics=["mrr"], per_user=kept)
    assert len(kept.read_text(encoding="utf-8").splitlines()) == len(result.per_user) + 1


def test_escaped_ids_of_users(folder):
    from truenext._per_user import read_per_user

    path = pathlib.Path(folder) / "escaped.tsv"
    path.write_bytes(b"user\tmrr\trank\na\\tb\\\\n\t0.5\t2,-\n")
    read = read_per_user(path)
    assert read["user"].tolist() == ["a\tb\\n"] and read["ranks"].tolist() == [(2, None)]


def test_tables_go_into_frames(run):
    history = run.history_table()
    assert {"epoch", "loss", "valid ndcg@10"} <= set(history.columns) and len(history) == len(run.history)
    assert history.head(1).columns == history.columns and len(history.head(1)) == 1
    with pytest.raises(KeyError, match="there are epoch"):
        history["nothing"]
    for kind in ("pandas", "polars", "pyarrow"):
        pytest.importorskip(kind)
        assert len(history.to_kind(kind)) == len(history)
    assert history.to_kind(None) is history


def test_kinds_of_columns():
    made = table.table_of([{"a": 1, "b": 1.5, "c": True, "d": "x"}, {"a": 2, "b": 2, "c": False}])
    assert [made[name].dtype for name in "abcd"] == [np.int64, np.float64, np.bool_, object]
    assert made["d"].tolist() == ["x", None]


def test_the_curve_is_a_drawing_of_the_validation(run):
    svg = run.curve()
    drawn = xml.dom.minidom.parseString(svg).documentElement
    assert drawn.tagName == "svg" and "ndcg@10" in svg and "http://www.w3.org/2000/svg" in svg
    assert "<script" not in svg and svg.count("http") == 1


def test_everything_is_escaped():
    hostile = "<script>alert('&')</script>"
    for page in (_html.table_html([hostile], [[hostile]]), _html.facts_html(hostile, [(hostile, hostile)])):
        assert "<script" not in page and "&lt;script&gt;" in page


def test_all_results_show_themselves(data, run, model):
    lists = model.recommend_users(data, k=2)
    run.evaluate(metrics=["mrr"])
    row = {"a": "x", "b": "<y>", "metric": "mrr", "difference": 0.25, "p": 0.5, "verdict": "no difference shown"}
    comparison = truenext.Comparison({"comparisons": [row]})
    for thing, said in (
        (data, "leave-last"), (run, "<svg"), (model, "sasrec"), (lists, "u1"), (run.evaluate(metrics=["mrr"]), "popularity"),
        (comparison, "&lt;y&gt;"), (data.events(), "10 of 540 rows"),
    ):  # fmt: skip
        page = thing._repr_html_()
        assert said in page and "<script" not in page, type(thing)
    assert comparison.table["metric"].tolist() == ["mrr"]


class Handle:
    def __init__(self):
        self.pages = []

    def update(self, page):
        self.pages.append(page)


def test_progress_in_a_notebook_is_one_output(monkeypatch, data, folder):
    handle, shown = Handle(), []

    def display(page, display_id):
        shown.append(page)
        return handle

    notebook = types.ModuleType("IPython")
    shell = type("ZMQInteractiveShell", (), {})()
    notebook.get_ipython = lambda: shell
    notebook.display = types.ModuleType("IPython.display")
    notebook.display.HTML, notebook.display.display = str, display
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", notebook.display)
    small = {"model.hidden_size": 8, "train.epochs": 3, "objective.negatives": 5}
    truenext.fit(data, run=folder / "in_notebook", set=small, threads=1, callbacks=[truenext.Progress()], overwrite=True)
    assert len(shown) == 1 and "<svg" in handle.pages[-1] and "epoch 3" in handle.pages[-1]


def test_progress_in_a_file(data, folder):
    file = io.StringIO()
    small = {"model.hidden_size": 8, "train.epochs": 2, "objective.negatives": 5}
    progress = [truenext.Progress(file)]
    truenext.fit(data, run=folder / "in_file", set=small, threads=1, callbacks=progress, overwrite=True)
    lines = file.getvalue().splitlines()
    assert [line.split()[:2] for line in lines] == [["epoch", "1"], ["epoch", "1"], ["epoch", "2"], ["epoch", "2"]]


def test_versions_are_printed(capsys):
    truenext.show_versions()
    said = capsys.readouterr().out
    assert truenext.__version__ in said and "numpy" in said and "processors" in said


@pytest.mark.parametrize("unit", ["D", "s", "ms", "us", "ns"])
def test_columns_of_numpy_give_the_dataset_of_a_file(unit, folder):
    days = np.array(["2020-01-03", "2020-01-01", "2020-01-02"], dtype=f"datetime64[{unit}]")
    frame = {"user": np.array([1, 1, 1]), "item": np.array(["b", None, "c"], dtype=object), "time": days}
    made = truenext.Dataset.from_frame(frame, skip_bad=True, valid=0, test=0)
    assert made.histories(["1"]) == [["c", "b"]] and made.report["lines_skipped"] == 1


def test_columns_that_are_not_taken_are_named():
    good = np.array([1, 2])
    for column, said in ((np.array([1 + 2j, 2]), "complex128"), (np.array([(1,), 2], dtype=object), "tuple")):
        with pytest.raises(truenext.UsageError, match=f"column item: .*{said}"):
            truenext.Dataset.from_frame({"user": good, "item": column})
    with pytest.raises(truenext.UsageError, match="different lengths: 2, 3"):
        truenext.Dataset.from_frame({"user": good, "item": np.array([1, 2, 3])})


def test_pandas_without_pyarrow(monkeypatch, rows_frame):
    pandas = rows_frame
    expected = truenext.Dataset.from_frame(_columns.columns_of(pandas))

    def missing(self, requested_schema=None):
        raise ImportError("no pyarrow")

    monkeypatch.setattr(type(pandas), "__arrow_c_stream__", missing)
    made = truenext.Dataset.from_frame(pandas)
    assert made.fingerprint == expected.fingerprint


@pytest.fixture
def rows_frame():
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"user": [1, 1, 2, 2, 2], "item": list("abcab"), "time": [1, 2, 3, 4, 5]})
    frame["time"] = pandas.to_datetime(frame["time"], unit="s", utc=True)
    frame["user"] = frame["user"].astype("category")
    return frame
