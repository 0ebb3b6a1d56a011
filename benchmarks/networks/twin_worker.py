#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One PyTorch twin of compare.py in a process of its own, spoken to as side_by_side/worker.py is.
Drawing examples, hiding inputs, graphs and padding are inside the clock, reading the dataset is not;
the count of a step is its trained positions."""

import json
import os
import pathlib
import sys
import tomllib

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "side_by_side"))

from examples import Examples
from files import Dataset, read_safetensors
from twins import twin_class
from worker import measure, reply


class Training:
    def __init__(self, job):
        tensors, _ = read_safetensors(job["weights"])
        config = tomllib.loads(job["config"])
        self.examples = Examples(Dataset(job["data"]), config, seed=42)
        self.twin = twin_class(config["model"])(config, tensors, job["form"])
        self.optimizer = self.twin.optimizer()
        for _ in range(job["warm_up"]):
            self.repeat()

    def repeat(self):
        batch = self.examples.batch()
        loss = self.twin.loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return len(batch.rows)


def main():
    job = json.loads(sys.argv[1])
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(42)
    task = Training(job)
    reply({"torch": torch.__version__, "torch_config": torch.__config__.show(),
           "python": sys.version.split()[0]})
    for line in sys.stdin:
        reply({"samples": measure(task, json.loads(line))})


if __name__ == "__main__":
    main()
