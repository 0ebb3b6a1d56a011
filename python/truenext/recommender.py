# SPDX-License-Identifier: Apache-2.0
"""A recommender with the habits of scikit-learn and RecTools: fit, recommend, parameters."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ._library import ItemId, ids_of
from ._work import Callback
from .dataset import Dataset
from .errors import DataError, UsageError
from .evaluation import PathLike
from .fit import Run, fit
from .lists import Lists, keys_of
from .model import Model
from .table import Table, kind_of

_OTHER_NAMES = {
    "N": "k",
    "n": "k",
    "filter_already_liked_items": "filter_viewed",
    "remove_seen": "filter_viewed",
    "recalculate_user": "nothing: histories are always read anew",
    "userids": "users",
}


class Columns:
    """Names of columns, those of RecTools, whose metrics take our frames."""

    User = "user_id"
    Item = "item_id"
    Weight = "weight"
    Datetime = "datetime"
    Rank = "rank"
    Score = "score"
    TargetUser = "target_user_id"
    TargetItem = "target_item_id"


def _refuse(strange: Mapping[str, object]) -> None:
    """UsageError for arguments that there are not, with our name of what other packages call so."""
    for name in strange:
        ours = _OTHER_NAMES.get(name)
        hint = f"; here it is {ours}" if ours else ""
        raise UsageError(f"{name}: no such argument{hint}")


def _setting(name: str) -> str:
    """train__epochs is train.epochs."""
    if "__" not in name:
        raise UsageError(
            f"{name}: no such parameter; settings are written section__key, for instance train__epochs=20 "
            "or model__hidden_size=64 (docs/options.md)"
        )
    return name.replace("__", ".", 1)


class Recommender:
    """Trains a preset and recommends, in frames of the caller's kind.

    Works with scikit-learn's `clone` and searches of parameters; its columns are RecTools' (`Columns`).

    Args:
        preset: a published configuration (`truenext train --presets`) or "auto", what the dataset calls for.
        seed: of everything random; None = 42.
        threads: None = all processors; never changes a result.
        run: the folder for the run; None = one of its own, removed with the object.
        callbacks: hear what happens in `fit` (`Progress()`, for instance).
        settings: on top of the preset, with __ for the dot: train__epochs=20, model__hidden_size=64 (docs/options.md).

    Attributes:
        run_: the `Run`, after `fit`.
        model_: the `Model` of its best epoch.
        dataset_: the `Dataset` that was trained on.
    """

    run_: Run
    model_: Model
    dataset_: Dataset | None

    def __init__(
        self,
        preset: str | None = "sasrec-ce",
        *,
        seed: int | None = None,
        threads: int | None = None,
        run: PathLike | None = None,
        callbacks: Iterable[Callback] = (),
        **settings: object,
    ) -> None:
        for name in settings:
            _setting(name)
        self.preset = preset
        self.seed = seed
        self.threads = threads
        self.run = run
        self.callbacks = callbacks
        self.settings = settings

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters, as they were given."""
        own = {name: getattr(self, name) for name in ("preset", "seed", "threads", "run", "callbacks")}
        return {**own, **self.settings}

    def set_params(self, **parameters: Any) -> Recommender:
        """Changes parameters; returns itself. UsageError for one that there is not."""
        for name, value in parameters.items():
            if name in ("preset", "seed", "threads", "run", "callbacks"):
                setattr(self, name, value)
            else:
                _setting(name)
                self.settings[name] = value
        return self

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items() if value not in (None, ()))
        return f"truenext.Recommender({given})"

    # ---- training

    def fit(self, data: object, y: object = None, **options: Any) -> Recommender:
        """Trains on a dataset.

        Args:
            data: a `Dataset`; or a frame with the columns of `Columns` (user_id, item_id and, if there is one, datetime),
                of which everybody's last event becomes the validation that picks the epoch; or a dataset of RecTools.
            y: not looked at; scikit-learn hands it over.
            options: for frames, those of `Dataset.from_frame`; for a Dataset, none.

        Returns:
            Itself.
        """
        self._train(data, None, options)
        return self

    def fit_partial(self, data: object, **options: Any) -> Recommender:
        """Trains on from the model that is there, on a dataset that may have other users and further items; trains from
        the start where there is none. Arguments as of `fit`."""
        self._train(data, self.model_ if hasattr(self, "model_") else None, options)
        return self

    def _train(self, data: object, begin: Model | None, options: Mapping[str, Any]) -> None:
        dataset, self._kind = _dataset_of(data, options)
        with tempfile.TemporaryDirectory(prefix="truenext-") as folder:
            more: dict[str, Any] = {}
            if begin is not None:
                more["init_from"] = os.path.join(folder, "begin.safetensors")
                begin.save(more["init_from"])
            self.run_ = fit(
                dataset,
                run=self._folder(),
                preset=self.preset,
                set={_setting(name): value for name, value in self.settings.items()},
                overwrite=True,
                callbacks=self.callbacks,
                threads=self.threads,
                seed=self.seed,
                **more,
            )
        self.model_ = self.run_.model
        self.dataset_ = dataset
        self._whole = dataset._whole

    def _folder(self) -> PathLike:
        if self.run is not None:
            return self.run
        if not hasattr(self, "_own"):
            self._own = tempfile.mkdtemp(prefix="truenext-")
            weakref.finalize(self, shutil.rmtree, self._own, ignore_errors=True)
        return os.path.join(self._own, "run")

    # ---- recommending

    def recommend(
        self,
        users: Iterable[ItemId] | None = None,
        dataset: object = None,
        k: int = 10,
        filter_viewed: bool = True,
        items_to_recommend: Iterable[ItemId] | None = None,
        *,
        add_rank_col: bool = True,
        on_unsupported_targets: str = "raise",
        **strange: Any,
    ) -> Any:
        """The k best items for users.

        Args:
            users: raw ids; None = all users of the dataset.
            dataset: with their histories, of which all events count: a `Dataset`, a frame, or a dataset of RecTools;
                None = what it was trained on.
            k: items for each user.
            filter_viewed: leave out the items of a user's history.
            items_to_recommend: recommend these only.
            add_rank_col: with the column rank.
            on_unsupported_targets: of users without a history that the model knows, "raise" or "ignore".

        Returns:
            A frame of the kind that was given here or to `fit` (pandas, polars, pyarrow), or what is installed of these,
            or a `Table`: columns user_id, item_id, score and rank (from 1). Ids are whole numbers where the frame had such.

        Raises:
            DataError: users that the dataset does not know, or none of whose items the model knows.
        """
        _refuse(strange)
        self._check_fitted()
        known, kind = self._data_for(dataset)
        asked = None if users is None else ids_of(users)
        if on_unsupported_targets == "ignore" and asked is not None:
            numbers = known._handle.find_users(asked).tolist()
            asked = [user for user, number in zip(asked, numbers) if number >= 0]
        elif on_unsupported_targets not in ("raise", "ignore"):
            raise UsageError(f"on_unsupported_targets={on_unsupported_targets!r}: want 'raise' or 'ignore'")
        lists = self.model_.recommend_users(
            known, asked, k, exclude_seen=filter_viewed, allow=items_to_recommend, threads=self.threads or 0
        )
        if on_unsupported_targets == "raise":
            _check_known(lists, known)
        users_column = lists.keys if lists.keys is not None else known.user_ids
        if asked is None and "user" in known._whole:
            users_column = _whole_numbers(users_column)
        return self._frame(Columns.User, users_column, lists, add_rank_col, kind)

    def recommend_to_items(
        self,
        target_items: Iterable[ItemId],
        dataset: object = None,
        k: int = 10,
        filter_itself: bool = True,
        items_to_recommend: Iterable[ItemId] | None = None,
        *,
        add_rank_col: bool = True,
        **strange: Any,
    ) -> Any:
        """The k items nearest to each of `target_items`, by the cosine of the item table.

        Args:
            target_items: raw ids.
            dataset: not looked at.
            k: items for each.
            filter_itself: as it always is: an item is not similar to itself.
            items_to_recommend: these only.
            add_rank_col: with the column rank.

        Returns:
            A frame as of `recommend`, with target_item_id in the place of user_id.
        """
        _refuse(strange)
        self._check_fitted()
        if not filter_itself:
            raise UsageError("filter_itself=False: an item itself is never among those that are similar to it")
        asked = ids_of(target_items)
        lists = self.model_.similar(asked, k, allow=items_to_recommend, threads=self.threads or 0)
        return self._frame(Columns.TargetItem, keys_of(asked), lists, add_rank_col, self._kind)

    def _frame(
        self, name: str, keys: np.ndarray[Any, Any], lists: Lists, with_rank: bool, kind: str | None
    ) -> Any:
        found = lists._columns()
        columns: dict[str, np.ndarray[Any, Any]] = {
            name: np.repeat(_plain_ids(keys), np.diff(lists.offsets)),
            Columns.Item: _whole_numbers(found["item"]) if "item" in self._whole else found["item"],
            Columns.Score: found["score"],
        }
        if with_rank:
            columns[Columns.Rank] = found["rank"].astype(np.int64)
        return Table(columns).to_kind(kind)

    def _data_for(self, dataset: object) -> tuple[Dataset, str | None]:
        if isinstance(dataset, Dataset):
            return dataset, self._kind
        if dataset is not None:
            return _dataset_of(dataset, {})
        if self.dataset_ is None:
            raise UsageError("recommend: a recommender that was pickled brings no dataset; give one")
        return self.dataset_, self._kind

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise UsageError("this recommender is not trained; call fit first")

    def __getstate__(self) -> dict[str, Any]:
        """Parameters and the model; the dataset and the run's folder stay behind."""
        state: dict[str, Any] = {"parameters": {**self.get_params(), "callbacks": ()}}
        if hasattr(self, "model_"):
            state |= {"model": self.model_.to_bytes(), "kind": self._kind, "whole": self._whole}
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state["parameters"])  # type: ignore[misc]
        if "model" in state:
            self.model_ = Model.from_bytes(state["model"])
            self.dataset_, self._kind, self._whole = None, state["kind"], state["whole"]


def _dataset_of(data: object, options: Mapping[str, Any]) -> tuple[Dataset, str | None]:
    """A dataset, and of which kind frames are to be given out."""
    if isinstance(data, Dataset):
        if options:
            raise UsageError(f"{', '.join(options)}: options of a frame; this Dataset is prepared")
        return data, kind_of(data)
    kind = kind_of(data)
    raw = getattr(data, "get_raw_interactions", None)
    if raw is not None:  # of RecTools, which keeps its frames in pandas
        data, kind = raw(), "pandas"
    names = {"user": Columns.User, "item": Columns.Item, **options}
    return Dataset.from_frame(data, **{"valid": 1, "test": 0, **names}), kind


def _check_known(lists: Lists, dataset: Dataset) -> None:
    lengths = np.diff(lists.offsets)
    if len(lengths) and not lengths.all():
        keys = lists.keys if lists.keys is not None else dataset.user_ids
        empty = np.flatnonzero(lengths == 0)
        raise DataError(
            f"users: no list for {keys[int(empty[0])]!r} ({len(empty)} of {len(lengths)} have none): the model knows none "
            "of their items, or nothing is left to recommend; on_unsupported_targets=\"ignore\" leaves them out"
        )


def _whole_numbers(ids: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """int64, or uint64 where that is too small."""
    numbers = [int(key) for key in ids.tolist()]
    return np.array(numbers, dtype=np.uint64 if max(numbers, default=0) >= 2**63 else np.int64)


def _plain_ids(ids: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Whole numbers as such when all are."""
    if ids.dtype == object and len(ids) and all(isinstance(key, (int, np.integer)) for key in ids.tolist()):
        return _whole_numbers(ids)
    return ids
