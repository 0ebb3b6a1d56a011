# SPDX-License-Identifier: Apache-2.0
"""An open dataset of the C library."""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

from . import _native
from ._library import ItemId, StoredTexts, Texts, check, close, ids_of, library
from .errors import DataError, UsageError

_HISTORIES = {
    "all": _native.TRUENEXT_HISTORY_ALL,
    "test": _native.TRUENEXT_HISTORY_TEST,
    "valid": _native.TRUENEXT_HISTORY_VALID,
    "train": _native.TRUENEXT_HISTORY_TRAIN,
}
_ID_FUNCTIONS = {"user": library.truenext_dataset_user_ids, "item": library.truenext_dataset_item_ids}


def history_number(history: str) -> int:
    """Of the C library. UsageError for a word that there is not."""
    if history not in _HISTORIES:
        raise UsageError(f"history={history!r}: want one of {', '.join(map(repr, _HISTORIES))}")
    return _HISTORIES[history]


class DatasetHandle:
    """Closed when nothing refers to it any more. All methods may be called by several threads at once."""

    def __init__(self, path: str) -> None:
        pointer = ctypes.c_void_p()
        check(library.truenext_dataset_open(os.fsencode(path), 0, ctypes.byref(pointer)))
        self.pointer = pointer
        self._path = path
        self._finalizer = weakref.finalize(self, close, library.truenext_dataset_close, pointer, os.getpid())
        self._ids: dict[str, np.ndarray[Any, np.dtype[np.object_]]] = {}

    def ids(self, kind: str) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Raw ids of all of a kind, "user" or "item"."""
        if kind not in self._ids:
            self._ids[kind] = StoredTexts(_ID_FUNCTIONS[kind], self.pointer).all()
        return self._ids[kind]

    def num_users(self) -> int:
        return int(self._events().num_users)

    def find_users(self, users: Iterable[ItemId]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Numbers of users, -1 of one that there is not."""
        texts = Texts([ids_of(users)])
        numbers = np.empty(texts.native.num_texts, dtype=np.int64)
        pointer = numbers.ctypes.data_as(ctypes.POINTER(ctypes.c_int64))
        check(library.truenext_dataset_find_users(self.pointer, ctypes.byref(texts.native), pointer))
        return numbers

    def user_numbers(self, users: Iterable[ItemId] | None) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Numbers of users, of all for None. DataError naming one that there is not."""
        if users is None:
            return np.arange(self.num_users(), dtype=np.int64)
        asked = ids_of(users)
        numbers = self.find_users(asked)
        unknown = np.flatnonzero(numbers < 0)
        if len(unknown):
            first = asked[int(unknown[0])]
            raise DataError(f"users: {self._path} has no user {first!r} ({len(unknown)} of {len(asked)} are unknown)")
        return numbers

    def history_lengths(self, history: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """int64 [num_users]."""
        lengths = np.empty(self.num_users(), dtype=np.int64)
        pointer = lengths.ctypes.data_as(ctypes.POINTER(ctypes.c_int64))
        check(library.truenext_dataset_history_lengths(self.pointer, history, pointer))
        return lengths

    def _events(self) -> _native.truenext_events:
        events = _native.truenext_events(size=ctypes.sizeof(_native.truenext_events))
        check(library.truenext_dataset_events(self.pointer, ctypes.byref(events)))
        return events

    def events(self) -> dict[str, np.ndarray[Any, Any]]:
        """offsets [num_users + 1], items [num_events] and, where there are, times and values: views, as long as this
        handle lives."""
        events = self._events()
        users, count = int(events.num_users), int(events.num_events)
        arrays: dict[str, np.ndarray[Any, Any]] = {"offsets": np.ctypeslib.as_array(events.offsets, shape=(users + 1,))}
        for name in ("items", "times", "values"):
            pointer = getattr(events, name)
            if pointer or name == "items":
                arrays[name] = np.ctypeslib.as_array(pointer, shape=(count,)) if count else np.empty(0, dtype=np.int32)
        return arrays
