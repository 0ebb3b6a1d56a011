# SPDX-License-Identifier: Apache-2.0
"""What a report of a mistake should say."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys

from . import _native
from ._library import library, version

_OTHERS = ("numpy", "pandas", "polars", "pyarrow", "duckdb", "torch")


def show_versions() -> None:
    """Prints the versions of truenext, Python, the system and the packages that frames come from. Imports none of them."""
    print(f"truenext {version()}, interface {_native.TRUENEXT_ABI_VERSION}, {library._name}")
    print(f"python {sys.version.split()[0]}, {platform.platform()}, {os.cpu_count()} processors")
    for name in _OTHERS:
        try:
            print(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            print(name, "is not installed")
