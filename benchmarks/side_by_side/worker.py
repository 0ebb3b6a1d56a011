#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One PyTorch contestant of run.py in a process of its own: a JSON object on the command line says
what it is, every line {"seconds": s, "at_least": n} on standard input is answered by a line with
[wall seconds, CPU seconds, count] of as many repeats as fit. Sampling negatives and building the
batch are inside the clock, reading the dataset is not."""

import json
import os
import random
import resource
import sys
import time
import tomllib

import torch

from evaluation import make_evaluation
from files import Dataset, read_safetensors
from models import Options
from variants import make_variant


def blas_libraries():
    """What does the matrix products, as far as it is a library of its own (numpy's is not asked)."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {line.split()[-1] for line in maps if ".so" in line}
    names = ("blas", "mkl", "blis")
    return sorted(path for path in paths if "numpy" not in path
                  and any(name in os.path.basename(path) for name in names))


class Training:
    """Steps over shuffled users; a repeat is a step, its count the real positions."""

    def __init__(self, job, config):
        dataset = Dataset(job["data"])
        options = Options.from_toml(job["config"], dataset.num_items)
        self.variant = make_variant(job["variant"], options, config["objective"])
        self.variant.encoder.start_small(seed=1).train()
        self.optimizer = self.variant.optimizer()
        self.size = job["batch_size"]
        self.sorted = job["variant"] == "sorted"
        self.windows = dataset.windows(options.max_length)
        self.random = random.Random(42)
        self.queue = []
        for _ in range(job["warm_up"]):
            self.repeat()

    def fill_queue(self):
        users = list(range(len(self.windows)))
        self.random.shuffle(users)
        if self.sorted:
            users.sort(key=lambda user: len(self.windows[user][0]))
        full = len(users) // self.size * self.size
        self.queue = [users[i : i + self.size] for i in range(0, full, self.size)]
        self.random.shuffle(self.queue)

    def repeat(self):
        if not self.queue:
            self.fill_queue()
        batch = [self.windows[user] for user in self.queue.pop()]
        loss = self.variant.loss(self.variant.collate(batch))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return sum(len(inputs) for inputs, _ in batch)


class Evaluating:
    """Some batches of test users at a time; the count is the users."""

    def __init__(self, job, config):
        del config
        dataset = Dataset(job["data"])
        weights, _ = read_safetensors(job["model"])
        options = Options.from_toml(job["config"], dataset.num_items)
        self.evaluation = make_evaluation(job["variant"], options, weights, dataset.test_queries())
        self.next = 0
        self.repeat()

    def repeat(self):
        count = 0
        for _ in range(self.evaluation.batches_per_repeat):
            batch = self.evaluation.batches[self.next % len(self.evaluation.batches)]
            self.next += 1
            self.evaluation.ndcg(batch)
            count += len(batch)
        return count

    def quality(self):
        gains = [gain for batch in self.evaluation.batches for gain in self.evaluation.ndcg(batch)]
        return sum(gains) / len(gains)


def measure(task, command):
    samples, begin = [], time.monotonic()
    while len(samples) < command["at_least"] or time.monotonic() - begin < command["seconds"]:
        wall, cpu = time.monotonic(), time.process_time()
        count = task.repeat()
        samples.append([time.monotonic() - wall, time.process_time() - cpu, count])
    return samples


def reply(answer):
    answer["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(answer), flush=True)


def main():
    job = json.loads(sys.argv[1])
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(42)
    config = tomllib.loads(job["config"])
    task = (Evaluating if job["model"] else Training)(job, config)
    reply({
        "torch": torch.__version__,
        "torch_config": torch.__config__.show(),
        "python": sys.version.split()[0],
        "blas": [os.path.basename(path) for path in blas_libraries()],
        "reference_blas": any("/blas/libblas" in path for path in blas_libraries()),
        "threads": torch.get_num_threads(),
    })
    for line in sys.stdin:
        command = json.loads(line)
        if command.get("quality"):
            reply({"quality": task.quality()})
        else:
            reply({"samples": measure(task, command)})


if __name__ == "__main__":
    main()
