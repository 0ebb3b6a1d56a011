# SPDX-License-Identifier: Apache-2.0
"""SASRec and BERT4Rec of post-norm blocks,

    y = LN(z + W A(z, z));  z = LN(y + F(y)),

with PyTorch's scaled_dot_product_attention. Forms: everything padded, or only attention padded and
all else on real tokens."""

import torch
import torch.nn.functional as F

from examples import collect, spread
from twins import Twin

EPSILON = 1e-12


class Transformer(Twin):
    forms = ("padded", "packed")
    causal = True

    def __init__(self, config, tensors, form):
        super().__init__(config, tensors, form)
        if self.model["block"] != "post-norm":
            raise SystemExit(f"no PyTorch twin of block {self.model['block']} here")

    def embed(self, batch):
        """[tokens, d]"""
        x = self.items(batch)
        if batch.hidden is not None:
            hidden = torch.from_numpy(batch.hidden)[:, None]
            x = torch.where(hidden, self.weights["mask_embedding"], x)
        places = batch.places
        if self.model["positions"] == "from-end":
            places = places + self.model["max_length"] - batch.lengths[batch.owners]
        x = x + F.embedding(torch.from_numpy(places), self.weights["position_embedding.weight"])
        return self.drop(self.norm(x, "embedding_norm", EPSILON))

    def attend(self, z, prefix, batch, cells, mask):
        """Histories lie at the left, so causal attention never meets padding."""
        names = [f"{prefix}{part}" for part in ("query", "key", "value")]
        weight = torch.cat([self.weights[name + ".weight"] for name in names])
        bias = torch.cat([self.weights[name + ".bias"] for name in names])
        maps = F.linear(z, weight, bias)
        if self.form == "packed":
            maps = spread(maps, cells, batch.size, batch.longest)
        heads = self.model["num_heads"]
        query, key, value = maps.unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=self.causal,
            dropout_p=self.rate if self.training else 0.0)
        out = out.transpose(1, 2).flatten(2)
        return collect(out, cells) if self.form == "packed" else out

    def states(self, batch):
        cells, z = batch.cells(), self.embed(batch)
        mask = None if self.causal else batch.real[:, None, None, :]
        if self.form == "padded":
            z = spread(z, cells, batch.size, batch.longest)
        for block in range(self.model["num_blocks"]):
            prefix = f"blocks.{block}."
            attended = self.linear(self.attend(z, prefix, batch, cells, mask), prefix + "output")
            y = self.norm(z + self.drop(attended), prefix + "attention_norm", EPSILON)
            inner = F.gelu(self.linear(y, prefix + "ffn1"))
            z = self.norm(y + self.drop(self.linear(inner, prefix + "ffn2")), prefix + "ffn_norm",
                          EPSILON)
        rows = torch.from_numpy(batch.rows)
        return z.index_select(0, rows) if self.form == "packed" else collect(z, cells[rows])


class SasRec(Transformer):
    pass


class Bert4Rec(Transformer):
    causal = False

    def states(self, batch):
        head = F.gelu(self.linear(super().states(batch), "head"))
        return self.norm(head, "head_norm", EPSILON)
