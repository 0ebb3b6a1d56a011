#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the PyTorch twins compute what truenext computes? Takes files of benchmarks/step_dump and
compares, for every form of the twin, the loss (relative 1e-6) and the gradient of every tensor
(largest difference relative to its largest number, 1e-4), dropout off. Exit status 1 when anything
is further apart.

    twin_gate.py DUMP ... [--json FILE]
"""

import argparse
import json
import os
import pathlib
import sys
import tomllib

import numpy as np
import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "side_by_side"))

from examples import Batch
from files import read_safetensors
from gate import GRADIENT_LIMIT, LOSS_LIMIT, gradient_scale
from twins import twin_class


def relative(found, name, tensors):
    """Distance of a gradient; not-a-number is as far apart as can be."""
    difference = float(np.abs(found - tensors["grad/" + name]).max())
    if difference == 0:
        return 0.0
    scale = gradient_scale(name, tensors)
    return difference / scale if scale > 0 and np.isfinite(difference) else np.inf


def compare(path, tensors, metadata, form):
    """One line of the table."""
    config = tomllib.loads(metadata["config"])
    twin = twin_class(config["model"])(config, tensors, form)
    batch = Batch.of_dump(tensors)
    loss = twin.loss(batch)
    loss.backward()
    worst, worst_name = 0.0, ""
    for name, value in twin.weights.items():
        found = torch.zeros_like(value) if value.grad is None else value.grad
        difference = relative(found.numpy(), name, tensors)
        if difference > worst:
            worst, worst_name = difference, name
    expected = float(tensors["loss"][0])
    error = abs(loss.item() - expected) / abs(expected)
    return {
        "dump": path, "network": config["model"]["name"], "form": form, "torch": torch.__version__,
        "sequences": batch.size, "positions": len(batch.rows),
        "shortest": int(batch.lengths.min()), "longest": batch.longest,
        "loss": loss.item(), "loss_error": error, "gradient_error": worst,
        "worst_tensor": worst_name,
        "passed": error <= LOSS_LIMIT and worst <= GRADIENT_LIMIT,
    }


def print_line(result):
    lengths = f"{result['shortest']}-{result['longest']}"
    verdict = "equal  " if result["passed"] else "DIFFERS"
    where = f"{os.path.basename(result['dump'])} ({result['worst_tensor']})"
    print(f"{result['network']:<10} {result['form']:<10} {result['positions']:>9} {lengths:>8} "
          f"{result['loss']:>11.7f} {result['loss_error']:>9.1e} {result['gradient_error']:>9.1e}  "
          f"{verdict}  {where}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("dumps", nargs="+")
    parser.add_argument("--json", help="write the table here, too")
    arguments = parser.parse_args()
    results = []
    print("network    form       positions  lengths        loss loss err. grad err.  verdict  dump "
          "(worst tensor)")
    for path in arguments.dumps:
        tensors, metadata = read_safetensors(path)
        for form in twin_class(tomllib.loads(metadata["config"])["model"]).forms:
            results.append(compare(path, tensors, metadata, form))
            print_line(results[-1])
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    return 0 if all(result["passed"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
