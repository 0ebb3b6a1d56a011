# SPDX-License-Identifier: Apache-2.0
"""The model file as bytes: its tensors, and the same file with other weights (docs/checkpoint-format.md)."""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import DataError

Array = np.ndarray[Any, Any]
_TYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "U8": "u1"}
_BESIDE = ("item_ids.", "item_titles.", "item_attributes.", "attribute_ids.", "next_counts.")  # no weights


class ModelBytes:
    """A model file that the library has checked. Borrows the memory."""

    def __init__(self, content: Array) -> None:
        """`content`: uint8 [bytes]."""
        self.content = content
        self._length = int.from_bytes(content[:8].tobytes(), "little")
        header = json.loads(content[8 : 8 + self._length].tobytes())
        self.metadata: dict[str, str] = header.pop("__metadata__", {})
        self.entries: dict[str, dict[str, Any]] = header

    def tensor(self, name: str) -> Array:
        """A view."""
        entry = self.entries[name]
        begin, end = (8 + self._length + offset for offset in entry["data_offsets"])
        values: Array = self.content[begin:end].view(_TYPES[entry["dtype"]])
        shaped: Array = values.reshape(entry["shape"])
        return shaped

    def weight_names(self) -> list[str]:
        """In the order of the file."""
        ordered = sorted(self.entries, key=lambda name: self.entries[name]["data_offsets"][0])
        return [name for name in ordered if not name.startswith(_BESIDE)]

    def with_weights(self, state: Mapping[str, Any]) -> bytearray:
        """The file with these weights, float32. Calibration and validation value, which other weights had, are left
        out. DataError naming what is missing, too much or of another shape."""
        names = self.weight_names()
        strange = [name for name in state if name not in names]
        if strange:
            raise DataError(f"state: the model has no tensor {strange[0]}; it has {', '.join(names)}")
        values = {name: self._checked(name, state) for name in names}
        metadata = {key: text for key, text in self.metadata.items() if key != "truenext.calibration"}
        metadata["truenext.validation"] = ""
        header = json.dumps({"__metadata__": metadata, **self.entries}, ensure_ascii=False).encode()
        header += b" " * (-len(header) % 8)
        data = bytearray(self.content[8 + self._length :].tobytes())
        for name, value in values.items():
            begin, end = self.entries[name]["data_offsets"]
            data[begin:end] = value.tobytes()
        return bytearray(len(header).to_bytes(8, "little") + header) + data

    def _checked(self, name: str, state: Mapping[str, Any]) -> Array:
        if name not in state:
            raise DataError(f"state: the tensor {name} is missing")
        value = state[name]
        if hasattr(value, "detach"):  # of torch
            value = value.detach().cpu()
        array = np.ascontiguousarray(value, dtype="<f4")
        shape = tuple(self.entries[name]["shape"])
        if array.shape != shape:
            raise DataError(f"state: {name} has the shape {list(array.shape)}, the model's has {list(shape)}")
        return array


def write_file(path: str | os.PathLike[str], content: Array | bytes) -> None:
    """Under its name only when it is complete and on the disk."""
    target = pathlib.Path(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)  # type: ignore[arg-type]  # numpy's arrays are buffers
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
