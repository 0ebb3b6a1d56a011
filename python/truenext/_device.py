# SPDX-License-Identifier: Apache-2.0
"""The plug-in for devices that `python -m truenext.build_device` built: where it lies, and whether it fits the library
and the torch of this Python. Nothing here imports torch."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import pathlib
import re
from dataclasses import dataclass

from ._library import version
from .errors import UsageError

PLUGIN = "libtruenext_torch.so"
VARIABLE = "TRUENEXT_TORCH_PLUGIN"
"""Names the plug-in to the library; what is set by hand is taken as it is (docs/devices.md)."""
COMMAND = "python -m truenext.build_device"
VERBS = frozenset({"train", "evaluate", "grid", "robust"})
"""Take a device; the library refuses one for all others."""


@dataclass(frozen=True)
class Torch:
    """A PyTorch that is there: the real path of its package's folder, and its torch.__version__."""

    folder: pathlib.Path
    version: str


def torch_in(folder: pathlib.Path) -> Torch | None:
    """The PyTorch of a folder by the files that say its version; None when there is none."""
    for name, pattern in (("version.py", r"""^__version__\b[^=]*=\s*['"]([^'"]+)"""), ("build-version", r"^(\S+)")):
        file = folder / name
        found = re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE) if file.is_file() else None
        if found:
            return Torch(folder.resolve(), found[1])
    return None


def importable_torch() -> Torch | None:
    """The PyTorch that `import torch` would take, found without doing so; None when there is none."""
    try:
        spec = importlib.util.find_spec("torch")
    except ValueError:  # somebody's module of that name, without a place
        return None
    return torch_in(pathlib.Path(spec.origin).parent) if spec is not None and spec.origin else None


@functools.cache
def library_file() -> pathlib.Path:
    """The libtruenext.so of this process, whichever way it was found. UsageError when it was replaced meanwhile."""
    maps = pathlib.Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    found = re.search(r"(/.*/libtruenext\.so[.\d]*)$", maps, re.MULTILINE)
    if found is None:
        raise UsageError("truenext was installed anew while this process runs; start it again to use a device")
    return pathlib.Path(found[1])


@functools.cache
def library_fingerprint() -> str:
    """SHA-256 of the library: a plug-in belongs to one build of it, not to a version alone."""
    return hashlib.sha256(library_file().read_bytes()).hexdigest()


def cache_folder() -> pathlib.Path:
    """Where plug-ins lie, each in a folder by its two versions."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (pathlib.Path(base) if os.path.isabs(base) else pathlib.Path.home() / ".cache") / "truenext" / "device"


def folder_for(torch: Torch) -> pathlib.Path:
    """The folder of the plug-in for a PyTorch."""
    return cache_folder() / f"{version()}-{torch.version}"


def stamp_for(torch: Torch) -> dict[str, str]:
    """What a plug-in must have been built for, to be opened by this process."""
    return {
        "truenext": version(),
        "library": library_fingerprint(),
        "torch": torch.version,
        "torch_folder": str(torch.folder),
    }


def stamp_of(folder: pathlib.Path) -> dict[str, str] | None:
    """What the plug-in in a folder was built for; None where there is none, or half of one."""
    try:
        stamp = json.loads((folder / "stamp.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) and (folder / PLUGIN).is_file() else None


def _built() -> list[dict[str, str]]:
    """The stamps of all plug-ins of this version, newest first."""
    files = sorted(cache_folder().glob(f"{version()}-*/stamp.json"), key=os.path.getmtime, reverse=True)
    return [stamp for stamp in map(stamp_of, (file.parent for file in files)) if stamp is not None]


def _difference(stamp: dict[str, str], torch: Torch) -> str | None:
    """What a plug-in was built for and what there is instead; None when it fits."""
    wanted = stamp_for(torch)
    if stamp.get("torch") != wanted["torch"]:
        return f"torch {stamp.get('torch')}, and this Python has torch {torch.version}"
    if stamp.get("torch_folder") != wanted["torch_folder"]:
        return f"the torch in {stamp.get('torch_folder')}, and that of this Python is in {torch.folder}"
    if stamp != wanted:
        return f"another build of truenext than this {version()}"
    return None


def find() -> pathlib.Path:
    """The plug-in that fits. UsageError, in one sentence with the command to run, when there is none."""
    built = _built()
    torch = importable_torch()
    if torch is None and built:  # built with --torch FOLDER; no other LibTorch can come into this process
        torch = torch_in(pathlib.Path(built[0]["torch_folder"]))
    if torch is None:
        raise UsageError(
            "a device needs PyTorch, and this Python has none: install it (pip install torch), then run "
            f"`{COMMAND}`, or compute on the CPU"
        )
    stamp = stamp_of(folder_for(torch))
    if stamp is None and not built:
        raise UsageError(
            f"the plug-in for devices is not built for torch {torch.version}: run `{COMMAND}`, which takes a few "
            "minutes, or compute on the CPU"
        )
    difference = _difference(stamp or built[0], torch)
    if difference is not None:
        raise UsageError(f"the plug-in for devices was built for {difference}: run `{COMMAND}`")
    return folder_for(torch) / PLUGIN


def enable(device: object) -> None:
    """Before work of one of VERBS: lets the library find the plug-in, if the device needs it. UsageError when it does
    not fit. One that the user names goes before one beside the library, and that before the cache folder's.
    """
    if not isinstance(device, str) or not re.fullmatch(r"cuda(:\d+)?|aten-cpu", device):
        return
    named = os.environ.get(VARIABLE)
    # A process that we started, of another environment perhaps, inherits what was found here: it looks again.
    if named and cache_folder() not in pathlib.Path(named).parents:
        return
    if (library_file().parent / PLUGIN).exists():
        os.environ.pop(VARIABLE, None)
        return
    os.environ[VARIABLE] = str(find())
