# SPDX-License-Identifier: Apache-2.0
"""Builds the plug-in for device="cuda" against the torch of this Python (docs/python.md)."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from ._device import COMMAND, PLUGIN, Torch, folder_for, importable_torch, library_file, stamp_for, torch_in
from ._library import version
from .errors import UsageError

_NEEDS = """\
It needs a C++20 compiler, CMake 3.24 or newer, ninja or make, and the headers of fmt, in the version that truenext was
built with: on Debian and Ubuntu apt-get install g++ cmake ninja-build libfmt-dev (pip install cmake ninja does, too);
and PyTorch 2.7 or newer, the torch that this Python imports. It takes about two minutes on one processor, and is
needed again after a change of torch or truenext. The result is in $XDG_CACHE_HOME/truenext/device, or below ~/.cache.
"""


def _say(text: str) -> None:
    print(f"build_device: {text}", flush=True)


def _torch(named: str | None) -> Torch:
    """The PyTorch to build for. UsageError when there is none that can be built for."""
    found = importable_torch()
    torch = torch_in(pathlib.Path(named)) if named is not None else found
    if torch is None:
        what = f"--torch {named} is no folder of a torch package" if named is not None else "this Python has no torch"
        raise UsageError(f"{what}: install PyTorch 2.7 or newer (pip install torch), then run `{COMMAND}` again")
    if found is not None and found != torch:
        raise UsageError(
            f"--torch {named}: this Python imports torch {found.version} in {found.folder}, and a process takes one "
            "LibTorch only: leave out --torch"
        )
    number = re.match(r"(\d+)\.(\d+)", torch.version)
    if number is None or (int(number[1]), int(number[2])) < (2, 7):
        raise UsageError(f"torch {torch.version} is too old: PyTorch 2.7 or newer is needed (pip install -U torch)")
    header = torch.folder / "include" / "torch" / "csrc" / "api" / "include" / "torch" / "version.h"
    if not header.is_file() or not (torch.folder / "lib" / "libtorch_cpu.so").is_file():
        raise UsageError(f"the torch in {torch.folder} has no headers of C++ or no libtorch_cpu.so: install pip's")
    return torch


def _source(named: str | None) -> pathlib.Path:
    """The sources of the plug-in: of the package, or of the clone that the package lies in."""
    package = pathlib.Path(__file__).resolve().parent
    places = [pathlib.Path(named)] if named is not None else [package / "device", package.parents[1]]
    for place in places:
        if (place / "cmake" / "Device.cmake").is_file():
            lines = (place / "CMakeLists.txt").read_text(encoding="utf-8")
            if f"project(truenext VERSION {version()} " not in lines:
                raise UsageError(f"the sources in {place} are not those of truenext {version()}, which is installed")
            return place.resolve()
    raise UsageError(f"no sources of truenext {version()} in {places[0]}: name a clone of it with --source")


def _environment() -> dict[str, str]:
    """With the programs of this Python's environment, where pip puts CMake and ninja, even if it is not active."""
    places = [os.environ.get("PATH", ""), str(pathlib.Path(sys.executable).parent)]
    return {**os.environ, "PATH": os.pathsep.join(places)}


def _generator(path: str) -> str:
    """CMake's name of what builds. UsageError naming everything that is missing."""
    compiler = shutil.which(os.environ.get("CXX", ""), path=path) or any(
        shutil.which(name, path=path) for name in ("c++", "g++", "clang++")
    )
    known = {"ninja": "Ninja", "make": "Unix Makefiles"}
    generators = [name for tool, name in known.items() if shutil.which(tool, path=path)]
    wanted = ((compiler, "g++"), (shutil.which("cmake", path=path), "cmake"), (generators, "ninja-build"))
    missing = [package for there, package in wanted if not there]
    if missing:
        raise UsageError(
            f"to build the plug-in {' and '.join(missing)} must be installed first: apt-get install "
            f"{' '.join(missing)} libfmt-dev"
        )
    return generators[0]


def _reason(log: str) -> str:
    """The first error in what CMake or a compiler said, as a line."""
    told = re.search(r"CMake Error[^\n]*\n+(.*?)(?:\n\n\n|\nCall Stack|\n-- |\Z)", log, re.DOTALL)
    lines = log.strip().splitlines() or [""]
    line = told[1] if told else next((line for line in lines if "error" in line or "undefined" in line), lines[-1])
    return " ".join(line.split())


def _run(what: str, words: Sequence[object], log: pathlib.Path) -> None:
    """A program whose words go to the end of the log. UsageError with the reason when it fails."""
    done = subprocess.run(
        [str(word) for word in words],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with log.open("a", encoding="utf-8") as file:
        file.write(done.stdout)
    if done.returncode != 0:
        raise UsageError(f"{what} failed: {_reason(done.stdout)} (all of it is in {log})")


def _jobs() -> int:
    """Compilations at a time: a source with LibTorch's headers takes up to 1 GB."""
    available = re.search(r"MemAvailable: *(\d+) kB", pathlib.Path("/proc/meminfo").read_text(encoding="ascii"))
    gigabytes = int(available[1]) >> 20 if available else 1
    return max(1, min(len(os.sched_getaffinity(0)), gigabytes))


def _check(plugin: pathlib.Path) -> None:
    """Opens the plug-in beside the library that it is for, as training will."""
    try:
        entry = ctypes.CDLL(str(plugin)).truenext_devices
    except (OSError, AttributeError) as error:
        raise UsageError(f"the plug-in was built and cannot be opened: {error}") from error
    entry.restype, entry.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    if entry(version().encode()) is None:
        raise UsageError(f"the plug-in was built from sources of another version than {version()}")


def build(torch: Torch, source: pathlib.Path, jobs: int | None = None) -> pathlib.Path:
    """Builds the plug-in into its place in the cache folder, replacing one that is there, and stamps it.

    Args:
        torch: the PyTorch to build against, where it stays.
        source: the sources of the library of this process.
        jobs: compilations at a time; None = by processors and free memory.

    Returns:
        The plug-in. UsageError, in a sentence, when something is missing or fails.
    """
    folder = folder_for(torch)
    folder.mkdir(parents=True, exist_ok=True)
    generator = _generator(_environment()["PATH"])
    log = folder / "build.log"
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=folder) as made:
        configure = ["cmake", "-S", source, "-B", made, "-G", generator, "-DCMAKE_BUILD_TYPE=Release"]
        places = [f"-DTRUENEXT_INSTALLED={library_file()}", f"-DTRUENEXT_TORCH_DIR={torch.folder}"]
        _run("configuring the plug-in", configure + places, log)
        _run("compiling the plug-in", ["cmake", "--build", made, "-j", jobs or _jobs()], log)
        plugin = pathlib.Path(made) / "lib" / PLUGIN
        _check(plugin)
        # The stamp comes last: without one the plug-in is not opened.
        (folder / "stamp.json").unlink(missing_ok=True)
        os.replace(plugin, folder / PLUGIN)
        stamp = pathlib.Path(made) / "stamp.json"
        stamp.write_text(json.dumps(stamp_for(torch), indent=1) + "\n", encoding="utf-8")
        os.replace(stamp, folder / "stamp.json")
    return folder / PLUGIN


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__, epilog=_NEEDS)
    parser.add_argument("--source", metavar="CLONE", help="sources of this truenext; default: the package's own")
    parser.add_argument("--torch", metavar="FOLDER", help="the torch package, where this Python can import none")
    parser.add_argument("--jobs", type=int, metavar="N", help="compilations at a time")
    asked = parser.parse_args(arguments)
    try:
        torch = _torch(asked.torch)
        cuda = (torch.folder / "lib" / "libtorch_cuda.so").is_file()
        _say(f"torch {torch.version}, {'with CUDA' if cuda else 'without CUDA: device aten-cpu only'}: {torch.folder}")
        _say("building, about two minutes on one processor")
        _say(str(build(torch, _source(asked.source), asked.jobs)))
    except UsageError as error:
        print(f"build_device: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
