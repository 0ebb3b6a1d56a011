# SPDX-License-Identifier: Apache-2.0
"""An open model of the C library, shared by everything that came from it."""

from __future__ import annotations

import ctypes
import json
import os
import weakref
from typing import Any

import numpy as np

from ._library import StoredTexts, check, close, library, take_text
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
        self._ids: StoredTexts | None = None
        self._titles: StoredTexts | None = None

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

    def ids(self, items: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Raw ids of item numbers, object of the same shape."""
        if self._ids is None:
            self._ids = StoredTexts(library.truenext_item_ids, self.pointer)
        return self._ids.at(items)

    def titles(self, items: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Titles of item numbers, object of the same shape; "" where there is none."""
        if self._titles is None:
            self._titles = StoredTexts(library.truenext_item_titles, self.pointer)
        return self._titles.at(items)
