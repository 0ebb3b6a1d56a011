# SPDX-License-Identifier: Apache-2.0
"""Ways to do one training step in PyTorch, all with the same loss and gradients (gate.py checks).

    published   sampled: padded [B, L], negatives for every column, the vectors of all candidates
                looked up as [B, L, K + 1, d], gBCE in float64 by the transformed positive score
                full catalogue: every prefix of a user is a padded sample of its own, cross-entropy
                at its last position, as RecBole trains
    tuned       one padded causal pass, trimmed to the longest sequence of the batch; loss in its
                direct form at real positions only; scores by one product with the whole table where
                that is cheaper than looking candidates up
    packed      tuned, and everything but attention works on real positions only
    compiled    tuned under torch.compile, without trimming (fixed shapes)
    sorted      tuned, on batches of users of similar length: other batches than everybody else's
"""

import numpy as np
import torch
import torch.nn.functional as F

from models import Encoder, pad

EPSILON = 1e-10


def beta_of(objective, items):
    if objective["criterion"] == "bce":
        return 1.0
    alpha = objective["negatives"] / (items - 1)
    t = objective["gbce_t"]
    return t * alpha + (1 - t)


def flat(lists):
    return torch.from_numpy(np.concatenate(lists).astype(np.int64))


class Variant:
    """One model, one way to train it. A batch is a list of (inputs, targets) as numpy arrays."""

    form = "masked"  # of the encoder

    def __init__(self, options, objective):
        self.options, self.objective = options, objective
        self.encoder = Encoder(options, self.form)
        self.full = objective["candidates"] == "full"

    def collate(self, batch, negatives=None):
        """Everything the loss needs; draws negatives [positions, K] unless they are given."""
        raise NotImplementedError

    def loss(self, collated):
        raise NotImplementedError

    def optimizer(self):
        return torch.optim.Adam(self.encoder.parameters(), lr=1e-3)


class PublishedSampled(Variant):
    form = "published"

    def collate(self, batch, negatives=None):
        options, count = self.options, self.objective["negatives"]
        inputs = pad([s for s, _ in batch], options, options.max_length)
        labels = pad([t for _, t in batch], options, options.max_length)
        # The original draws a column more than it uses.
        shape = (len(batch), options.max_length + 1, count)
        drawn = torch.randint(0, options.items, shape)[:, 1:]
        if negatives is not None:
            drawn[inputs != options.padding] = negatives
        return inputs, torch.cat([labels[:, :, None], drawn], dim=-1)

    def loss(self, collated):
        inputs, candidates = collated
        states = self.encoder(inputs)
        table = self.encoder.output_embedding or self.encoder.item_embedding
        scores = torch.einsum("bld,blkd->blk", states, table(candidates)).double()
        positive = self.transform(scores[:, :, :1])
        scores = torch.cat([positive, scores[:, :, 1:]], dim=-1)
        wanted = torch.zeros_like(scores)
        wanted[:, :, 0] = 1
        losses = F.binary_cross_entropy_with_logits(scores, wanted, reduction="none").mean(-1)
        real = (inputs != self.options.padding).to(losses.dtype)
        return (losses * real).sum() / real.sum()

    def transform(self, positive):
        """The score whose plain BCE is the positive's gBCE."""
        largest = torch.finfo(torch.float64).max
        beta = beta_of(self.objective, self.options.items)
        u = torch.sigmoid(positive).clamp(EPSILON, 1 - EPSILON)
        v = u.pow(-beta).clamp(1 + EPSILON, largest)
        return (1 / (v - 1)).clamp(EPSILON, largest).log()


class PrefixFull(Variant):
    def collate(self, batch, negatives=None):
        samples, targets = [], []
        for inputs, wanted in batch:
            for end in range(1, len(inputs) + 1):
                samples.append(inputs[:end])
                targets.append(wanted[end - 1])
        last = torch.tensor([len(sample) - 1 for sample in samples])
        items = pad(samples, self.options, self.options.max_length)
        return items, last, torch.tensor(targets, dtype=torch.int64)

    def loss(self, collated):
        items, last, targets = collated
        states = self.encoder(items)[torch.arange(len(last)), last]
        scores = states @ self.encoder.table[: self.options.items].t()
        return F.cross_entropy(scores, targets)


class Tuned(Variant):
    trimmed = True

    def collate(self, batch, negatives=None):
        options = self.options
        longest = max(len(inputs) for inputs, _ in batch)
        inputs = pad([s for s, _ in batch], options, longest if self.trimmed else options.max_length)
        targets = flat([t for _, t in batch])
        if self.full:
            return inputs, targets, None
        if negatives is None:
            negatives = torch.randint(0, options.items, (len(targets), self.objective["negatives"]))
        return inputs, targets, torch.cat([targets[:, None], negatives], dim=1)

    def loss(self, collated):
        inputs, targets, candidates = collated
        states = self.encoder(inputs)[inputs != self.options.padding]
        return self.loss_of_states(states, targets, candidates)

    def loss_of_states(self, states, targets, candidates):
        table = self.encoder.table
        if self.full:
            return F.cross_entropy(states @ table[: self.options.items].t(), targets)
        if self.dense:
            scores = (states @ table.t()).gather(1, candidates)
        else:
            vectors = F.embedding(candidates, table)
            scores = torch.bmm(vectors, states[:, :, None]).squeeze(2)
        beta = beta_of(self.objective, self.options.items)
        losses = beta * F.softplus(-scores[:, 0]) + F.softplus(scores[:, 1:]).sum(1)
        return losses.mean() / scores.shape[1]

    @property
    def dense(self):
        """A product moves items floats per position and uses every core well; looking up moves
        candidates x dim, and as much again for the gradient."""
        return self.options.items < (self.objective["negatives"] + 1) * self.options.hidden_size

    def optimizer(self):
        try:
            return torch.optim.Adam(self.encoder.parameters(), lr=1e-3, fused=True)
        except (TypeError, RuntimeError):  # older versions have it for GPUs only or not at all
            return super().optimizer()


class PackedTuned(Tuned):
    form = "packed"

    def loss(self, collated):
        inputs, targets, candidates = collated
        return self.loss_of_states(self.encoder(inputs), targets, candidates)


class Compiled(Tuned):
    trimmed = False

    def __init__(self, options, objective):
        super().__init__(options, objective)
        self.compiled_encoder = torch.compile(self.encoder, dynamic=False)
        self.compiled_loss = torch.compile(self.loss_of_states, dynamic=True)

    def loss(self, collated):
        inputs, targets, candidates = collated
        states = self.compiled_encoder(inputs)[inputs != self.options.padding]
        return self.compiled_loss(states, targets, candidates)


def make_variant(name, options, objective):
    full = objective["candidates"] == "full"
    kinds = {
        "published": PrefixFull if full else PublishedSampled,
        "tuned": Tuned,
        "packed": PackedTuned,
        "sorted": Tuned,
        "compiled": Compiled,
    }
    return kinds[name](options, objective)
