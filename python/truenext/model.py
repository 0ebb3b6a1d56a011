# SPDX-License-Identifier: Apache-2.0
"""Finished models."""

from __future__ import annotations

import ctypes
import importlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from . import _native
from ._dataset_handle import history_number
from ._handle import ModelHandle, View
from ._html import facts_html
from ._library import ItemId, Texts, check, checked_threads, ids_of, library, rows_of
from ._weights import write_file
from .dataset import Dataset
from .errors import DataError
from .lists import Lists, keys_of

_SEEN = {None: _native.TRUENEXT_SEEN_AS_TRAINED, True: _native.TRUENEXT_SEEN_EXCLUDED}


def _reopen(path: str, version: str) -> Model:
    """Of a pickle."""
    model = Model.load(path)
    if model.version != version:
        raise DataError(
            f"{path}: holds another model ({model.version}) than the one that was pickled ({version}); load it by "
            "truenext.Model.load if that is meant"
        )
    return model


class Model:
    """A finished model: histories in, ranked lists out. Several threads may ask it at once.

    Pickles as its path and version, so that other processes open the same file, and as its content when it is in memory
    only; copies share it.
    """

    def __init__(self, handle: ModelHandle) -> None:
        """Models are made by `Model.load`, `Model.from_bytes` and `Model.from_state_dict`."""
        self._handle = handle

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Opens a model file, or the model of a run folder. DataError when there is none or it is damaged."""
        return cls(ModelHandle.open(os.fspath(path)))

    @classmethod
    def from_bytes(cls, content: bytes | bytearray | memoryview) -> Model:
        """A model of the bytes of a model file, which are copied. DataError when they are none."""
        return cls(ModelHandle.read(content))

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any], like: Model) -> Model:
        """The model `like` with other weights, in memory. It is not calibrated and has no validation value, whatever
        `like` had.

        Args:
            state: an array (or tensor of torch) for every name of `like.state_dict()`, of the same shape; taken as
                float32.
            like: the model whose network, ids, titles and configuration are taken.

        Raises:
            DataError: a tensor that is missing, too much, or of another shape, by name.
        """
        return cls(ModelHandle.read(like._handle.content().with_weights(state)))

    def to_bytes(self) -> bytes:
        """The model file (docs/checkpoint-format.md)."""
        return self._handle.content().content.tobytes()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model file; one that is there is replaced when the new one is complete."""
        write_file(path, self._handle.content().content)

    def state_dict(self) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
        """The weights by name, float32 views that cannot be written to; names and shapes are those of
        docs/checkpoint-format.md."""
        content = self._handle.content()
        return {name: content.tensor(name) for name in content.weight_names()}

    def to_torch(self) -> dict[str, Any]:
        """The weights as tensors of torch, copies. ImportError without torch."""
        torch: Any = importlib.import_module("torch")
        return {name: torch.from_numpy(array.copy()) for name, array in self.state_dict().items()}

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        if not self.path:
            return Model.from_bytes, (self.to_bytes(),)
        return _reopen, (self.path, self.version)

    def __copy__(self) -> Model:
        return self

    def __deepcopy__(self, memo: object) -> Model:
        return self

    def __repr__(self) -> str:
        place = self.path or "in memory"
        return f"<truenext.Model {place}: {self.info['network']}, {self.num_items} items, width {self.dim}>"

    def _repr_html_(self) -> str:
        facts = [
            ("network", self.info["network"]),
            ("items", self.num_items),
            ("width", self.dim),
            ("newest items that it looks at", self.max_length),
            ("loss", self.info["loss"]),
            ("validation", self.info["validation"]),
            ("file", self.path or "in memory"),
        ]
        return facts_html("truenext.Model", facts)

    @property
    def info(self) -> Mapping[str, Any]:
        """What the model says of itself: network, items, dim, vector_dim, similarity, max_length, exclude_seen, loss,
        validation, calibration (None or its method), fingerprints of the data, config (TOML), path, version."""
        return self._handle.info

    @property
    def path(self) -> str:
        """Absolute path of the model file; "" of a model in memory."""
        return str(self.info["path"])

    @property
    def version(self) -> str:
        """16 hexadecimal digits that stand for the content of the file."""
        return str(self.info["version"])

    @property
    def num_items(self) -> int:
        return int(self.info["items"])

    @property
    def dim(self) -> int:
        """Numbers in a state, and columns of `item_table`."""
        return int(self.info["dim"])

    @property
    def max_length(self) -> int:
        """Newest items of a history that the model looks at."""
        return int(self.info["max_length"])

    @property
    def item_ids(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Raw ids of all items, object [num_items], in the order of the item numbers."""
        return self._handle.ids(np.arange(self.num_items))

    @property
    def titles(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Titles of all items, object [num_items]; "" where there is none."""
        return self._handle.titles(np.arange(self.num_items))

    @property
    def item_table(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The table that scores are taken with: float32 [num_items, dim], a read-only view without a copy; a score is
        the inner product of a state and a row. Of the columns the first info["vector_dim"] are an item's vector."""
        rows = ctypes.POINTER(ctypes.c_float)()
        items, dim = ctypes.c_int64(), ctypes.c_int64()
        check(
            library.truenext_item_table(
                self._handle.pointer, ctypes.byref(rows), ctypes.byref(items), ctypes.byref(dim)
            )
        )
        address = ctypes.cast(rows, ctypes.c_void_p).value or 0
        return np.asarray(View(self._handle, address, (items.value, dim.value), "<f4"))

    def recommend(
        self,
        histories: Iterable[Iterable[ItemId]],
        k: int = 10,
        *,
        exclude_seen: bool | None = None,
        allow: Iterable[ItemId] | None = None,
        exclude: Iterable[ItemId] | None = None,
        candidates: Iterable[ItemId] | None = None,
        probabilities: bool = False,
        threads: int = 0,
    ) -> Lists:
        """The k best items for each history: the lists of `truenext recommend`, bit for bit.

        Args:
            histories: a list of raw item ids for each, oldest first. Ids that the model does not know are passed over
                and counted (`Lists.unknown`); a history without a known one gets an empty list.
            k: items per list, at least 1.
            exclude_seen: whether items of the history are no answers; None = as the model was trained.
            allow: answer with these items only.
            exclude: never answer with these.
            candidates: rank these, e.g. what an earlier stage found; with allow, the items that are in both.
            probabilities: with the probability of every item; the model must be calibrated.
            threads: 0 = all processors of this process; never changes an answer.

        Raises:
            UsageError: a k below 1, probabilities of a model that is not calibrated.
            DataError: none of the ids in allow or candidates is an item of the model.
            TypeError: one history in the place of a list of them, an id that is no str, int or bytes.
        """
        filters = {"allow": allow, "exclude": exclude, "candidates": candidates}
        query, keep = self._query(k, threads, filters, exclude_seen, probabilities)
        texts = Texts(rows_of(histories))
        return self._ask(library.truenext_recommend, [ctypes.byref(texts.native)], query, [*keep, texts])

    def recommend_users(
        self,
        data: Dataset,
        users: Iterable[ItemId] | None = None,
        k: int = 10,
        *,
        history: str = "all",
        exclude_seen: bool | None = None,
        allow: Iterable[ItemId] | None = None,
        exclude: Iterable[ItemId] | None = None,
        candidates: Iterable[ItemId] | None = None,
        probabilities: bool = False,
        threads: int = 0,
    ) -> Lists:
        """The k best items for users of a dataset, whose histories need not be made: `recommend` of
        `data.histories(users, history=history)`, and with all events the lists of `truenext recommend --users`.

        Args:
            data: a dataset; its items are matched with the model's by raw id.
            users: raw ids; None = all users, in the order of `data.user_ids`.
            k: items per list, at least 1.
            history: which events are the history: "all", those before the "test" or the "valid" events, or "train".
            exclude_seen, allow, exclude, candidates, probabilities, threads: as in `recommend`.

        Returns:
            Lists with the users as `Lists.keys`; as a table they have the column user in the place of list.
        """
        filters = {"allow": allow, "exclude": exclude, "candidates": candidates}
        query, keep = self._query(k, threads, filters, exclude_seen, probabilities)
        asked = None if users is None else ids_of(users)
        numbers = data._handle.user_numbers(asked)
        place = numbers.ctypes.data_as(ctypes.POINTER(ctypes.c_int64))
        whom = [data._handle.pointer, place, len(numbers), history_number(history)]
        keys = data.user_ids if asked is None else keys_of(asked)
        return self._ask(library.truenext_recommend_users, whom, query, [*keep, numbers], keys)

    def similar(
        self,
        items: Iterable[ItemId],
        k: int = 10,
        *,
        allow: Iterable[ItemId] | None = None,
        exclude: Iterable[ItemId] | None = None,
        candidates: Iterable[ItemId] | None = None,
        threads: int = 0,
    ) -> Lists:
        """The k items nearest to each of `items` by the cosine of the item table, without the item itself.

        Raises:
            DataError: an item that the model does not know, or a filter as in `recommend`.
        """
        query, keep = self._query(k, threads, {"allow": allow, "exclude": exclude, "candidates": candidates})
        texts = Texts([ids_of(items)])
        return self._ask(library.truenext_similar, [ctypes.byref(texts.native)], query, [*keep, texts])

    def encode(
        self, histories: Iterable[Iterable[ItemId]], *, threads: int = 0
    ) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The states after the newest item of each history: float32 [histories, dim].

        Raises:
            DataError: a history without an item that the model knows.
        """
        rows = rows_of(histories)
        texts = Texts(rows)
        states = np.empty((len(rows), self.dim), dtype=np.float32)
        pointer = states.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        check(library.truenext_encode(self._handle.pointer, ctypes.byref(texts.native), checked_threads(threads), pointer))
        return states

    def _query(
        self,
        k: int,
        threads: int,
        filters: Mapping[str, Iterable[ItemId] | None],
        exclude_seen: bool | None = None,
        probabilities: bool = False,
    ) -> tuple[_native.truenext_query, list[Texts]]:
        """A query, and what must live as long as it."""
        query = _native.truenext_query(size=ctypes.sizeof(_native.truenext_query), k=k, threads=checked_threads(threads))
        query.seen = _SEEN.get(exclude_seen, _native.TRUENEXT_SEEN_INCLUDED)
        query.probabilities = int(probabilities)
        keep = []
        for name, items in filters.items():
            if items is None:
                continue
            keep.append(Texts([ids_of(items)]))
            setattr(query, name, ctypes.pointer(keep[-1].native))
        return query, keep

    def _ask(
        self,
        function: Any,
        whom: list[Any],
        query: _native.truenext_query,
        keep: list[Any],
        keys: np.ndarray[Any, Any] | None = None,
    ) -> Lists:
        """What a function of the library answers; `keep` is what the arguments `whom` and the query refer to."""
        lists = ctypes.c_void_p()
        check(function(self._handle.pointer, *whom, ctypes.byref(query), ctypes.byref(lists)))
        del keep
        return Lists(lists.value or 0, self._handle, keys)
