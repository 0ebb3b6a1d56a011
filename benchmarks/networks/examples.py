# SPDX-License-Identifier: Apache-2.0
"""Batches as flat arrays, and what makes them from a prepared dataset, as truenext's batcher does
(decision 0020): a user's newest window or every prefix of it; trained at all positions, the newest
or masked ones."""

import dataclasses

import numpy as np
import torch


def ranges(starts, lengths):
    """starts[0], starts[0] + 1, ... lengths[0] of them, then those of starts[1], ..."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)


@dataclasses.dataclass
class Batch:
    """Packed sequences, and which of their tokens are trained towards which item."""

    items: np.ndarray  # [tokens]
    offsets: np.ndarray  # [sequences + 1]
    rows: np.ndarray  # [positions], packed tokens, ascending
    targets: np.ndarray  # [positions]
    hidden: np.ndarray | None = None  # [tokens] bool

    def __post_init__(self):
        self.lengths = np.diff(self.offsets)
        self.size, self.longest = len(self.lengths), int(self.lengths.max())
        self.places = np.arange(len(self.items)) - np.repeat(self.offsets[:-1], self.lengths)
        self.owners = np.repeat(np.arange(self.size), self.lengths)

    def cells(self, width=None, right=False):
        """Where every token lies in a padded matrix [sequences * width], by default as wide as the
        longest sequence, histories at the left or at the right end."""
        width = width or self.longest
        shift = width - self.lengths[self.owners] if right else 0
        return torch.from_numpy(self.owners * width + shift + self.places)

    @property
    def real(self):
        """[sequences, longest]: true where there is a token, at the left."""
        return torch.arange(self.longest) < torch.from_numpy(self.lengths)[:, None]

    @staticmethod
    def of_dump(tensors):
        """The batch of a file of benchmarks/step_dump."""
        hidden = tensors.get("batch/hidden")
        wide = {name: tensors["batch/" + name].astype(np.int64)
                for name in ("items", "offsets", "rows", "targets")}
        return Batch(**wide, hidden=None if hidden is None else hidden.astype(bool))


def spread(x, cells, size, width):
    """Rows of tokens in a padded tensor [size, width, ...] of zeros."""
    padded = x.new_zeros((size * width,) + x.shape[1:]).index_copy(0, cells, x)
    return padded.view((size, width) + x.shape[1:])


def collect(x, cells):
    """The rows of some cells of a padded tensor."""
    return x.flatten(0, 1).index_select(0, cells)


class Examples:
    """Shuffled batches without end."""

    def __init__(self, dataset, config, seed):
        self.items = dataset.items.astype(np.int64)
        self.masked = config["objective"]["positions"] == "masked"
        self.prefixes = config["train"]["examples"] == "prefixes"
        self.last = config["objective"]["positions"] == "last"
        self.drop = config["train"]["input_drop"]
        self.batch_size = config["train"]["batch_size"]
        self.random = np.random.default_rng(seed)
        longest = config["model"]["max_length"]
        users = np.flatnonzero(dataset.train_end >= 2)
        ends = dataset.offsets[users] + dataset.train_end[users]
        inputs = dataset.train_end[users] - (0 if self.masked else 1)
        windows = np.minimum(inputs, longest)
        if self.prefixes:
            # The newest `window` targets, and before each as much as the model sees.
            targets = ranges(ends - windows, windows)
            begins = np.repeat(dataset.offsets[users], windows)
            self.lengths = np.minimum(targets - begins, longest)
            self.starts = targets - self.lengths
        else:
            self.lengths = windows
            self.starts = ends - (0 if self.masked else 1) - windows
        self.order, self.next = np.zeros(0, dtype=np.int64), 0

    def batch(self):
        if self.next + self.batch_size > len(self.order):
            self.order, self.next = self.random.permutation(len(self.lengths)), 0
        chosen = self.order[self.next : self.next + self.batch_size]
        self.next += self.batch_size
        lengths = self.lengths[chosen]
        tokens = ranges(self.starts[chosen], lengths)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        items = self.items[tokens]
        if self.masked:
            hidden = self.random.random(len(items)) < self.drop
            rows = np.flatnonzero(hidden)
            return Batch(items, offsets, rows, items[rows], hidden)
        newest_only = self.prefixes or self.last
        rows = offsets[1:] - 1 if newest_only else np.arange(len(items))
        return Batch(items, offsets, rows, self.items[tokens[rows] + 1])
