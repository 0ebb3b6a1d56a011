# SPDX-License-Identifier: Apache-2.0
"""The SASRec family in PyTorch on padded batches, written from the formulas.

Two blocks (LN = layer norm, A = causal attention, F = two linear maps with an activation between):

    gsasrec    q = LN(z); y = LN(q + A(q, z)); z = y + F(y)        relu, padding on the left
    post-norm  y = LN(z + W A(z, z)); z = LN(y + F(y))             gelu, as RecBole's SASRec

Item ids are 0-based; the id `items` is padding. Tensors carry the names of truenext's model files.
"""

import dataclasses
import math
import tomllib

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass
class Options:
    items: int
    block: str
    hidden_size: int
    num_blocks: int
    num_heads: int
    inner_size: int
    max_length: int
    dropout: float
    positions: str
    tie_embeddings: bool

    @staticmethod
    def from_toml(text, items):
        model = tomllib.loads(text)["model"]
        if model["name"] != "sasrec" or model["block"] not in ("gsasrec", "post-norm"):
            raise SystemExit(f"no PyTorch twin of block {model['block']} of {model['name']} here")
        fields = {field.name for field in dataclasses.fields(Options)} - {"items"}
        return Options(items=items, **{key: model[key] for key in fields})

    @property
    def padding(self):
        return self.items

    @property
    def pads_left(self):
        return self.positions == "from-end"


def published_attention(options, query, key, value, z, drop):
    """Padding is recognised by rows of zeros in z, masked with minus infinity; rows that see
    nothing come out of the softmax as not-a-number and are set to zero, as in the gSASRec port."""
    batch, length, dim = query.shape
    heads = options.num_heads

    def split(x):
        return torch.cat(torch.split(x, dim // heads, dim=2), dim=0)

    query, key, value = split(query), split(key), split(value)
    scores = torch.bmm(query, key.transpose(1, 2)) / math.sqrt(dim // heads)
    seen = torch.sign(z.abs().sum(-1)).repeat(heads, 1)[:, None, :].expand(-1, length, -1)
    scores = torch.where(seen == 0, torch.full_like(scores, -math.inf), scores)
    later = torch.triu(torch.ones(length, length), diagonal=1)[None].expand(batch * heads, -1, -1)
    scores = torch.where(later == 1, torch.full_like(scores, -math.inf), scores)
    weights = torch.softmax(scores, dim=-1)
    weights = torch.where(torch.isnan(weights), torch.zeros_like(weights), weights)
    asking = torch.sign(query.abs().sum(-1))[:, :, None]
    out = torch.bmm(drop(weights * asking), value)
    return torch.cat(torch.split(out, batch, dim=0), dim=2)


def masked_attention(options, query, key, value, mask, drop):
    """One additive mask for all blocks, heads as a dimension of their own."""
    batch, length, dim = query.shape
    heads = options.num_heads

    def split(x):
        return x.view(batch, length, heads, dim // heads).transpose(1, 2)

    scores = split(query) @ split(key).transpose(2, 3) * (1 / math.sqrt(dim // heads)) + mask
    out = drop(torch.softmax(scores, dim=-1)) @ split(value)
    return out.transpose(1, 2).reshape(batch, length, dim)


class Packed:
    """Real positions only: [N, d] everywhere but inside attention."""

    def __init__(self, options, real):
        self.shape = real.shape
        self.index = real.reshape(-1).nonzero().squeeze(1)
        self.mask = attention_mask(options, real)

    def spread(self, x):
        rows = x.new_zeros(self.shape[0] * self.shape[1], x.shape[1])
        return rows.index_copy(0, self.index, x).view(*self.shape, x.shape[1])

    def collect(self, x):
        return x.reshape(-1, x.shape[-1]).index_select(0, self.index)


def attention_mask(options, real):
    """Additive [B or 1, 1, T, T]. Padding on the right needs the causal part only; padding on the
    left may see itself, so that no row is empty."""
    length = real.shape[1]
    allowed = torch.ones(length, length, dtype=torch.bool).tril()[None]
    if options.pads_left:
        allowed = (allowed & real[:, None, :]) | torch.eye(length, dtype=torch.bool)
    mask = torch.zeros(allowed.shape).masked_fill_(~allowed, -math.inf)
    return mask[:, None]


class Block(nn.Module):
    def __init__(self, options, epsilon):
        super().__init__()
        self.options = options
        d = options.hidden_size
        self.attention_norm = nn.LayerNorm(d, eps=epsilon)
        self.ffn_norm = nn.LayerNorm(d, eps=epsilon)
        self.query, self.key, self.value = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.output = nn.Linear(d, d) if options.block == "post-norm" else None
        self.ffn1 = nn.Linear(d, options.inner_size)
        self.ffn2 = nn.Linear(options.inner_size, d)

    def drop(self, x):
        return F.dropout(x, self.options.dropout, self.training)

    def attend(self, q, z, layout):
        maps = self.query(q), self.key(z), self.value(z)
        if layout is None:
            return published_attention(self.options, *maps, z, self.drop)
        if isinstance(layout, Packed):
            maps = [layout.spread(x) for x in maps]
            return layout.collect(masked_attention(self.options, *maps, layout.mask, self.drop))
        return masked_attention(self.options, *maps, layout, self.drop)

    def forward(self, z, real, layout):
        """real [B, T, 1] is 1 where there is an item. layout is None in the published form, an
        additive mask [B, 1, T, T] or a Packed."""
        if self.options.block == "post-norm":
            y = self.attention_norm(z + self.drop(self.output(self.attend(z, z, layout))))
            return self.ffn_norm(y + self.drop(self.ffn2(F.gelu(self.ffn1(y)))))
        q = self.attention_norm(z)
        y = self.ffn_norm(q + self.attend(q, z, layout))
        z = y + self.drop(self.ffn2(self.drop(F.relu(self.ffn1(y)))))
        return z if isinstance(layout, Packed) else z * real


class Encoder(nn.Module):
    """forward(items [B, T]) gives states [B, T, hidden_size], or [N, hidden_size] of the N real
    positions in the "packed" form; the other forms are "published" and "masked"."""

    def __init__(self, options, form):
        super().__init__()
        self.options, self.form = options, form
        d, rows = options.hidden_size, options.items + 1
        post_norm = options.block == "post-norm"
        epsilon = 1e-12 if post_norm else 1e-5
        self.item_embedding = nn.Embedding(rows, d)
        self.position_embedding = nn.Embedding(options.max_length, d)
        self.output_embedding = None if options.tie_embeddings else nn.Embedding(rows, d)
        self.embedding_norm = nn.LayerNorm(d, eps=epsilon) if post_norm else None
        self.final_norm = None if post_norm else nn.LayerNorm(d, eps=epsilon)
        self.blocks = nn.ModuleList(Block(options, epsilon) for _ in range(options.num_blocks))

    @property
    def table(self):
        """What scores are taken with, [items + 1, d]."""
        return (self.output_embedding or self.item_embedding).weight

    def embed(self, items, real):
        options, length = self.options, items.shape[1]
        rows = self.position_embedding.weight
        rows = rows[options.max_length - length :] if options.pads_left else rows[:length]
        if self.form == "packed":
            places = torch.arange(length).expand_as(items)[real]
            z = self.item_embedding(items[real]) + rows[places]
        else:
            z = self.item_embedding(items) + rows
        return z if self.embedding_norm is None else self.embedding_norm(z)

    def forward(self, items):
        real = items != self.options.padding
        z = F.dropout(self.embed(items, real), self.options.dropout, self.training)
        factor, layout = None, None
        if self.form == "packed":
            layout = Packed(self.options, real)
        else:
            factor = real[:, :, None].to(z.dtype)
            z = z * factor
        if self.form == "masked":
            layout = attention_mask(self.options, real)
        for block in self.blocks:
            z = block(z, factor, layout)
        return z if self.final_norm is None else self.final_norm(z)

    def load(self, tensors):
        """Weights by canonical name; tables lack the padding row here."""
        own = dict(self.named_parameters())
        with torch.no_grad():
            for name, value in own.items():
                given = torch.from_numpy(tensors[name])
                value[: given.shape[0]].copy_(given) if value.dim() == 2 else value.copy_(given)
        return self

    def start_small(self, seed):
        """Start values for timing: what they are does not matter, that they are tame does."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, value in self.named_parameters():
                if value.dim() == 2:
                    value.uniform_(-0.05, 0.05, generator=generator)
        return self


def pad(sequences, options, length):
    """[B, length] of item ids."""
    out = torch.full((len(sequences), length), options.padding, dtype=torch.int64)
    for row, items in enumerate(sequences):
        items = torch.as_tensor(items)
        if options.pads_left:
            out[row, length - len(items) :] = items
        else:
            out[row, : len(items)] = items
    return out
