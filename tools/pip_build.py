# SPDX-License-Identifier: Apache-2.0
"""What pip builds the package with (pyproject.toml): scikit-build-core, and where packages of the system are missing a
sentence with the line that installs them, below everything that CMake says."""

import pathlib
import sys
from typing import Any

from scikit_build_core import build
from scikit_build_core.build import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]
# CMake writes it (cmake/Dependencies.cmake) into the build folder that pyproject.toml names.
_NOTE = pathlib.Path("build-wheel") / "missing-packages"


def _told(hook: Any, *arguments: Any) -> str:
    _NOTE.unlink(missing_ok=True)
    try:
        return str(hook(*arguments))
    except SystemExit:
        if _NOTE.is_file():
            packages = _NOTE.read_text(encoding="utf-8")
            sys.stdout.flush()
            print(f"\nPackages are missing; install them, then try again: apt-get install {packages}", file=sys.stderr)
        raise


def build_wheel(directory: str, settings: Any = None, metadata: str | None = None) -> str:
    """The wheel of the package, for pip and scripts/wheel."""
    return _told(build.build_wheel, directory, settings, metadata)


def build_editable(directory: str, settings: Any = None, metadata: str | None = None) -> str:
    """The same of `pip install -e`."""
    return _told(build.build_editable, directory, settings, metadata)
