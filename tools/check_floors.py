#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when an #include points up or sideways, or when LibTorch is met outside its folders."""

import pathlib
import re
import sys

# Floors, lowest first: base < kernels, data < net, batch < objectives, inference
# < eval, interop < teachers, run < compare < train < cli and the plug-ins < c_api. What a module may include, besides itself:
MAY_INCLUDE = {
    "base": "",
    "kernels": "base",
    "data": "base",
    "net": "base kernels",
    "batch": "base data",
    "objectives": "base kernels batch",
    "inference": "base kernels data net",
    "eval": "base kernels data net inference",
    "teachers": "base kernels data net batch objectives inference eval",
    "interop": "base data net inference",
    "run": "base data net batch inference objectives eval",
    "compare": "base eval run",
    "train": "base kernels data net batch objectives inference eval teachers run",
    "mpi": "train",
    "torch": "base kernels data net batch objectives inference eval run train",
    "serve": "base data net inference eval run",
    "cli": "base kernels data net batch objectives inference eval teachers interop run compare train serve",
    "c_api": "base data net inference eval run cli",
}
# Folders of src/ and tests/ whose files may include LibTorch.
TORCH_FOLDERS = {"torch"}
TORCH_ROOTS = {"torch", "ATen", "c10", "caffe2"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
SUFFIXES = {".h", ".cpp", ".cu", ".cuh", ".inc"}


def includes(path: pathlib.Path):
    """Place, kind of quote and target of every #include of a file."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if match := INCLUDE.match(line):
            yield f"{path}:{number}", *match.groups()


def is_libtorch(quote: str, target: str) -> bool:
    """Our own src/torch is included by "torch/...", LibTorch's folders by <torch/...>."""
    root, slash, _ = target.partition("/")
    return root in TORCH_ROOTS and slash != "" and (root != "torch" or quote == "<")


def torch_complaints(path: pathlib.Path, folder: str):
    for where, quote, target in includes(path):
        if not is_libtorch(quote, target):
            continue
        if folder not in TORCH_FOLDERS:
            yield f"{where}: {folder} may not include LibTorch ({target})"
        elif target in ("torch/torch.h", "torch/all.h"):
            yield f"{where}: never the umbrella {target}; include what is used"


def floor_complaints(path: pathlib.Path, module: str):
    allowed = set(MAY_INCLUDE[module].split()) | {module}
    for where, quote, target in includes(path):
        root = target.split("/")[0]
        if is_libtorch(quote, target):
            continue
        if root in MAY_INCLUDE and "/" in target:
            if root not in allowed:
                yield f"{where}: {module} may not include {root} ({target})"
        elif quote == '"' and not (path.parent / target).exists():
            yield f"{where}: write the path from src/, as in \"{module}/{target}\""


def sources(top: pathlib.Path):
    """Source files below a folder, each with the name of its folder in there."""
    for folder in sorted(p for p in top.iterdir() if p.is_dir()):
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES:
                yield path, folder.name


def main() -> int:
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    source = top / "src"
    found = []
    files = 0
    for path, module in sources(source):
        files += 1
        found += torch_complaints(path, module)
        if module in MAY_INCLUDE:
            found += floor_complaints(path, module)
        else:
            found.append(f"{path}: a module that tools/check_floors.py does not know")
    for path, folder in sources(top / "tests"):
        found += torch_complaints(path, folder)
    if files == 0:
        found.append(f"{source}: no source files, nothing was checked")
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    print(f"check_floors: {files} files, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
