# SPDX-License-Identifier: Apache-2.0
"""The C library, opened, and what is put between Python's values and its own."""

from __future__ import annotations

import ctypes
import itertools
import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, Union, cast

import numpy as np

from . import _native
from .errors import DataError, Error, InternalError, Interrupted, UsageError

ItemId = Union[str, int, bytes]
"""A raw id of an item: a text, its bytes, or a whole number, which means its decimal text."""

_ERRORS: dict[int, type[Exception]] = {
    _native.TRUENEXT_USAGE: UsageError,
    _native.TRUENEXT_DATA: DataError,
    _native.TRUENEXT_INTERRUPTED: Interrupted,
    _native.TRUENEXT_MEMORY: MemoryError,
    _native.TRUENEXT_INTERNAL: InternalError,
}
_NAME = "libtruenext_c.so.1"


def _places() -> list[str]:
    """Where the library is looked for: what TRUENEXT_LIBRARY says alone, else this package, else the system."""
    named = os.environ.get("TRUENEXT_LIBRARY")
    if named:
        return [named]
    return [str(pathlib.Path(__file__).parent / "lib" / _NAME), _NAME]


def _open() -> ctypes.CDLL:
    reasons = []
    for place in _places():
        try:
            library = ctypes.CDLL(place)
            break
        except OSError as error:
            reasons.append(str(error))
    else:
        raise ImportError(
            "truenext: its library cannot be opened: " + "; ".join(reasons) + ". Where GLIBCXX_... is missing, "
            "the libstdc++ of this environment is older than the library (conda install -c conda-forge "
            "libstdcxx-ng); TRUENEXT_LIBRARY names a library in another place"
        )
    library.truenext_abi_version.restype = ctypes.c_uint32
    found = library.truenext_abi_version()
    if found < _native.TRUENEXT_ABI_VERSION:
        raise ImportError(
            f"truenext: {library._name} has interface version {found}, this package needs "
            f"{_native.TRUENEXT_ABI_VERSION}; install the two from the same release"
        )
    _native.declare(library)
    return library


library = _open()


def version() -> str:
    """The version of the library, e.g. "0.2.0"."""
    return str(library.truenext_version().decode())


def last_error() -> str:
    """What the last failed call of this thread says."""
    return str(library.truenext_last_error().decode("utf-8", "replace"))


def error_of(status: int, message: str) -> Exception:
    """The exception of a status other than TRUENEXT_OK."""
    return _ERRORS.get(status, Error)(message)


def check(status: int) -> None:
    """Raises what a call of this thread failed with."""
    if status != _native.TRUENEXT_OK:
        raise error_of(status, last_error())


def close(function: Any, pointer: Any, process: int) -> None:
    """Closes what was opened, unless in a child process, where waiting for its threads would take for ever."""
    if os.getpid() == process:
        function(pointer)


def checked_threads(threads: int) -> int:
    """A number of threads that fits into the call; what it may be is checked there."""
    if not -1 <= threads < 2**31:
        raise UsageError(f"threads={threads}: want 0, which is all processors, or a number of threads")
    return threads


def take_text(pointer: ctypes.c_void_p) -> str:
    """A text that a function returned, which is freed."""
    try:
        return ctypes.string_at(pointer.value or 0).decode("utf-8")
    finally:
        library.truenext_free(pointer)


def encoded_id(item: ItemId) -> bytes:
    """The bytes of a raw id. TypeError for what is none."""
    if isinstance(item, str):
        return item.encode("utf-8", "surrogateescape")
    if isinstance(item, bytes):
        return item
    if isinstance(item, (int, np.integer)) and not isinstance(item, bool):
        return str(int(item)).encode()
    raise TypeError(f"an item id is a str, an int or bytes, not {type(item).__name__}: {item!r}")


def decoded_id(raw: bytes) -> str:
    """A raw id as a text; bytes that are no UTF-8 become surrogates, which encoded_id() turns back."""
    return raw.decode("utf-8", "surrogateescape")


def offsets_of(lengths: Iterable[int], count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.fromiter(itertools.accumulate(lengths, initial=0), dtype=np.int64, count=count + 1)


def _joined(ids: Sequence[ItemId]) -> bytes | None:
    """Texts with a newline between, or whole numbers, in one piece; None where there are others among them."""
    try:
        return "\n".join(cast(Sequence[str], ids)).encode("utf-8", "surrogateescape")
    except TypeError:
        return "\n".join(map(str, ids)).encode() if set(map(type, ids)) == {int} else None


def _encoded(ids: Sequence[ItemId]) -> tuple[bytes, np.ndarray[Any, np.dtype[np.int64]]]:
    """The bytes of ids one behind the other, and where each begins. All together where that is
    possible, which takes a part of the time."""
    joined = _joined(ids)
    if joined is not None:
        ends = (np.frombuffer(joined, dtype=np.uint8) == ord("\n")).nonzero()[0]
        if len(ends) == len(ids) - 1:  # else a newline is part of an id
            offsets = np.empty(len(ids) + 1, dtype=np.int64)
            offsets[0], offsets[-1] = 0, len(joined) - len(ends)
            np.subtract(ends, np.arange(len(ends)), out=offsets[1:-1])
            return joined.translate(None, b"\n"), offsets
    parts = list(map(encoded_id, ids))
    return b"".join(parts), offsets_of(map(len, parts), len(parts))


class Texts:
    """Rows of ids in the memory that the library reads. Keeps it alive."""

    def __init__(self, rows: Sequence[Sequence[ItemId]]) -> None:
        ids = list(itertools.chain.from_iterable(rows))
        self._bytes, self._text_offsets = _encoded(ids)
        self._row_offsets = offsets_of(map(len, rows), len(rows))
        self.native = _native.truenext_texts(
            size=ctypes.sizeof(_native.truenext_texts),
            num_texts=len(ids),
            num_rows=len(rows),
            bytes=ctypes.cast(ctypes.c_char_p(self._bytes), ctypes.c_void_p),
            text_offsets=ctypes.pointer(ctypes.c_int64.from_buffer(self._text_offsets.data)),
            row_offsets=ctypes.pointer(ctypes.c_int64.from_buffer(self._row_offsets.data)),
        )


def rows_of(histories: Iterable[Iterable[ItemId]]) -> list[Sequence[ItemId]]:
    """Histories as lists. TypeError when somebody passes one history instead of a list of them."""
    rows: list[Sequence[ItemId]] = []
    for history in histories:
        if isinstance(history, (str, bytes, int, np.integer)):
            raise TypeError(f"want a list of histories, each a list of item ids; found the id {history!r} in the place of a history")
        rows.append(history if isinstance(history, (list, tuple)) else list(history))
    return rows


def ids_of(items: Iterable[ItemId]) -> list[ItemId]:
    """Ids as a list. TypeError for a single text, whose letters would be taken for ids."""
    if isinstance(items, (str, bytes)):
        raise TypeError(f"want a list of item ids, not the single id {items!r}")
    return list(items)


class StoredTexts:
    """Texts that the library keeps, as long as the handle that they came from. Each is made once, when it is asked for."""

    def __init__(self, function: Any, handle: ctypes.c_void_p) -> None:
        """`function` of the C library shows the texts of a handle."""
        texts = _native.truenext_texts(size=ctypes.sizeof(_native.truenext_texts))
        check(function(handle, ctypes.byref(texts)))
        self._address = int(texts.bytes or 0)
        self._offsets = np.ctypeslib.as_array(texts.text_offsets, shape=(texts.num_texts + 1,)).copy()
        self._known = np.full(texts.num_texts, None, dtype=object)

    def at(self, numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Object of the same shape."""
        known = self._known
        for number in np.unique(numbers).tolist():
            if known[number] is None:
                begin, end = int(self._offsets[number]), int(self._offsets[number + 1])
                known[number] = decoded_id(ctypes.string_at(self._address + begin, end - begin))
        found: np.ndarray[Any, np.dtype[np.object_]] = known[numbers]
        return found

    def all(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Object [texts]."""
        return self.at(np.arange(len(self._known)))
