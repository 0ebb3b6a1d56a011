# SPDX-License-Identifier: Apache-2.0
"""An open model of the C library, shared by everything that came from it."""

from __future__ import annotations

import ctypes
import json
import os
import weakref
from typing import Any

import numpy as np

from . import _native
from ._library import check, close, decoded_id, library, stored_texts, take_text
from ._weights import ModelBytes
from .errors import UsageError


class View:
    """Lends memory of an open model to numpy and keeps the model open as long as an array needs it."""

    def __init__(self, handle: ModelHandle, address: int, shape: tuple[int, ...], kind: str) -> None:
        self._handle = handle
        self.__array_interface__ = {"shape": shape, "typestr": kind, "data": (address, True), "version": 3}


class ModelHandle:
    """Closed when nothing refers to it any more. All methods may be called by several threads at once."""

    def __init__(self, pointer: ctypes.c_void_p) -> None:
        self._pointer = pointer
        self._process = os.getpid()
        self._finalizer = weakref.finalize(self, close, library.truenext_model_close, pointer, self._process)
        text = ctypes.c_void_p()
        check(library.truenext_model_info(pointer, ctypes.byref(text)))
        self.info: dict[str, Any] = json.loads(take_text(text))
        self._known: np.ndarray[Any, np.dtype[np.object_]] | None = None
        self._texts: tuple[int, np.ndarray[Any, np.dtype[np.int64]]] | None = None

    @classmethod
    def open(cls, path: str) -> ModelHandle:
        """Of a file or a run folder."""
        pointer = ctypes.c_void_p()
        check(library.truenext_model_open(os.fsencode(path), 0, ctypes.byref(pointer)))
        return cls(pointer)

    @classmethod
    def read(cls, content: bytes | bytearray | memoryview) -> ModelHandle:
        """Of the bytes of a file, which are copied."""
        array = np.frombuffer(content, dtype=np.uint8)
        pointer = ctypes.c_void_p()
        check(library.truenext_model_read(array.ctypes.data, len(array), None, ctypes.byref(pointer)))
        return cls(pointer)

    @property
    def pointer(self) -> ctypes.c_void_p:
        """For a call. UsageError in a child process, which has none of the threads of its parent."""
        if os.getpid() != self._process:
            raise UsageError(
                "this model was opened before a fork: its threads stayed in the parent process. Load it in the child "
                "(Model.load), or start processes by multiprocessing.get_context(\"spawn\")"
            )
        return self._pointer

    def content(self) -> ModelBytes:
        """The file; its memory is this handle's."""
        address, size = ctypes.c_void_p(), ctypes.c_int64()
        check(library.truenext_model_content(self.pointer, ctypes.byref(address), ctypes.byref(size)))
        return ModelBytes(np.asarray(View(self, address.value or 0, (size.value,), "|u1")))

    def titles(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Of all items; empty where there are none."""
        texts = _native.truenext_texts(size=ctypes.sizeof(_native.truenext_texts))
        check(library.truenext_item_titles(self.pointer, ctypes.byref(texts)))
        address, offsets = stored_texts(texts)
        bounds = offsets.tolist()
        titles = np.empty(len(bounds) - 1, dtype=object)
        for item in range(len(titles)):
            titles[item] = decoded_id(ctypes.string_at(address + bounds[item], bounds[item + 1] - bounds[item]))
        return titles

    def _stored_ids(self) -> tuple[int, np.ndarray[Any, np.dtype[np.int64]]]:
        if self._texts is None:
            texts = _native.truenext_texts(size=ctypes.sizeof(_native.truenext_texts))
            check(library.truenext_item_ids(self.pointer, ctypes.byref(texts)))
            self._texts = stored_texts(texts)
        return self._texts

    def ids(self, items: np.ndarray[Any, np.dtype[np.int32]]) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Raw ids of item numbers, object of the same shape. Each text is made once."""
        address, offsets = self._stored_ids()
        if self._known is None:
            self._known = np.full(len(offsets) - 1, None, dtype=object)
        known = self._known
        for item in np.unique(items).tolist():
            if known[item] is None:
                begin, end = int(offsets[item]), int(offsets[item + 1])
                known[item] = decoded_id(ctypes.string_at(address + begin, end - begin))
        found: np.ndarray[Any, np.dtype[np.object_]] = known[items]
        return found
