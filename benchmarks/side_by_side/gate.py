#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the PyTorch variants compute what truenext computes? Takes files of benchmarks/step_dump and
compares the loss (relative 1e-6) and the gradient of every tensor (largest difference relative to
its largest number, 1e-4), dropout off. Exit status 1 when anything is further apart.

    gate.py DUMP ... [--variants published,tuned,compiled] [--json FILE]
"""

import argparse
import json
import os
import sys
import tomllib

import numpy as np
import torch

from files import read_safetensors
from models import Options
from variants import make_variant

LOSS_LIMIT = 1e-6
GRADIENT_LIMIT = 1e-4


def batch_of(tensors):
    """[(inputs, targets)] of a dump and its negatives or None. Every token is a position."""
    items, offsets = tensors["batch/items"], tensors["batch/offsets"]
    rows, targets = tensors["batch/rows"], tensors["batch/targets"]
    if not np.array_equal(rows, np.arange(len(items))):
        raise SystemExit("gate: the dump trains on a part of the positions only")
    batch = [(items[b:e], targets[b:e]) for b, e in zip(offsets[:-1], offsets[1:])]
    negatives = tensors.get("batch/negatives")
    return batch, None if negatives is None else torch.from_numpy(negatives.astype(np.int64))


def gradient_scale(name, tensors):
    """What a difference is relative to. A key bias moves all scores of a query alike, so its exact
    gradient is zero and only rounding is left; it is measured on the scale of the key weights."""
    if name.endswith("key.bias"):
        name = name.replace("bias", "weight")
    return float(np.abs(tensors["grad/" + name]).max())


def compare(path, tensors, metadata, variant_name):
    """One line of the table."""
    options = Options.from_toml(metadata["config"], int(metadata["items"]))
    objective = tomllib.loads(metadata["config"])["objective"]
    variant = make_variant(variant_name, options, objective)
    variant.encoder.load(tensors).train()
    loss = variant.loss(variant.collate(*batch_of(tensors)))
    loss.backward()
    expected = float(tensors["loss"][0])
    worst, worst_name = 0.0, ""
    for name, value in variant.encoder.named_parameters():
        wanted = tensors["grad/" + name]
        found = value.grad.numpy()
        difference = np.abs(found[: len(wanted)] - wanted).max() / gradient_scale(name, tensors)
        # The padding row of a table is nobody's and must stay so; not-a-number counts as far apart.
        stray = np.abs(found[len(wanted) :]).max(initial=0)
        distance = float(np.nan_to_num(max(difference, stray), nan=np.inf))
        if distance > worst:
            worst, worst_name = distance, name
    error = abs(loss.item() - expected) / abs(expected)
    lengths = [len(inputs) for inputs, _ in batch_of(tensors)[0]]
    return {
        "dump": path,
        "variant": variant_name,
        "torch": torch.__version__,
        "sequences": len(lengths),
        "shortest": min(lengths),
        "longest": max(lengths),
        "loss": loss.item(),
        "loss_error": error,
        "gradient_error": worst,
        "worst_tensor": worst_name,
        "passed": error <= LOSS_LIMIT and worst <= GRADIENT_LIMIT,
    }


def print_line(result):
    lengths = f"{result['shortest']}-{result['longest']}"
    verdict = "equal  " if result["passed"] else "DIFFERS"
    where = f"{os.path.basename(result['dump'])} ({result['worst_tensor']})"
    print(f"{result['variant']:<10} {result['sequences']:>9} {lengths:>8} {result['loss']:>11.7f}"
          f" {result['loss_error']:>9.1e} {result['gradient_error']:>9.1e}  {verdict}  {where}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("dumps", nargs="+")
    parser.add_argument("--variants", default="published,tuned")
    parser.add_argument("--json", help="write the table here, too")
    arguments = parser.parse_args()
    torch.manual_seed(1)
    results = []
    print(f"torch {torch.__version__}")
    print("variant    sequences  lengths        loss loss err. grad err.  verdict  dump (worst tensor)")
    for path in arguments.dumps:
        tensors, metadata = read_safetensors(path)
        for name in arguments.variants.split(","):
            result = compare(path, tensors, metadata, name)
            results.append(result)
            print_line(result)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    return 0 if all(result["passed"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
