# SPDX-License-Identifier: Apache-2.0
"""Two ways to rank the catalogue for every test user in PyTorch.

    published   batches of 512 padded windows, all positions encoded though only the last counts,
                seen items struck out one by one, top list turned into Python objects
    tuned       the same encoder on batches of similar length, seen items struck out by one index
                operation, ranks by comparison
"""

import dataclasses
import math

import numpy as np
import torch

from models import Encoder, pad

LISTED = 10
USERS = 512


@dataclasses.dataclass
class Scored:
    item: int
    score: float


class Published:
    form = "published"

    def __init__(self, options, weights, queries):
        self.options, self.queries = options, queries
        self.encoder = Encoder(options, self.form).load(weights).eval()
        self.batches = [queries[i : i + USERS] for i in range(0, len(queries), USERS)]
        self.batches_per_repeat = 1

    def scores(self, batch, length):
        options = self.options
        windows = pad([history[-length:] for history, _ in batch], options, length)
        last = torch.tensor([-1 if options.pads_left else min(len(history), length) - 1
                             for history, _ in batch])
        with torch.no_grad():
            states = self.encoder(windows)[torch.arange(len(batch)), last]
            return states @ self.encoder.table[: options.items].t()

    def ndcg(self, batch):
        """nDCG@10 of every user of the batch, one held-out item each."""
        scores = self.scores(batch, self.options.max_length)
        for row, (history, held_out) in enumerate(batch):
            target = int(held_out[0])
            for item in history.tolist():
                if item != target:
                    scores[row, item] = -math.inf
        values, items = torch.topk(scores, LISTED)
        gains = []
        for row, (_, held_out) in enumerate(batch):
            answer = [Scored(int(i), float(s)) for i, s in zip(items[row], values[row])]
            target = int(held_out[0])
            ranks = [rank for rank, entry in enumerate(answer) if entry.item == target]
            gains.append(1 / math.log2(ranks[0] + 2) if ranks else 0.0)
        return gains


class Tuned(Published):
    form = "masked"

    def __init__(self, options, weights, queries):
        super().__init__(options, weights, sorted(queries, key=lambda query: len(query[0])))
        self.batches_per_repeat = len(self.batches)  # short windows cost less than long ones

    def ndcg(self, batch):
        longest = max(len(history) for history, _ in batch)
        scores = self.scores(batch, min(longest, self.options.max_length))
        wanted = torch.tensor([int(held_out[0]) for _, held_out in batch])
        rows = np.repeat(np.arange(len(batch)), [len(history) for history, _ in batch])
        columns = np.concatenate([history for history, _ in batch]).astype(np.int64)
        own = scores[torch.arange(len(batch)), wanted]
        scores[torch.from_numpy(rows), torch.from_numpy(columns)] = -math.inf
        scores[torch.arange(len(batch)), wanted] = own
        ranks = (scores > own[:, None]).sum(1)
        gains = 1 / torch.log2(ranks.double() + 2)
        return torch.where(ranks < LISTED, gains, torch.zeros_like(gains)).tolist()


def make_evaluation(name, options, weights, queries):
    return {"published": Published, "tuned": Tuned}[name](options, weights, queries)
