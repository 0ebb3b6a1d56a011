# SPDX-License-Identifier: Apache-2.0
"""An Arrow stream of numpy columns, for frames that cannot give one themselves (pandas without pyarrow)."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _native
from ._library import encoded_id, offsets_of
from .errors import UsageError

Array = np.ndarray[Any, Any]
_FORMATS = {
    "int8": "c", "uint8": "C", "int16": "s", "uint16": "S", "int32": "i", "uint32": "I", "int64": "l", "uint64": "L",
    "float32": "f", "float64": "g",
}  # fmt: skip
_UNITS = {"s": "tss:", "ms": "tsm:", "us": "tsu:", "ns": "tsn:"}


def _missing(value: object) -> bool:
    """None, NaN, and NaT and NA of pandas."""
    nothing = value is None or type(value).__name__ in ("NAType", "NaTType")
    return nothing or (isinstance(value, float) and value != value)


def _texts(values: Sequence[object], name: str) -> tuple[list[Array], Array | None]:
    """Buffers of large UTF-8: offsets, bytes; and what is missing."""
    missing = np.array([_missing(value) for value in values], dtype=bool)
    encoded = [b"" if gone else _encoded(value, name) for value, gone in zip(values, missing.tolist())]
    offsets = offsets_of(map(len, encoded), len(encoded))
    return [offsets, np.frombuffer(b"".join(encoded), dtype=np.uint8)], missing if missing.any() else None


def _encoded(value: object, name: str) -> bytes:
    try:
        return encoded_id(value)  # type: ignore[arg-type]
    except TypeError:
        raise UsageError(
            f"column {name}: holds a {type(value).__name__}, {value!r}; want texts, whole numbers or bytes; cast it "
            "(astype(str)), or install pyarrow"
        ) from None


def _buffers(column: Array, name: str) -> tuple[str, list[Array], Array | None]:
    """Format string, buffers behind the validity, and what is missing."""
    kind = column.dtype
    if kind.kind == "M":
        unit = np.datetime_data(kind)[0]
        if unit not in _UNITS:
            column, unit = column.astype("datetime64[s]"), "s"
        gone = np.isnat(column)
        return _UNITS[unit], [np.ascontiguousarray(column).view(np.int64)], gone if gone.any() else None
    if kind.kind in "OUST":
        offsets_and_bytes, gone_texts = _texts(column.tolist(), name)
        return "U", offsets_and_bytes, gone_texts
    found = _FORMATS.get(kind.name)
    if found is None:
        raise UsageError(f"column {name}: type {kind} is not taken; cast it, or install pyarrow")
    gone = np.isnan(column) if kind.kind == "f" else np.zeros(0, dtype=bool)
    return found, [np.ascontiguousarray(column)], gone if gone.any() else None


class ColumnStream:
    """One batch of named columns, [rows] each. Read once, by the library, while this object lives."""

    def __init__(self, columns: Mapping[str, Array]) -> None:
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise UsageError(f"columns of different lengths: {', '.join(map(str, sorted(lengths)))}")
        self._keep: list[object] = []
        self._given = False
        self._rows = lengths.pop() if lengths else 0
        self._children = [self._pair(name, *_buffers(column, name)) for name, column in columns.items()]
        self._stream = _native.ArrowArrayStream(
            get_schema=_native.ArrowArrayStream_get_schema(self._schema),
            get_next=_native.ArrowArrayStream_get_next(self._next),
            get_last_error=_native.ArrowArrayStream_get_last_error(lambda _: None),
            release=_native.ArrowArrayStream_release(self._release_stream),
        )
        self.address = ctypes.addressof(self._stream)

    def _kept(self, thing: Any) -> Any:
        self._keep.append(thing)
        return thing

    def _pointers(self, addresses: Sequence[int]) -> int:
        """Address of an array of addresses."""
        return ctypes.addressof(self._kept((ctypes.c_void_p * max(len(addresses), 1))(*addresses)))

    def _text(self, text: str) -> int:
        return ctypes.addressof(self._kept(ctypes.create_string_buffer(text.encode())))

    def _released(self, structure: Any, function: Any) -> Any:
        """A release function for a structure: says that it was released; the memory is this object's."""

        def release(address: int) -> None:
            structure.from_address(address).release = function(0)

        return self._kept(function(release))

    def _release_schema(self) -> Any:
        return self._released(_native.ArrowSchema, _native.ArrowSchema_release)

    def _release_array(self) -> Any:
        return self._released(_native.ArrowArray, _native.ArrowArray_release)

    def _pair(self, name: str, kind: str, buffers: list[Array], missing: Array | None) -> tuple[Any, Any]:
        """Schema and array of a column."""
        validity = None if missing is None else np.packbits(~missing, bitorder="little")
        places = [0 if validity is None else self._kept(validity).ctypes.data]
        places += [self._kept(buffer).ctypes.data for buffer in buffers]
        schema = _native.ArrowSchema(
            format=self._text(kind), name=self._text(name), flags=2, release=self._release_schema()
        )
        array = _native.ArrowArray(
            length=self._rows,
            null_count=0 if missing is None else int(missing.sum()),
            n_buffers=len(places),
            buffers=self._pointers(places),
            release=self._release_array(),
        )
        return schema, array

    def _schema(self, _: int, out: int) -> int:
        children = self._pointers([ctypes.addressof(schema) for schema, _array in self._children])
        described = _native.ArrowSchema(
            format=self._text("+s"),
            name=self._text(""),
            n_children=len(self._children),
            children=children,
            release=self._release_schema(),
        )
        ctypes.memmove(out, ctypes.addressof(described), ctypes.sizeof(described))
        return 0

    def _next(self, _: int, out: int) -> int:
        batch = _native.ArrowArray()  # released: the end
        if not self._given:
            self._given = True
            batch = _native.ArrowArray(
                length=self._rows,
                n_buffers=1,
                buffers=self._pointers([0]),
                n_children=len(self._children),
                children=self._pointers([ctypes.addressof(array) for _schema, array in self._children]),
                release=self._release_array(),
            )
        ctypes.memmove(out, ctypes.addressof(batch), ctypes.sizeof(batch))
        return 0

    def _release_stream(self, address: int) -> None:
        _native.ArrowArrayStream.from_address(address).release = _native.ArrowArrayStream_release(0)


def columns_of(frame: Any) -> dict[str, Array]:
    """Of a mapping of columns, or of a pandas.DataFrame by way of numpy."""
    if isinstance(frame, Mapping):
        return {str(name): np.asarray(column) for name, column in frame.items()}
    columns = {}
    for name in frame.columns:
        column = frame[name]
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        columns[str(name)] = column.to_numpy()
    return columns
