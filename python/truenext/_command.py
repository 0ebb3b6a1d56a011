# SPDX-License-Identifier: Apache-2.0
"""The command `truenext` of a wheel."""

import os
import pathlib
import sys


def main() -> None:
    """Becomes the command that lies in the package."""
    program = pathlib.Path(__file__).parent / "bin" / "truenext"
    if not program.is_file():
        sys.exit(f"truenext: {program} is missing; install the package again")
    os.execv(program, ["truenext", *sys.argv[1:]])
