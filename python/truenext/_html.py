# SPDX-License-Identifier: Apache-2.0
"""What notebooks show: plain HTML, everything escaped, no scripts and nothing fetched."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

_CELL = "padding:2px 10px;text-align:{};"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return html.escape(str(value))


def _row(values: Iterable[Any], tag: str) -> str:
    cells = []
    for value in values:
        side = "right" if isinstance(value, (int, float)) and not isinstance(value, bool) else "left"
        cells.append(f'<{tag} style="{_CELL.format(side)}">{_text(value)}</{tag}>')
    return f"<tr>{''.join(cells)}</tr>"


def table_html(columns: Sequence[str], rows: Sequence[Iterable[Any]], total: int | None = None) -> str:
    """A table; `total` rows in all, of which those are shown."""
    head = f"<thead>{_row(columns, 'th')}</thead>" if columns else ""
    body = "".join(_row(row, "td") for row in rows)
    more = f"<p>{len(rows):,} of {total:,} rows</p>" if total is not None and total > len(rows) else ""
    return f"<table>{head}<tbody>{body}</tbody></table>{more}"


def facts_html(title: str, facts: Iterable[tuple[str, Any]]) -> str:
    """A title and what is to be said under it, a line each."""
    rows = [(name, value) for name, value in facts]
    return f"<div><strong>{html.escape(title)}</strong>{table_html((), rows)}</div>"
