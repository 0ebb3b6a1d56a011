#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a SHA-256 over names, types, shapes and bytes of all tensors of safetensors files.

Metadata is left out, so two files with equal hashes hold the same weights, wherever they were made.
"""

import hashlib
import json
import pathlib
import struct
import sys


def hash_of(path: pathlib.Path) -> str:
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    digest = hashlib.sha256()
    for name in sorted(key for key in header if key != "__metadata__"):
        info = header[name]
        begin, end = info["data_offsets"]
        digest.update(json.dumps([name, info["dtype"], info["shape"]]).encode())
        digest.update(data[8 + size + begin : 8 + size + end])
    return digest.hexdigest()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: tools/hash_tensors.py FILE.safetensors ...")
    for name in sys.argv[1:]:
        print(hash_of(pathlib.Path(name)), name)
