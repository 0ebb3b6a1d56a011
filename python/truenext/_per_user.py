# SPDX-License-Identifier: Apache-2.0
"""The file with a line for every judged user (docs/protocols.md)."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import numpy as np

from .table import Table

_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}


def _raw(field: str) -> str:
    return re.sub(r"\\[tnr\\]", lambda found: _ESCAPES[found.group()], field)


def _ranks(field: str) -> tuple[int | None, ...]:
    return tuple(None if rank == "-" else int(rank) for rank in field.split(","))


def read_per_user(path: pathlib.Path) -> Table:
    """Columns user, the metrics, and ranks: of the held-out items in time order, from 1, None for one that can never be
    recommended."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    lines = [line.split("\t") for line in text.split("\n")[:-1]]
    names, rows = lines[0], lines[1:]
    columns: dict[str, np.ndarray[Any, Any]] = {"user": np.array([_raw(row[0]) for row in rows], dtype=object)}
    for place, name in enumerate(names[1:-1], start=1):
        columns[name] = np.array([row[place] for row in rows], dtype=np.float64)
    ranks = np.empty(len(rows), dtype=object)
    ranks[:] = [_ranks(row[-1]) for row in rows]
    columns["ranks"] = ranks
    return Table(columns)
