# SPDX-License-Identifier: Apache-2.0
"""Curves, drawn by the library."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping, Sequence

from ._library import check, library, take_text


def chart(title: str, x_label: str, y_label: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """An SVG document of lines by name, points (x, y) ascending in x."""
    described = {
        "title": title,
        "x_label": x_label,
        "y_label": y_label,
        "lines": [{"name": name, "points": points} for name, points in lines.items()],
    }
    text = ctypes.c_void_p()
    check(library.truenext_chart(json.dumps(described).encode(), ctypes.byref(text)))
    return take_text(text)
