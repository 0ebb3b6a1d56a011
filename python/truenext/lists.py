# SPDX-License-Identifier: Apache-2.0
"""Ranked lists: what models answer with."""

from __future__ import annotations

import ctypes
import importlib
import os
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _native
from ._html import table_html
from ._library import ItemId, check, close, library
from .table import Table

if TYPE_CHECKING:
    from ._handle import ModelHandle

_STREAM_NAME = b"arrow_array_stream"
_capsule_new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)
_capsule_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_capsule_address = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_streams: dict[int, _native.ArrowArrayStream] = {}
"""Streams inside capsules, by address."""


def _release(capsule: int) -> None:
    stream = _streams.pop(_capsule_pointer(capsule, _STREAM_NAME), None)
    if stream is not None and stream.release:  # else a consumer has moved it out
        stream.release(ctypes.addressof(stream))


_release_capsule = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(_release)


def stream_address(capsule: object) -> int:
    """Where the Arrow stream of a capsule lies, as long as the capsule lives."""
    return int(_capsule_address(capsule, _STREAM_NAME) or 0)


def keys_of(ids: list[ItemId]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """As they are."""
    keys = np.empty(len(ids), dtype=object)
    keys[:] = ids
    return keys


def _column(pointer: Any, count: int, kind: type) -> np.ndarray[Any, Any]:
    """A copy of a column of the library's, which has this type of numbers."""
    column: np.ndarray[Any, Any] = np.empty(count, dtype=kind)
    if count > 0:  # as_array() makes a type for every length, which costs ten times as much
        ctypes.memmove(ctypes.byref(ctypes.c_char.from_buffer(column.data)), pointer, column.nbytes)
    return column


class Lists:
    """One ranked list for each history or item that was asked for, best first.

    A list can be shorter than was asked for; in the rectangular arrays (`items`, `scores`, `probabilities`) the
    places behind it hold None or NaN. Goes into pandas, polars, pyarrow and DuckDB as a table of the columns list
    (from 0), rank (from 1), item, score and, where asked for, probability; lists for users of a dataset have the column
    user in the place of list.

    Attributes:
        keys: object [lists], the users that the lists are for, as they were asked for; None of other lists.
        offsets: int64 [lists + 1]; list i is the entries offsets[i] to offsets[i + 1] of the flat arrays.
        item_numbers: int32 [entries], places in the model's `item_ids`.
        flat_scores: float32 [entries].
        flat_probabilities: float64 [entries] in [0, 1], or None.
        unknown: int64 [lists]; how many ids of each history the model does not know.
    """

    def __init__(self, pointer: int, model: ModelHandle, keys: np.ndarray[Any, Any] | None = None) -> None:
        self.keys = keys
        self._pointer = pointer
        self._model = model
        self._finalizer = weakref.finalize(self, close, library.truenext_lists_close, pointer, os.getpid())
        count = int(library.truenext_lists_count(pointer))
        self.offsets = _column(library.truenext_lists_offsets(pointer), count + 1, np.int64)
        entries = int(self.offsets[-1])
        self.item_numbers = _column(library.truenext_lists_items(pointer), entries, np.int32)
        self.flat_scores = _column(library.truenext_lists_scores(pointer), entries, np.float32)
        self.unknown = _column(library.truenext_lists_unknown(pointer), count, np.int64)
        probabilities = library.truenext_lists_probabilities(pointer)
        self.flat_probabilities = _column(probabilities, entries, np.float64) if probabilities else None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> list[tuple[str, float]]:
        """Items and scores of one list, best first. IndexError outside."""
        count = len(self)
        if not -count <= number < count:
            raise IndexError(f"list {number} of {count}")
        begin, end = self.offsets[number % count : number % count + 2]
        ids = self._model.ids(self.item_numbers[begin:end])
        return list(zip(ids.tolist(), self.flat_scores[begin:end].tolist()))

    def __iter__(self) -> Iterator[list[tuple[str, float]]]:
        return iter(self.to_list())

    def __repr__(self) -> str:
        return f"<truenext.Lists: {len(self)} lists, {len(self.item_numbers)} items>"

    def _repr_html_(self) -> str:
        name = "list" if self.keys is None else "user"
        shown = [
            [number if self.keys is None else self.keys[number], ", ".join(self._described(number))]
            for number in range(min(len(self), 10))
        ]
        return table_html([name, "items, best first"], shown, len(self))

    def _described(self, number: int) -> list[str]:
        """Up to ten items of a list, by title where there is one."""
        numbers = self.item_numbers[self.offsets[number] : self.offsets[number + 1]][:10]
        titles, ids = self._model.titles(numbers).tolist(), self._model.ids(numbers).tolist()
        return [title or item for title, item in zip(titles, ids)]

    def _rectangle(self, flat: np.ndarray[Any, Any], filler: object) -> np.ndarray[Any, Any]:
        lengths = np.diff(self.offsets)
        width = int(lengths.max()) if len(lengths) else 0
        table = np.full((len(lengths), width), filler, dtype=flat.dtype)
        table[np.arange(width) < lengths[:, None]] = flat
        return table

    @property
    def items(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Raw ids, object [lists, longest list]; None behind the end of a list."""
        return self._rectangle(self._model.ids(self.item_numbers), None)

    @property
    def scores(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """float32 [lists, longest list]; NaN behind the end of a list."""
        return self._rectangle(self.flat_scores, np.nan)

    @property
    def probabilities(self) -> np.ndarray[Any, np.dtype[np.float64]] | None:
        """float64 [lists, longest list], NaN behind the end of a list; None when they were not asked for."""
        return None if self.flat_probabilities is None else self._rectangle(self.flat_probabilities, np.nan)

    def to_list(self) -> list[list[tuple[str, float]]]:
        """Items and scores of every list."""
        pairs = list(zip(self._model.ids(self.item_numbers).tolist(), self.flat_scores.tolist()))
        return [pairs[begin:end] for begin, end in zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist())]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A stream of one record batch in a capsule (Arrow PyCapsule interface). A requested schema is not looked
        at, as the interface allows. Lists for users go by way of pyarrow."""
        if self.keys is not None:
            table: Any = self.to_arrow()
            return table.__arrow_c_stream__()
        stream = _native.ArrowArrayStream()
        check(library.truenext_lists_stream(self._pointer, ctypes.byref(stream)))
        address = ctypes.addressof(stream)
        _streams[address] = stream
        capsule: object = _capsule_new(address, _STREAM_NAME, ctypes.cast(_release_capsule, ctypes.c_void_p))
        return capsule

    def _columns(self) -> dict[str, Any]:
        lengths = np.diff(self.offsets)
        numbers = np.repeat(np.arange(len(self), dtype=np.int64), lengths)
        columns: dict[str, Any] = {"list": numbers} if self.keys is None else {"user": self.keys[numbers]}
        columns |= {
            "rank": (np.arange(len(self.item_numbers)) - np.repeat(self.offsets[:-1], lengths) + 1).astype(np.int32),
            "item": self._model.ids(self.item_numbers),
            "score": self.flat_scores,
        }
        if self.flat_probabilities is not None:
            columns["probability"] = self.flat_probabilities
        return columns

    def to_pandas(self) -> Any:
        """A pandas.DataFrame, one row per entry. ImportError without pandas."""
        pandas: Any = importlib.import_module("pandas")
        return pandas.DataFrame(self._columns())

    def to_polars(self) -> Any:
        """A polars.DataFrame, one row per entry. ImportError without polars."""
        polars: Any = importlib.import_module("polars")
        return polars.DataFrame(self) if self.keys is None else Table(self._columns()).to_polars()

    def to_arrow(self) -> Any:
        """A pyarrow.Table, one row per entry. ImportError without pyarrow."""
        pyarrow: Any = importlib.import_module("pyarrow")
        return pyarrow.table(self) if self.keys is None else Table(self._columns()).to_arrow()
