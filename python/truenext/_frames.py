# SPDX-License-Identifier: Apache-2.0
"""Frames of others: the rows they hand over, and what their ids are."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

from . import _native
from ._columns import ColumnStream, columns_of
from .errors import UsageError
from .lists import stream_address

_WHOLE = frozenset("cCsSiIlL")  # format strings of whole numbers (Arrow C data interface)


def stream_of(frame: object) -> tuple[int, object]:
    """The address of an Arrow stream of the rows of a frame, and what must live as long as it is read."""
    give = getattr(frame, "__arrow_c_stream__", None)
    if give is not None:
        try:
            capsule = give()
            return stream_address(capsule), capsule
        except ImportError as error:
            if not _is_pandas(frame):
                raise UsageError(f"{type(frame).__name__} needs another package to hand its rows over: {error}") from error
    if isinstance(frame, Mapping) or _is_pandas(frame):
        columns = ColumnStream(columns_of(frame))
        return columns.address, columns
    raise UsageError(
        f"{type(frame).__name__}: not a frame that gives an Arrow stream (__arrow_c_stream__); want one of pandas, polars, "
        "pyarrow or DuckDB, or a mapping of columns, or write a file and call Dataset.prepare"
    )


def _is_pandas(frame: object) -> bool:
    kind = type(frame)
    return kind.__name__ == "DataFrame" and kind.__module__.split(".")[0] == "pandas"


def whole_columns(address: int) -> frozenset[str]:
    """Names of the columns of whole numbers, categories of such included. Reads no row."""
    stream = _native.ArrowArrayStream.from_address(address)
    schema = _native.ArrowSchema()
    if not stream.get_schema or stream.get_schema(address, ctypes.addressof(schema)) != 0:
        return frozenset()
    try:
        return frozenset(_whole_children(schema) if schema.n_children else ())
    finally:
        schema.release(ctypes.addressof(schema))


def _whole_children(schema: _native.ArrowSchema) -> list[str]:
    names = []
    for address in (ctypes.c_void_p * schema.n_children).from_address(schema.children or 0):
        child = _native.ArrowSchema.from_address(address or 0)
        values = _native.ArrowSchema.from_address(child.dictionary) if child.dictionary else child
        if _text(values.format) in _WHOLE:
            names.append(_text(child.name))
    return names


def _text(address: int | None) -> str:
    return ctypes.string_at(address).decode("utf-8", "replace") if address else ""
