# SPDX-License-Identifier: Apache-2.0
"""Long calls: a helper thread waits for the library, the calling thread for what it tells.

So callbacks run in the thread that called, where they may draw, and Ctrl-C is taken where Python raises it.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import _device, _native
from ._library import error_of, last_error, library, take_text
from .errors import Interrupted

logger = logging.getLogger("truenext")
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class _Stop:
    """What a callback returns to end the work."""

    def __repr__(self) -> str:
        return "truenext.STOP"


STOP = _Stop()
"""Returned by a callback: the work ends at the next step, and what can be continued is saved."""


@dataclass(frozen=True)
class Event:
    """Something that happened in a long call.

    Attributes:
        kind: "epoch" (an epoch was made), "validation" (on all users), "validation_sample" and "validation_confirmed"
            (train.valid_sample), "watched", "checkpoint" (the run can be continued from here), "status" (a line of progress, about ten times a second), "message" (what the command writes to stderr).
        run: folder of the run, or of the stage of it, that this is about; None of other work.
        epoch: number of the last epoch that was finished; None where there is none.
        step: optimiser steps so far; None where there is none.
        text: of a status or a message, else "".
        data: all that the library said, e.g. loss, learning_rate, seconds, positions_per_second of an epoch; valid
            (values by metric; valid_sample or valid_confirmed of those kinds), best, best_epoch of a validation; level of a message.
    """

    kind: str
    run: str | None = None
    epoch: int | None = None
    step: int | None = None
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


Callback = Callable[[Event], object]
"""Takes an event. Returns True or STOP to end the work; what it raises ends it, too, and goes on to the caller."""


def _event_of(data: dict[str, Any]) -> Event:
    return Event(
        str(data["kind"]), data.get("run"), data.get("epoch"), data.get("step"), str(data.get("text", "")), data
    )


@dataclass
class Outcome:
    """What a call came to: its result, or None when a callback stopped it, which `message` then tells of."""

    result: dict[str, Any] | None
    message: str = ""


class _Call:
    """One call of truenext_run() in a thread of its own.

    Ctrl-C may strike inside of whatever the other thread does with these fields, so they are flags and queues of C:
    a threading.Event that is struck while it is set keeps its lock.
    """

    def __init__(self, verb: str, request: Mapping[str, object], table: int | None) -> None:
        self._verb, self._request, self._table = verb.encode(), json.dumps(request).encode(), table
        self.told: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.taken: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.cancel = False
        self.ended = False
        self.status = _native.TRUENEXT_INTERNAL
        self.message = "the call did not return"
        self.result = ""
        self.process = os.getpid()
        _running.add(self)
        # A daemon: a second Ctrl-C does not wait for it.
        threading.Thread(target=self._run, name="truenext", daemon=True).start()

    def _run(self) -> None:
        try:
            call = _native.truenext_progress_call(self._hear)
            progress = _native.truenext_progress(size=ctypes.sizeof(_native.truenext_progress), call=call)
            text = ctypes.c_void_p()
            rest = self._request, ctypes.byref(progress), ctypes.byref(text)
            if self._table is None:
                self.status = library.truenext_run(self._verb, *rest)
            else:
                table = _native.ArrowArrayStream.from_address(self._table)
                self.status = library.truenext_prepare_stream(ctypes.byref(table), *rest)
            if self.status == _native.TRUENEXT_OK:
                self.result = take_text(text)
            else:
                self.message = last_error()
        finally:
            _running.discard(self)
            self.ended = True
            self.told.put(None)  # wakes who waits

    def _hear(self, context: int | None, text: bytes) -> int:
        """By the helper thread; raises nothing."""
        if text != b'{"kind":"tick"}' and not self.cancel:
            while not self.taken.empty():
                self.taken.get()
            self.told.put(text.decode("utf-8", "replace"))
            while not self.cancel:
                try:
                    self.taken.get(timeout=0.05)
                    break
                except queue.Empty:
                    pass
        return int(self.cancel)


_running: set[_Call] = set()


@atexit.register
def _end_running() -> None:
    """A thread that comes back from the library while Python ends is taken down inside of it, which aborts the process.
    So the work is stopped, and is waited for."""
    calls = [call for call in list(_running) if call.process == os.getpid()]
    for call in calls:
        call.cancel = True
    try:
        while not all(call.ended for call in calls):
            time.sleep(0.01)
    except KeyboardInterrupt:
        os._exit(130)


def _handle(text: str, callbacks: Iterable[Callback]) -> bool:
    """Whether somebody wants to stop."""
    event = _event_of(json.loads(text))
    if event.kind == "message":
        logger.log(_LEVELS.get(str(event.data.get("level")), logging.INFO), "%s", event.text)
    wanted = [callback(event) for callback in callbacks]
    return any(answer is True or answer is STOP for answer in wanted)


def run_verb(
    verb: str, request: Mapping[str, object], callbacks: Iterable[Callback] = (), table: int | None = None
) -> Outcome:
    """Does what a verb of the command does; prepare with the Arrow stream at the address `table`. Raises what it failed with, and what a callback raises once the work has
    stopped. After Ctrl-C the work stops, then KeyboardInterrupt goes on; a second one goes on at once."""
    asked = {name: value for name, value in request.items() if value is not None}
    if verb in _device.VERBS:
        _device.enable(asked.get("device"))
    listeners = tuple(callbacks)
    raised: BaseException | None = None
    stopped = False
    called = _Call(verb, asked, table)
    try:
        # Ctrl-C may strike between any two lines: nothing here waits for something that only comes once, and the
        # condition stands inside of what catches.
        while True:
            try:
                if called.ended and called.told.empty():
                    break
                text = called.told.get(timeout=0.1)
                if text is not None and not called.cancel and _handle(text, listeners):
                    stopped = True
                    called.cancel = True
                called.taken.put(None)
            except queue.Empty:
                pass
            except BaseException as error:
                called.cancel = True
                if raised is not None:
                    raise
                raised = error
    finally:
        called.cancel = True
    if raised is not None:
        if called.status == _native.TRUENEXT_INTERRUPTED and hasattr(raised, "add_note"):
            raised.add_note(called.message)
        raise raised
    if called.status == _native.TRUENEXT_INTERRUPTED and stopped:
        return Outcome(None, called.message)
    if called.status != _native.TRUENEXT_OK:
        raise error_of(called.status, called.message)
    result = json.loads(called.result)
    return Outcome(result if isinstance(result, dict) else {"results": result})


def finished(outcome: Outcome) -> dict[str, Any]:
    """The result of work that has no half result. Interrupted when a callback stopped it."""
    if outcome.result is None:
        raise Interrupted(outcome.message)
    return outcome.result
