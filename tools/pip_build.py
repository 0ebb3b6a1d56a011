# SPDX-License-Identifier: Apache-2.0
"""What pip builds the package with (pyproject.toml): scikit-build-core, and where packages of the system are missing a
sentence with the line that installs them, below everything that CMake says."""

import pathlib
import sys
from typing import Any, Optional

from scikit_build_core import build
from scikit_build_core.build import *  # noqa: F403  the other hooks of a build backend

# CMake writes it (cmake/Dependencies.cmake) into the build folder that pyproject.toml names.
_NOTE = pathlib.Path("build-wheel") / "missing-packages"


def _told(hook: Any, *arguments: Any) -> Any:
    _NOTE.unlink(missing_ok=True)
    try:
        return hook(*arguments)
    except SystemExit:
        if _NOTE.is_file():
            packages = _NOTE.read_text(encoding="utf-8")
            sys.stdout.flush()
            print(f"\ntruenext needs packages that are missing here; install them and try again: apt-get install {packages}", file=sys.stderr)
        raise


def build_wheel(directory: str, settings: Any = None, metadata: Optional[str] = None) -> str:
    """The wheel of the package, for pip and scripts/wheel."""
    return str(_told(build.build_wheel, directory, settings, metadata))


def build_editable(directory: str, settings: Any = None, metadata: Optional[str] = None) -> str:
    """The same of `pip install -e`."""
    return str(_told(build.build_editable, directory, settings, metadata))
