# SPDX-License-Identifier: Apache-2.0
"""How far a long call is, on terminals, in notebooks and in logs."""

from __future__ import annotations

import html
import sys
from typing import Any, TextIO

from ._chart import chart
from ._work import Event


def _notebook_display() -> Any:
    """IPython.display when this is a notebook, else None. Imports nothing that is not imported already."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if type(shell).__name__ != "ZMQInteractiveShell":
        return None
    import IPython.display  # type: ignore[import-not-found,unused-ignore]

    return IPython.display


class Progress:
    """A callback that shows how far the work is. On a terminal one line that is drawn over itself, and a line for each
    epoch and validation; in a notebook a line and the validation curve, drawn anew; elsewhere the lines of epochs and
    validations.

    Args:
        file: where to write; None = a notebook's output, or sys.stderr.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        display = _notebook_display() if file is None else None
        self._notebook = _Notebook(display) if display is not None else None
        self._file = file if file is not None else sys.stderr
        self._terminal = self._file.isatty()
        self._open = False

    def __call__(self, event: Event) -> None:
        if self._notebook is not None:
            self._notebook.show(event)
            return
        if event.kind == "status" and self._terminal:
            self._file.write(f"\r\x1b[K{event.text[:78]}")
            self._open = True
        elif event.kind in ("epoch", "validation", "validation_sample"):
            self._line(_line_of(event))
        self._file.flush()

    def _line(self, text: str) -> None:
        begin = "\r\x1b[K" if self._open else ""
        self._open = False
        self._file.write(f"{begin}{text}\n")


def _line_of(event: Event) -> str:
    if event.kind == "epoch":
        return f"epoch {event.epoch}  loss {event.data['loss']:.5f}"
    sampled = event.kind == "validation_sample"
    judged = event.data["valid_sample" if sampled else "valid"]
    values = "  ".join(f"{name} {value:.5f}" for name, value in judged.items())
    return f"epoch {event.epoch}  {'sample' if sampled else 'valid'} {values}  best {event.data['best']:.5f}"


class _Notebook:
    """One output that is replaced as the work goes on."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None
        self._status, self._judged = "", ""
        self._curves: dict[str, list[tuple[float, float]]] = {}

    def show(self, event: Event) -> None:
        if event.kind == "status":
            self._status = event.text
        elif event.kind == "validation":
            self._judged = _line_of(event)
            for name, value in event.data["valid"].items():
                self._curves.setdefault(name, []).append((event.epoch or 0, value))
        else:
            return
        page = self._display.HTML(self._page())
        if self._handle is None:
            self._handle = self._display.display(page, display_id=True)
        else:
            self._handle.update(page)

    def _page(self) -> str:
        lines = "<br>".join(html.escape(line) for line in (self._judged, self._status) if line)
        return f"<div>{lines}</div>" + (chart("", "epoch", "validation", self._curves) if self._curves else "")
