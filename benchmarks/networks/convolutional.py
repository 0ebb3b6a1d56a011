# SPDX-License-Identifier: Apache-2.0
"""NextItNet and Caser. Forms: conv1d, or one product over shifted copies of the rows."""

import torch
import torch.nn.functional as F

from examples import collect, spread
from twins import Twin


class NextItNet(Twin):
    forms = ("conv1d", "shifted")

    def conv(self, x, name, dilation):
        """Causal, over [sequences, length, d]; the columns of `name`.weight are oldest row first."""
        kernel, width = self.model["kernel_size"], x.shape[-1]
        reach = (kernel - 1) * dilation
        weight, bias = self.weights[name + ".weight"], self.weights[name + ".bias"]
        if self.form == "conv1d":
            weight = weight.view(-1, kernel, width).transpose(1, 2)
            rows = F.pad(x.transpose(1, 2), (reach, 0))
            return F.conv1d(rows, weight, bias, dilation=dilation).transpose(1, 2)
        rows, length = F.pad(x, (0, 0, reach, 0)), x.shape[1]
        shifted = [rows[:, i * dilation : i * dilation + length] for i in range(kernel)]
        return F.linear(torch.cat(shifted, 2), weight, bias)

    def states(self, batch):
        x = self.drop(spread(self.items(batch), batch.cells(), batch.size, batch.longest))
        dilations = self.model["dilations"]
        for block in range(self.model["num_blocks"]):
            dilation, y = dilations[block % len(dilations)], x
            for number in (1, 2):
                y = self.conv(y, f"blocks.{block}.conv{number}", number * dilation)
                y = torch.relu(self.norm(y, f"blocks.{block}.norm{number}", 1e-8))
            x = x + y
        rows = torch.from_numpy(batch.rows)
        return self.linear(collect(x, batch.cells()[rows]), "dense")


class Caser(Twin):
    """One state a sequence: of its newest item."""

    forms = ("conv1d", "unfolded")

    def horizontal(self, image, height):
        """The best place of each filter, [sequences, filters]."""
        name, width = f"horizontal.{height}", image.shape[2]
        weight, bias = self.weights[name + ".weight"], self.weights[name + ".bias"]
        if self.form == "conv1d":
            weight = weight.view(-1, height, width).transpose(1, 2)
            return F.conv1d(image.transpose(1, 2), weight, bias).amax(2)
        count = image.shape[1] - height + 1
        # Windows overlap in memory: a row of `height` vectors begins at every vector.
        rows = image.as_strided((len(image), count, height * width),
                                (image.stride(0), image.stride(1), 1))
        return F.linear(rows, weight, bias).amax(1)

    def states(self, batch):
        length = self.model["max_length"]
        image = spread(self.items(batch), batch.cells(length, right=True), batch.size, length)
        vertical = image.transpose(1, 2) @ self.weights["vertical.weight"]
        vertical = (vertical + self.weights["vertical_bias"]).transpose(1, 2).flatten(1)
        heights = range(1, length + 1)
        horizontal = torch.relu(torch.cat([self.horizontal(image, h) for h in heights], 1))
        return torch.relu(self.linear(self.drop(torch.cat([vertical, horizontal], 1)), "dense"))
