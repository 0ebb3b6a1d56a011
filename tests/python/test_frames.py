# SPDX-License-Identifier: Apache-2.0
"""Datasets from frames: the same as from a file of the same rows, whoever made the frame."""

import csv
import gc
import html
import os

import pytest

import truenext


def frame_of(producer: str, rows: dict) -> object:
    module = pytest.importorskip(producer)
    if producer == "pyarrow":
        return module.table(rows)
    if producer == "pandas":
        pytest.importorskip("pyarrow")
    return module.DataFrame(rows)


@pytest.fixture(scope="session")
def rows(log) -> dict:
    with open(log, encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    return {"user": [x["user"] for x in lines], "item": [x["item"] for x in lines], "time": [int(x["time"]) for x in lines]}


@pytest.mark.parametrize("producer", ["pandas", "polars", "pyarrow"])
def test_a_frame_gives_the_dataset_of_its_rows_as_a_file(producer, rows, data, folder):
    made = truenext.Dataset.from_frame(frame_of(producer, rows), folder / producer)
    assert (made.fingerprint, made.split_fingerprint) == (data.fingerprint, data.split_fingerprint)
    for name in ("items.bin", "items.ids", "users.ids", "offsets.bin", "splits.bin"):
        assert (folder / producer / name).read_bytes() == (folder / "data" / name).read_bytes(), name
    assert made.report["events_read"] == len(rows["user"])


@pytest.mark.parametrize("producer", ["pandas", "polars", "pyarrow"])
def test_names_and_options_are_those_of_prepare(producer, rows):
    renamed = {"who": rows["user"], "what": rows["item"], "note": rows["item"]}
    frame = frame_of(producer, renamed)
    made = truenext.Dataset.from_frame(frame, user="who", item="what", time="", test=2)
    assert made.num_events == len(rows["user"])
    assert "2 test" in made.split
    path = made.path
    assert os.path.isdir(path)
    del made
    gc.collect()
    assert not os.path.exists(os.path.dirname(path))


def test_titles_by_id_and_from_a_file(rows, folder):
    frame = frame_of("pyarrow", rows)
    titles = {item: f'Title, "{item}"\u00e9' for item in rows["item"]} | {"nobody": "x"}
    file = folder / "titles.csv"
    file.write_text("item,title\ni1,One\n", encoding="utf-8")
    small = {"model.hidden_size": 8, "train.epochs": 1, "objective.negatives": 5}
    for given, expected in ((titles, 'Title, "i1"\u00e9'), (file, "One")):
        data = truenext.Dataset.from_frame(frame, titles=given)
        run = truenext.fit(data, run=folder / "titled", set=small, threads=1, overwrite=True)
        model = run.model
        assert model.titles[model.item_ids.tolist().index("i1")] == expected
        lists = model.recommend([["i2"]], allow=["i1"])
        assert html.escape(expected) in lists._repr_html_()


def test_a_model_is_trained_on_a_frame(rows, folder):
    data = truenext.Dataset.from_frame(frame_of("pyarrow", rows))
    small = {"model.hidden_size": 8, "train.epochs": 1, "objective.negatives": 5}
    run = truenext.fit(data, run=folder / "of_frame", set=small, threads=1)
    assert len(run.model.recommend([["i1", "i2"]], k=3).to_list()[0]) == 3


def test_what_cannot_be_read_is_said(rows, folder):
    with pytest.raises(truenext.UsageError, match="list: not a frame"):
        truenext.Dataset.from_frame([1, 2])
    pyarrow = pytest.importorskip("pyarrow")
    before = set(os.listdir(folder))
    with pytest.raises(truenext.DataError, match="nobody"):
        truenext.Dataset.from_frame(pyarrow.table(rows), folder / "bad", user="nobody")
    missing = pyarrow.table({**rows, "user": [None, *rows["user"][1:]]})
    with pytest.raises(truenext.DataError, match="row 1"):
        truenext.Dataset.from_frame(missing, folder / "bad")
    nested = pyarrow.table({**rows, "item": [[1]] * len(rows["user"])})
    with pytest.raises(truenext.DataError, match="item"):
        truenext.Dataset.from_frame(nested, folder / "bad")
    with pytest.raises(truenext.UsageError, match="separator"):
        truenext.Dataset.from_frame(pyarrow.table(rows), folder / "bad", separator=",")
    assert set(os.listdir(folder)) == before
