# SPDX-License-Identifier: Apache-2.0
"""Reads a prepared dataset folder (docs/data-formats.md) and safetensors files; numpy only."""

import json
import pathlib
import struct

import numpy as np

TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64, "U8": np.uint8}


class Dataset:
    """Histories of all users, 0-based items, and where they are cut."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.description = json.loads((folder / "dataset.json").read_text())
        self.num_items = self.description["items"]
        self.items = np.fromfile(folder / "items.bin", dtype="<i4")
        self.offsets = np.fromfile(folder / "offsets.bin", dtype="<i8")
        splits = np.fromfile(folder / "splits.bin", dtype="<i8").reshape(-1, 5)
        self.train_end, self.test_begin, self.test_end = splits[:, 0], splits[:, 3], splits[:, 4]

    def history(self, user):
        return self.items[self.offsets[user] : self.offsets[user + 1]]

    def windows(self, max_length):
        """Inputs and targets of every user with two or more training items: the newest
        max_length + 1 of them, targets one place later."""
        pairs = []
        for user in np.flatnonzero(self.train_end >= 2):
            items = self.history(user)[: self.train_end[user]][-(max_length + 1) :]
            pairs.append((items[:-1], items[1:]))
        return pairs

    def test_queries(self):
        """(whole history before the held-out items, held-out items) of everybody who has both."""
        queries = []
        for user in np.flatnonzero((self.test_end > self.test_begin) & (self.test_begin > 0)):
            items = self.history(user)
            held_out = items[self.test_begin[user] : self.test_end[user]]
            queries.append((items[: self.test_begin[user]], held_out))
        return queries


def read_safetensors(path):
    """(tensors by name, metadata) of a file; arrays are copies."""
    data = pathlib.Path(path).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[8 + size + begin : 8 + size + end]
        tensors[name] = np.frombuffer(raw, TYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
    return tensors, metadata
