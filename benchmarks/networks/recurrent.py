# SPDX-License-Identifier: Apache-2.0
"""GRU4Rec and NARM around nn.GRU. Forms: padded batches, or torch's packed sequences."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from examples import collect, spread
from twins import Twin


class Recurrent(Twin):
    forms = ("padded", "packed")

    def __init__(self, config, tensors, form):
        super().__init__(config, tensors, form)
        model = self.model
        self.gru = nn.GRU(model["hidden_size"], model["gru_hidden_size"], model["gru_layers"],
                          bias=model["gru_bias"], batch_first=True)
        names = {"input_weight": "weight_ih", "hidden_weight": "weight_hh",
                 "input_bias": "bias_ih", "hidden_bias": "bias_hh"}
        for name, weight in self.weights.items():
            if name.startswith("gru."):
                _, layer, part = name.split(".")
                setattr(self.gru, f"{names[part]}_l{layer}", weight)

    def hidden(self, batch):
        """[sequences, longest, gru_hidden_size]"""
        x = self.drop(spread(self.items(batch), batch.cells(), batch.size, batch.longest))
        if self.form == "padded":
            return self.gru(x)[0]
        packed = pack_padded_sequence(x, torch.from_numpy(batch.lengths), batch_first=True,
                                      enforce_sorted=False)
        return pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0]


class Gru4Rec(Recurrent):
    def states(self, batch):
        rows = torch.from_numpy(batch.rows)
        return self.linear(collect(self.hidden(batch), batch.cells()[rows]), "dense")


class Narm(Recurrent):
    """One state a sequence: of its newest item."""

    def states(self, batch):
        h = self.hidden(batch)
        newest = h[torch.arange(batch.size), torch.from_numpy(batch.lengths) - 1]
        query = self.linear(newest, "attention_query")[:, None, :]
        asked = torch.sigmoid(self.linear(h, "attention_key") + query)
        weights = self.linear(asked, "attention_value") * batch.real[:, :, None]
        attended = (weights.transpose(1, 2) @ h).squeeze(1)
        both = self.drop(torch.cat([attended, newest], 1), self.model["output_dropout"])
        return self.linear(both, "output")
