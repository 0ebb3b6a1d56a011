#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when an #include points up or sideways, or when LibTorch is met below its floor."""

import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": "",
    "kernels": "base",
    "data": "base",
    "batch": "base data",
    "objectives": "base kernels batch",
    "inference": "base kernels data",
    "eval": "base kernels data inference",
    "interop": "base data inference",
    "run": "base data inference objectives",
    "compare": "base eval run",
    "nn": "base kernels batch inference",
    "models": "base batch inference nn",
    "train": "base kernels data batch objectives inference eval run nn models",
    "cli": "base kernels data batch objectives inference eval interop run compare nn models train",
}
TORCH_MODULES = {"nn", "models", "train"}
TORCH_ROOTS = {"torch", "ATen", "c10", "caffe2"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def complaints(path: pathlib.Path, module: str):
    allowed = set(MAY_INCLUDE[module].split()) | {module}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, target = match.groups()
        root = target.split("/")[0]
        where = f"{path}:{number}"
        if root in TORCH_ROOTS and "/" in target:
            if module not in TORCH_MODULES:
                yield f"{where}: {module} may not include LibTorch ({target})"
            elif target in ("torch/torch.h", "torch/all.h"):
                yield f"{where}: never the umbrella {target}; include what is used"
        elif root in MAY_INCLUDE and "/" in target:
            if root not in allowed:
                yield f"{where}: {module} may not include {root} ({target})"
        elif quote == '"' and not (path.parent / target).exists():
            yield f"{where}: write the path from src/, as in \"{module}/{target}\""


def main() -> int:
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    source = top / "src"
    found = []
    files = 0
    for folder in sorted(p for p in source.iterdir() if p.is_dir()):
        if folder.name not in MAY_INCLUDE:
            found.append(f"{folder}: a module that tools/check_floors.py does not know")
            continue
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".h", ".cpp", ".cu", ".cuh", ".inc"}:
                files += 1
                found += complaints(path, folder.name)
    if files == 0:
        found.append(f"{source}: no source files, nothing was checked")
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    print(f"check_floors: {files} files, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
