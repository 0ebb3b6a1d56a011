# SPDX-License-Identifier: Apache-2.0
"""Lists, states and tables of a model."""

import gc
import json
import os
import pickle
import threading

import numpy as np
import pytest

import truenext
from conftest import SETTINGS, command, command_json

HISTORIES = [["i1", "i2", "i3"], ["i7"], ["nobody"], ["i4", "nobody", "i4"], []]


def test_lists_are_those_of_the_command_bit_for_bit(run, model):
    lists = model.recommend(HISTORIES, k=6)
    for number, history in enumerate(HISTORIES):
        if not any(item.startswith("i") for item in history):
            assert lists[number] == []
            continue
        said = command_json("recommend", run.path, "--history", ",".join(history), "-k", 6)
        assert [item for item, _ in lists[number]] == [entry["item"] for entry in said["items"]]
        assert [score for _, score in lists[number]] == [float(np.float32(entry["score"])) for entry in said["items"]]
    assert lists.unknown.tolist() == [0, 0, 1, 1, 0]


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
def test_threads_change_nothing(model, threads):
    many = [[f"i{number % 30}", f"i{number * 7 % 30}"] for number in range(500)]
    expected = model.recommend(many, k=5, threads=1)
    lists = model.recommend(many, k=5, threads=threads)
    assert lists.item_numbers.tobytes() == expected.item_numbers.tobytes()
    assert lists.flat_scores.tobytes() == expected.flat_scores.tobytes()


def test_filters_and_seen_items(model):
    def items(**options):
        return [item for item, _ in model.recommend([["i1"]], k=30, **options)[0]]

    everything = items(exclude_seen=False)
    assert len(everything) == 30 and "i1" in everything
    assert items() == [item for item in everything if item != "i1"]
    assert items(allow=["i1", "i2", "i3"], candidates=["i3", "i2", "x"], exclude=["i2"]) == ["i3"]
    assert items(allow=[]) == []


def test_rectangles_are_filled(model):
    lists = model.recommend([["i1"], ["nobody"], ["i2"]], k=3)
    assert lists.items.shape == lists.scores.shape == (3, 3)
    assert lists.items[1].tolist() == [None] * 3 and np.isnan(lists.scores[1]).all()
    assert lists.items[0].tolist() == [item for item, _ in lists[0]]
    assert lists.scores.dtype == np.float32
    assert lists.to_list() == [lists[number] for number in range(3)] == list(lists)
    with pytest.raises(IndexError):
        lists[3]
    assert lists[-1] == lists[2]
    assert model.recommend([], k=3).items.shape == (0, 0)


def test_ids_are_texts_numbers_or_bytes(model):
    by_text = model.recommend([["i1"]]).to_list()
    assert model.recommend([[b"i1"]]).to_list() == by_text
    assert model.recommend([[1]]).unknown.tolist() == [1]
    for wrong in [["i1"], [[1.5]], [[None]], [[True]]]:
        with pytest.raises(TypeError):
            model.recommend(wrong)
    with pytest.raises(TypeError, match="single id"):
        model.recommend([["i1"]], allow="i1")


def test_ids_of_all_kinds_become_the_same_bytes():
    """Texts are encoded together where that is possible: the same as one by one."""
    from truenext import _library

    def given(rows):
        texts = _library.Texts(rows)
        text_at, row_at = texts._text_offsets.tolist(), texts._row_offsets.tolist()
        ids = [texts._bytes[begin:end] for begin, end in zip(text_at[:-1], text_at[1:])]
        return [ids[begin:end] for begin, end in zip(row_at[:-1], row_at[1:])]

    for rows in (
        [],
        [[]],
        [["a"]],
        [[""], ["", "bc", ""]],
        [["a", "b\n"], ["\n", "c"]],
        [["ä", "漢字"], [], ["x"]],
        [["\udc80", "\udcff"]],
        [[1, 22], (333,)],
        [[0, -5, 2**70]],
        [["a", 1, b"\xff\n", np.int64(7), np.str_("u")]],
        [[np.int64(1), np.int32(2)]],
    ):
        assert given(rows) == [[_library.encoded_id(item) for item in row] for row in rows], rows
    for wrong in ([[True, 1]], [["a", None]], [[1.0]]):
        with pytest.raises(TypeError, match="an item id is a str"):
            _library.Texts(wrong)


def test_similar_items(run, model):
    lines = command("similar", run.path, "--item", "i3", "-k", 4, "--format", "jsonl").splitlines()
    said = [json.loads(line) for line in lines]
    lists = model.similar(["i3", "i4"], k=4)
    assert len(lists) == 2
    assert [item for item, _ in lists[0]] == [entry["similar"] for entry in said]
    assert [score for _, score in lists[0]] == [float(np.float32(entry["score"])) for entry in said]
    with pytest.raises(truenext.DataError, match="no \"stranger\""):
        model.similar(["stranger"])


def test_a_score_is_state_times_row(model):
    states = model.encode([["i1", "i2"], ["i5"]])
    assert states.shape == (2, model.dim) and states.dtype == np.float32
    lists = model.recommend([["i1", "i2"], ["i5"]], k=5)
    for number in range(2):
        rows = model.item_table[lists.item_numbers[lists.offsets[number] : lists.offsets[number + 1]]]
        scores = lists.flat_scores[lists.offsets[number] : lists.offsets[number + 1]]
        assert np.allclose(rows @ states[number], scores, rtol=1e-5, atol=1e-6)
    with pytest.raises(truenext.DataError, match="row 1"):
        model.encode([["i1"], ["nobody"]])


@pytest.mark.parametrize(
    ("settings", "similarity"),
    [
        ({"model.output_bias": True}, "product"),
        ({"model.similarity": "cosine", "model.temperature": 0.1}, "cosine"),
        ({"model.similarity": "cosine", "model.learned_temperature": True, "model.tie_embeddings": True}, "cosine"),
    ],
)
def test_whatever_a_score_is_it_is_state_times_row(folder, data, settings, similarity):
    name = "-".join(settings).replace(".", "-")
    model = truenext.fit(data, run=folder / name, set={**SETTINGS, **settings, "train.epochs": 1}, threads=1).model
    assert model.info["similarity"] == similarity
    history = [["i1", "i2"]]
    scores = model.item_table @ model.encode(history)[0]
    lists = model.recommend(history, k=30, exclude_seen=False)
    assert np.allclose(scores[lists.item_numbers], lists.flat_scores, rtol=1e-4, atol=1e-5)
    assert sorted(lists.item_numbers) == list(range(30)) and np.all(np.diff(lists.flat_scores) <= 0)
    lengths = np.linalg.norm(model.item_table[:, : model.info["vector_dim"]], axis=1)
    assert np.allclose(lengths, 1, atol=1e-6) == (similarity == "cosine")


def test_the_table_is_a_view_that_keeps_the_model(run):
    table = truenext.Model.load(run.path).item_table
    gc.collect()
    assert table.shape == (30, 8) and not table.flags.writeable and table.flags.c_contiguous
    assert np.array_equal(table, run.model.item_table)
    with pytest.raises(ValueError):
        table[0, 0] = 1


def test_probabilities(folder, data, run):
    assert run.model.info["calibration"] is None
    with pytest.raises(truenext.UsageError, match="not calibrated"):
        run.model.recommend([["i1"]], probabilities=True)
    export = truenext.fit(data, run=folder / "calibrated", set={**SETTINGS, "train.epochs": 2}, threads=1)
    report = export.calibrate(threads=1)
    assert report["loss"]
    lists = export.model.recommend([["i1"]], k=30, probabilities=True)
    assert abs(float(lists.flat_probabilities.sum()) - 1) < 1e-9
    said = command_json("recommend", export.path, "--history", "i1", "-k", 30, "--probabilities")
    assert lists.flat_probabilities.tolist() == [entry["probability"] for entry in said["items"]]


def test_errors_by_class(folder, model):
    with pytest.raises(truenext.DataError, match="nothing here"):
        truenext.Model.load(folder / "nothing here")
    with pytest.raises(ValueError, match="k 0"):
        model.recommend([["i1"]], k=0)
    with pytest.raises(truenext.UsageError, match="threads -1"):
        model.recommend([["i1"]], threads=-1)
    with pytest.raises(truenext.UsageError, match="threads="):
        model.recommend([["i1"]], threads=2**40)
    with pytest.raises(truenext.DataError, match="allow: none of its 2 ids"):
        model.recommend([["i1"]], allow=["x", "y"])
    assert issubclass(truenext.InternalError, RuntimeError) and issubclass(truenext.DataError, truenext.Error)


def test_pickles_by_path_and_version(folder, data, model):
    again = pickle.loads(pickle.dumps(model))
    assert again.recommend([["i1"]]).to_list() == model.recommend([["i1"]]).to_list()
    other = truenext.fit(data, run=folder / "pickled", set={**SETTINGS, "train.epochs": 1}, threads=1)
    kept = pickle.dumps(other.model)
    truenext.fit(
        data, run=other, set={**SETTINGS, "train.epochs": 1}, threads=1, seed=8, overwrite=True
    )
    with pytest.raises(truenext.DataError, match="holds another model"):
        pickle.loads(kept)
    assert pickle.loads(pickle.dumps(data)).fingerprint == data.fingerprint


def test_eight_threads_at_once(model):
    many = [[f"i{number % 30}"] for number in range(200)]
    expected = model.recommend(many, k=5).to_list()
    wrong = []

    def ask():
        for _ in range(10):
            if model.recommend(many, k=5, threads=1).to_list() != expected:
                wrong.append(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_forked_child_is_refused(model):
    model.recommend([["i1"]], threads=2)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            model.recommend([["i1"]])
            os.write(writing, b"answered")
        except truenext.UsageError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    assert b"before a fork" in os.read(reading, 1000)
    os.close(reading)


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_memory_stays_flat(run):
    """TRUENEXT_CYCLES: how often a model is opened, asked and closed."""

    def cycles(count):
        for _ in range(count):
            truenext.Model.load(run.path).recommend([["i1", "i2"]], k=3, threads=2).to_list()
        gc.collect()

    count = int(os.environ.get("TRUENEXT_CYCLES", "2000"))
    cycles(count // 4)
    before = resident_bytes()
    cycles(count)
    assert resident_bytes() - before < 2_000_000
