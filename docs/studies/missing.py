# SPDX-License-Identifier: Apache-2.0
"""Where the misses of runs are, by what the training part knows of a test target (quality.md).

    missing.py DATASET RUN [RUN ...]      # runs evaluated on the test part; the first one's misses are shared out
"""
import collections
import csv
import sys

import numpy as np


def read_runs(runs, users):
    columns = []
    for run in runs:
        with open(f"{run}/per_user.tsv", encoding="utf-8") as file:
            columns.append(np.array([float(row["ndcg@10"]) for row in csv.DictReader(file, delimiter="\t")]))
        if len(columns[-1]) != users:
            sys.exit(f"{run}: {len(columns[-1])} users, the dataset has {users}")
    return columns


def bounds(values, starts):
    ends = [*starts[1:], None]
    return [(f"{low}" if high == low + 1 else f"{low} to {high - 1}" if high else f"{low} and more",
             (values >= low) & ((values < high) if high else True)) for low, high in zip(starts, ends)]


def main():
    data, runs = sys.argv[1], sys.argv[2:]
    items, offsets = np.fromfile(f"{data}/items.bin", np.int32), np.fromfile(f"{data}/offsets.bin", np.int64)
    target = offsets[1:] - 1  # leave-last: the test part; the one before is for validation
    training = np.ones(len(items), bool)
    training[target] = training[target - 1] = False
    counts = np.bincount(items[training], minlength=items.max() + 1)
    followers = collections.Counter()
    for begin, end in zip(offsets[:-1], offsets[1:] - 2):
        followers.update(zip(items[begin:end - 1], items[begin + 1:end]))
    pairs = np.array([followers[items[t - 1], items[t]] for t in target])
    values = read_runs(runs, len(target))
    missed = values[0] == 0
    for name, groups in (("training events of the target", bounds(counts[items[target]], [0, 1, 5, 10, 20, 50])),
                         ("events of the history", bounds(np.diff(offsets) - 1, [1, 5, 10, 20, 50])),
                         ("times that the target followed the newest item in training", bounds(pairs, [0, 1, 2]))):
        print(f"\n| {name} | users | misses | {' | '.join(runs)} |\n|---|---|---|{'---|' * len(runs)}")
        for label, mask in groups:
            if mask.any():
                print(f"| {label} | {mask.mean():.1%} | {(missed & mask).sum() / missed.sum():.1%} | "
                      + " | ".join(f"{column[mask].mean():.4f}" for column in values) + " |")


if __name__ == "__main__":
    main()
