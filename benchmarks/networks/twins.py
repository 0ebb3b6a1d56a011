# SPDX-License-Identifier: Apache-2.0
"""Networks of truenext in PyTorch, written from their formulas for speed: vectorised, padded to the
longest sequence of a batch, nothing in a Python loop over time. Where two ways of writing one are
plausible it has two forms; all of them are compared and the fastest is the opponent.

A twin is made from a configuration and weights by canonical name (tensors of a file of
benchmarks/step_dump), so that it starts where ours does."""

import torch
import torch.nn.functional as F
from torch import nn


class Twin:
    """forms: the ways in which it can be written, the first the obvious one."""

    forms = ("padded",)

    def __init__(self, config, tensors, form):
        self.model, self.form = config["model"], form
        self.weights = {name: nn.Parameter(torch.from_numpy(value.copy()))
                        for name, value in tensors.items()
                        if "/" not in name and name != "loss"}
        self.rate = self.model["dropout"]
        self.training = True

    def states(self, batch):
        """[positions, hidden_size] of the trained positions."""
        raise NotImplementedError

    def loss(self, batch):
        scores = self.states(batch) @ self.table.t()
        return F.cross_entropy(scores, torch.from_numpy(batch.targets))

    @property
    def table(self):
        name = "item_embedding.weight" if self.model["tie_embeddings"] else "output_embedding.weight"
        return self.weights[name]

    def items(self, batch):
        """Vectors of the tokens, packed."""
        return F.embedding(torch.from_numpy(batch.items), self.weights["item_embedding.weight"])

    def linear(self, x, name):
        return F.linear(x, self.weights[name + ".weight"], self.weights.get(name + ".bias"))

    def norm(self, x, name, epsilon):
        shape = (x.shape[-1],)
        return F.layer_norm(x, shape, self.weights[name + ".weight"], self.weights[name + ".bias"],
                            epsilon)

    def drop(self, x, rate=None):
        return F.dropout(x, self.rate if rate is None else rate, self.training)

    def optimizer(self):
        return torch.optim.Adam(self.weights.values(), lr=1e-3, fused=True)


def twin_class(model):
    """Of the section [model] of a configuration."""
    # Imported here because the networks import this file.
    from attention import Bert4Rec, SasRec
    from convolutional import Caser, NextItNet
    from recurrent import Gru4Rec, Narm
    from sessions import SrGnn

    known = {"gru4rec": Gru4Rec, "narm": Narm, "nextitnet": NextItNet, "caser": Caser,
             "sr-gnn": SrGnn, "bert4rec": Bert4Rec, "sasrec": SasRec}
    if model["name"] not in known:
        raise SystemExit(f"no PyTorch twin of {model['name']} here; there are {', '.join(known)}")
    if model["padding"] != "none":
        raise SystemExit(f"no PyTorch twin of {model['name']} that sees its padding")
    return known[model["name"]]
