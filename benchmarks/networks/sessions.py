# SPDX-License-Identifier: Apache-2.0
"""SR-GNN with a graph for every trained position, that of its own history. All graphs of a batch are
one list of nodes and one of edges; sums over neighbours are index_add."""

import dataclasses

import numpy as np
import torch

from examples import ranges
from twins import Twin


@dataclasses.dataclass
class Graphs:
    items: torch.Tensor  # [nodes]
    alias: torch.Tensor  # [session tokens]: node of each
    owners: torch.Tensor  # [session tokens]: position that the session belongs to
    newest: torch.Tensor  # [positions]: session token
    sources: torch.Tensor  # [edges]
    ends: torch.Tensor  # [edges]
    incoming: torch.Tensor  # [edges, 1]: one part in as many as lead to its end
    outgoing: torch.Tensor  # [edges, 1]: one part in as many as leave its source


def make_graphs(batch, num_items):
    first = batch.offsets[batch.owners[batch.rows]]
    lengths = batch.rows + 1 - first
    tokens = ranges(first, lengths)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    nodes, alias = np.unique(owners * num_items + batch.items[tokens], return_inverse=True)
    follows = owners[1:] == owners[:-1]
    edges = np.unique(alias[:-1][follows] * len(nodes) + alias[1:][follows])
    sources, ends = edges // len(nodes), edges % len(nodes)

    def parts(nodes_of_edges):
        counts = np.bincount(nodes_of_edges, minlength=len(nodes))
        return torch.from_numpy((1 / counts[nodes_of_edges]).astype(np.float32))[:, None]

    arrays = (nodes % num_items, alias, owners, np.cumsum(lengths) - 1, sources, ends)
    return Graphs(*map(torch.from_numpy, arrays), parts(ends), parts(sources))


class SrGnn(Twin):
    forms = ("index_add",)

    def sent(self, h, name, sources, ends, weights):
        messages = self.linear(h, "edge_" + name).index_select(0, sources) * weights
        sums = torch.zeros_like(h).index_add(0, ends, messages)
        return sums + self.weights[f"aggregate_{name}_bias"]

    def step(self, h, graphs):
        neighbours = torch.cat([
            self.sent(h, "in", graphs.sources, graphs.ends, graphs.incoming),
            self.sent(h, "out", graphs.ends, graphs.sources, graphs.outgoing)], 1)
        reset_in, update_in, next_in = self.linear(neighbours, "gnn_input").chunk(3, 1)
        reset_h, update_h, next_h = self.linear(h, "gnn_hidden").chunk(3, 1)
        candidate = torch.tanh(next_in + torch.sigmoid(reset_in + reset_h) * next_h)
        return torch.lerp(h, candidate, torch.sigmoid(update_in + update_h))

    def states(self, batch):
        table = self.weights["item_embedding.weight"]
        graphs = make_graphs(batch, len(table))
        h = table.index_select(0, graphs.items)
        for _ in range(self.model["gnn_steps"]):
            h = self.step(h, graphs)
        anchors = h.index_select(0, graphs.alias[graphs.newest])
        query = self.linear(anchors, "attention_query")
        if self.model["readout"] == "improved":
            asked = torch.sigmoid(self.linear(anchors, "attention_key") + query)
            session = self.linear(asked, "attention_value") * anchors
        else:
            items = h.index_select(0, graphs.alias)
            asked = self.linear(h, "attention_key").index_select(0, graphs.alias)
            asked = torch.sigmoid(asked + query.index_select(0, graphs.owners))
            weighed = self.linear(asked, "attention_value") * items
            session = torch.zeros_like(anchors).index_add(0, graphs.owners, weighed)
        return self.linear(self.drop(torch.cat([session, anchors], 1)), "output")
