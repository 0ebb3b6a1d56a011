# SPDX-License-Identifier: Apache-2.0
"""Small tables: what results are given out as."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ._html import table_html

Column = np.ndarray[Any, Any]


class Table:
    """Named columns of one length, numpy arrays. Goes on into pandas, polars or pyarrow.

    `table["user"]` is a column, `len(table)` the number of rows, `for row in table` gives mappings by name.
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = dict(columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(self._columns)

    def __getitem__(self, name: str) -> Column:
        """A column. KeyError naming those that there are."""
        if name not in self._columns:
            raise KeyError(f"{name}: no such column; there are {', '.join(self._columns)}")
        return self._columns[name]

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for values in zip(*(column.tolist() for column in self._columns.values())):
            yield dict(zip(self._columns, values))

    def __repr__(self) -> str:
        return f"<truenext.Table: {len(self)} rows of {', '.join(self._columns)}>"

    def _repr_html_(self) -> str:
        return table_html(self.columns, [row.values() for row in self.head(10)], len(self))

    def head(self, rows: int = 10) -> Table:
        """The first rows."""
        return Table({name: column[:rows] for name, column in self._columns.items()})

    def to_dict(self) -> dict[str, Column]:
        """The columns by name; the arrays are shared."""
        return dict(self._columns)

    def to_pandas(self) -> Any:
        """A pandas.DataFrame. ImportError without pandas."""
        pandas: Any = importlib.import_module("pandas")
        return pandas.DataFrame(self._columns)

    def to_polars(self) -> Any:
        """A polars.DataFrame. ImportError without polars."""
        polars: Any = importlib.import_module("polars")
        return polars.DataFrame({name: _plain(column) for name, column in self._columns.items()})

    def to_arrow(self) -> Any:
        """A pyarrow.Table. ImportError without pyarrow."""
        pyarrow: Any = importlib.import_module("pyarrow")
        return pyarrow.table({name: _plain(column) for name, column in self._columns.items()})

    def to_kind(self, kind: str | None) -> Any:
        """The frame of a package: "pandas", "polars" or "pyarrow"; itself for None."""
        if kind is None:
            return self
        return {"pandas": self.to_pandas, "polars": self.to_polars, "pyarrow": self.to_arrow}[kind]()


def _plain(column: Column) -> Any:
    """Objects as a list, whose type the other side finds out."""
    return column.tolist() if column.dtype == object else column


def table_of(rows: list[dict[str, Any]]) -> Table:
    """Rows that name their values; what a row lacks is None."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> Column:
    """Numbers and truth values as arrays of their kind, everything else, and what has gaps, as objects."""
    for kind, dtype in ((bool, np.bool_), (int, np.int64), ((int, float), np.float64)):
        if all(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for value in values):
            return np.array(values, dtype=dtype)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def kind_of(frame: object) -> str | None:
    """Of which package a frame is; of others the one that is installed, pandas first, or None."""
    package = type(frame).__module__.split(".")[0]
    if package in ("pandas", "polars", "pyarrow"):
        return package
    for name in ("pandas", "polars", "pyarrow"):
        if importlib.util.find_spec(name) is not None:
            return name
    return None
