# SPDX-License-Identifier: Apache-2.0
"""The recommender of frames."""

import copy
import pickle

import numpy as np
import pytest

import truenext

SMALL = {"model__hidden_size": 8, "model__max_length": 8, "train__epochs": 2, "train__batch_size": 16, "threads": 1}


def columns(users: int = 40, whole: bool = True) -> dict:
    rows = [(user, (user * 7 + event * (1 + user % 3)) % 30, event) for user in range(users) for event in range(6)]
    users_column, items, times = (np.array(column) for column in zip(*rows))
    if not whole:
        users_column, items = np.char.add("u", users_column.astype(str)), np.char.add("i", items.astype(str))
    return {"user_id": users_column, "item_id": items, "datetime": times}


@pytest.fixture(scope="module")
def recommender() -> truenext.Recommender:
    return truenext.Recommender("sasrec-cce", **SMALL).fit(columns())


def test_lists_are_those_of_the_model_for_all_events(recommender):
    table = recommender.recommend([3, 5], recommender.dataset_, k=4)
    frame = table.to_dict() if isinstance(table, truenext.Table) else {name: np.asarray(table[name]) for name in table}
    lists = recommender.model_.recommend(recommender.dataset_.histories([3, 5]), k=4, exclude_seen=True)
    assert frame["item_id"].tolist() == [int(item) for item in lists.items.ravel()]
    assert frame["user_id"].tolist() == [3] * 4 + [5] * 4
    assert frame["rank"].tolist() == [1, 2, 3, 4] * 2
    assert frame["score"].tolist() == lists.flat_scores.tolist()


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("whole", [True, False])
def test_frames_come_back_in_their_kind(kind, whole):
    module = pytest.importorskip(kind)
    if kind == "pandas":
        pytest.importorskip("pyarrow")
    given = module.table(columns(whole=whole)) if kind == "pyarrow" else module.DataFrame(columns(whole=whole))
    made = truenext.Recommender("sasrec-cce", **SMALL).fit(given)
    for users in (None, [1, 2] if whole else ["u1", "u2"]):
        frame = made.recommend(users, k=2)
        assert type(frame).__module__.split(".")[0] == kind
        names = frame.column_names if kind == "pyarrow" else list(frame.columns)
        assert names == ["user_id", "item_id", "score", "rank"]
        first = frame["item_id"].to_pylist() if kind == "pyarrow" else list(frame["item_id"])
        assert all(isinstance(item, (int, np.integer)) == whole for item in first)
    near = made.recommend_to_items([3] if whole else ["i3"], k=2)
    assert "target_item_id" in (near.column_names if kind == "pyarrow" else list(near.columns))


def test_parameters_are_those_of_scikit_learn(recommender):
    parameters = recommender.get_params()
    assert parameters["preset"] == "sasrec-cce" and parameters["train__epochs"] == 2
    assert truenext.Recommender().set_params(**parameters).get_params() == parameters
    with pytest.raises(truenext.UsageError, match="epochs: no such parameter"):
        recommender.set_params(epochs=3)
    with pytest.raises(truenext.UsageError, match="N: no such argument; here it is k"):
        recommender.recommend([1], N=5)
    with pytest.raises(truenext.UsageError, match="call fit"):
        truenext.Recommender().recommend([1])
    base = pytest.importorskip("sklearn.base")
    cloned = base.clone(recommender)
    assert cloned.get_params() == parameters and not hasattr(cloned, "model_")


def test_filters_and_unknown_users(recommender):
    viewed = set(recommender.dataset_.histories([3])[0])
    free = [str(item) for item in _column(recommender.recommend([3], k=30, filter_viewed=False), "item_id")]
    kept = [str(item) for item in _column(recommender.recommend([3], k=30), "item_id")]
    assert kept == [item for item in free if item not in viewed] and len(free) == 30
    assert _column(recommender.recommend([3], items_to_recommend=[kept[4]]), "item_id") == [int(kept[4])]
    with pytest.raises(truenext.DataError, match="no user 999"):
        recommender.recommend([3, 999])
    only = recommender.recommend([3, 999], k=2, on_unsupported_targets="ignore")
    assert _column(only, "user_id") == [3, 3]
    with pytest.raises(truenext.UsageError, match="on_unsupported_targets"):
        recommender.recommend([3], on_unsupported_targets="guess")


def test_new_histories_are_asked_with_a_frame(recommender):
    one = {"user_id": np.array([7, 7]), "item_id": np.array([4, 9]), "datetime": np.array([1, 2])}
    asked = _column(recommender.recommend([7], one, k=3), "item_id")
    expected = recommender.model_.recommend([["4", "9"]], k=3, exclude_seen=True)
    assert asked == [int(item) for item in expected.items[0]]


def test_pickles_bring_the_model_and_no_dataset(recommender):
    for again in (pickle.loads(pickle.dumps(recommender)), copy.deepcopy(recommender)):
        with pytest.raises(truenext.UsageError, match="brings no dataset"):
            again.recommend([1])
        asked = _column(again.recommend([1], recommender.dataset_, k=3), "item_id")
        assert asked == _column(recommender.recommend([1], k=3), "item_id")


def test_training_goes_on_where_it_stood():
    first = truenext.Recommender("sasrec-cce", **SMALL).fit(columns())
    before = first.model_.state_dict()["item_embedding.weight"].copy()
    first.set_params(train__epochs=1, train__learning_rate=0.0)
    first.fit_partial(columns(50))
    ids = first.model_.item_ids.tolist()
    assert len(ids) == 30
    after = first.model_.state_dict()["item_embedding.weight"]
    assert after.shape == before.shape and np.abs(after - before).max() == 0


def test_ids_beyond_int64_and_the_kind_for_a_dataset():
    polars = pytest.importorskip("polars")
    large = {**columns(), "user_id": columns()["user_id"].astype(np.uint64) + np.uint64(2**63)}
    made = truenext.Recommender("sasrec-cce", **SMALL).fit(polars.DataFrame(large))
    for asked in (None, [2**63 + 1]):
        frame = made.recommend(asked, made.dataset_, k=1)
        assert isinstance(frame, polars.DataFrame)
        assert 2**63 + 1 in frame["user_id"].to_list()


def test_datasets_of_rectools_are_understood():
    class Other:
        def get_raw_interactions(self):
            return columns()

    pytest.importorskip("pandas")
    frame = truenext.Recommender("sasrec-cce", **SMALL).fit(Other()).recommend([3], k=2)
    assert type(frame).__module__.startswith("pandas")


def _column(frame, name):
    column = frame[name]
    return column.to_pylist() if hasattr(column, "to_pylist") else [value for value in column]
