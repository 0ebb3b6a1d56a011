# SPDX-License-Identifier: Apache-2.0
"""Datasets that are read: ids, histories, events, and the lists of their users."""

import json
import pickle

import numpy as np
import pytest

import truenext
from conftest import SETTINGS, command


def test_ids_and_histories_are_those_of_the_log(data, log):
    expected = {}
    for line in log.read_text(encoding="utf-8").splitlines()[1:]:
        user, item, _ = line.split(",")
        expected.setdefault(user, []).append(item)
    assert dict(zip(data.user_ids.tolist(), data.histories())) == expected
    assert set(data.item_ids.tolist()) == {item for items in expected.values() for item in items}
    asked = ["u7", "u3", "u7"]
    assert data.histories(asked) == [expected[user] for user in asked]
    for history, left_out in {"test": 1, "valid": 2, "train": 2}.items():
        assert data.histories(["u5"], history=history) == [expected["u5"][:-left_out]]
        assert data.history_lengths(history).tolist() == [9 - left_out] * 60


def test_events_are_a_table(data):
    events = data.events()
    assert events.columns == ("user", "item", "time") and len(events) == data.num_events
    first = next(iter(events))
    assert first == {"user": data.user_ids[0], "item": data.histories()[0][0], "time": 0}
    assert events["time"].tolist() == list(range(9)) * 60


def test_values_and_missing_times(folder):
    frame = {"user": np.array(["a", "a"]), "item": np.array([5, 6]), "rating": np.array([2.5, 4.0])}
    made = truenext.Dataset.from_frame(frame, time="", value="rating", keep_values=True)
    assert made.events().columns == ("user", "item", "value")
    assert made.events()["value"].tolist() == [2.5, 4.0]


def test_lists_for_users_are_those_of_the_command(run, data, model):
    lines = command("recommend", run.path, "--all-users", "--data", data.path, "-k", 4, "--format", "jsonl").splitlines()
    said = [json.loads(line) for line in lines]
    lists = model.recommend_users(data, k=4)
    assert [(entry["user"], entry["item"]) for entry in said] == [
        (str(user), item) for user, entries in zip(lists.keys, lists.to_list()) for item, _ in entries
    ]
    assert [np.float32(entry["score"]) for entry in said] == lists.flat_scores.tolist()


@pytest.mark.parametrize("history", ["all", "test", "valid", "train"])
def test_lists_for_users_are_those_of_their_histories(data, model, history):
    asked = ["u7", "u3", "u7"]
    lists = model.recommend_users(data, asked, k=5, history=history)
    plain = model.recommend(data.histories(asked, history=history), k=5)
    assert lists.to_list() == plain.to_list()
    assert lists.keys.tolist() == asked and plain.keys is None


def test_users_and_words_that_there_are_not(data, model):
    with pytest.raises(truenext.DataError, match="no user 'u99' .1 of 2"):
        model.recommend_users(data, ["u1", "u99"])
    with pytest.raises(truenext.UsageError, match="history='newest'"):
        model.recommend_users(data, ["u1"], history="newest")
    with pytest.raises(truenext.DataError):
        data.histories([5])


def test_items_of_another_dataset_are_matched_by_id(folder, model):
    log = folder / "other.csv"
    log.write_text("user,item,time\na,new,1\na,i3,2\na,i1,3\nb,new,1\nb,newer,2\n", encoding="utf-8")
    other = truenext.Dataset.prepare(log, folder / "other", valid=0, test=0)
    lists = model.recommend_users(other, k=3)
    assert lists.unknown.tolist() == [1, 2]
    assert lists.to_list()[0] == model.recommend([["i3", "i1"]], k=3).to_list()[0]
    assert lists.to_list()[1] == []


def test_frames_of_lists_for_users(data, model):
    lists = model.recommend_users(data, ["u4", "u2"], k=2)
    rows = [
        (user, rank + 1, item, score)
        for user, entries in zip(["u4", "u2"], lists.to_list())
        for rank, (item, score) in enumerate(entries)
    ]
    pytest.importorskip("pandas")
    assert list(lists.to_pandas().itertuples(index=False, name=None)) == rows
    polars = pytest.importorskip("polars")
    assert lists.to_polars().rows() == rows
    pytest.importorskip("pyarrow")
    assert lists.to_arrow().column_names == ["user", "rank", "item", "score"]
    assert polars.DataFrame(lists).rows() == rows


def test_a_dataset_that_was_read_still_pickles(data):
    data.histories(["u1"])
    again = pickle.loads(pickle.dumps(data))
    assert again.histories(["u1"]) == data.histories(["u1"])


def test_a_model_of_windows_and_users(folder, log):
    windows = truenext.Dataset.prepare(log, folder / "windows", split="windows", window_length=5)
    run = truenext.fit(windows, run=folder / "of_windows", set={**SETTINGS, "train.epochs": 1}, threads=1)
    lists = run.model.recommend_users(windows, k=2)
    assert len(lists) == windows.num_users
    assert lists.to_list() == run.model.recommend(windows.histories(), k=2).to_list()
