# SPDX-License-Identifier: Apache-2.0
"""The command `truenext` of a wheel."""

import os
import pathlib
import sys
from collections.abc import Sequence

from . import _device
from .errors import UsageError


def _device_of(arguments: Sequence[str]) -> str | None:
    """The device that a command line asks for, where a verb takes one; None otherwise."""
    if not _device.VERBS & set(arguments):
        return None
    pairs = zip(arguments, [*arguments[1:], None])
    given = [after if word == "--device" else word[9:] for word, after in pairs if word.split("=")[0] == "--device"]
    return given[-1] if given else None


def main() -> None:
    """Becomes the command that lies in the package, which finds the plug-in for devices as `truenext.fit` does."""
    program = pathlib.Path(__file__).parent / "bin" / "truenext"
    if not program.is_file():
        sys.exit(f"truenext: {program} is missing; install the package again")
    try:
        _device.enable(_device_of(sys.argv[1:]))
    except UsageError as error:
        sys.exit(f"error: --device: {error}")
    os.execv(program, ["truenext", *sys.argv[1:]])
