// SPDX-License-Identifier: Apache-2.0
#include "train/ranks/whole_rows.h"

#include <algorithm>
#include <cassert>

namespace truenext {
namespace {

/// Bytes sent at once: what rank 0 holds of others' rows while it writes a file.
constexpr size_t kPiece = size_t{1} << 24;

std::span<const std::byte> bytes_of(const Tensor& tensor) {
  return std::as_bytes(std::span(tensor.values));
}

}  // namespace

void stream_rows(Ranks& ranks, const Tensor& kept, const RowSink& sink) {
  const std::span<const std::byte> mine = bytes_of(kept);
  if (ranks.rank() > 0) {
    for (size_t begin = 0; begin < mine.size(); begin += kPiece) {
      ranks.send(0, mine.subspan(begin, std::min(kPiece, mine.size() - begin)));
    }
    ranks.send(0, {});  // the end
    return;
  }
  sink(mine);
  for (int from = 1; from < ranks.size(); ++from) {
    for (Bytes piece = ranks.receive(from); !piece.empty(); piece = ranks.receive(from)) {
      sink(piece);
    }
  }
}

WholeWeights::WholeWeights(const Model& model, Ranks& ranks, const Adam& adam, WeightSet set) {
  for (int64_t i = 0; i < model.network_parameters(); ++i) {
    const Parameter& parameter = model.parameters()[i];
    const Tensor& kept = set == WeightSet::average ? adam.average(i) : parameter.value;
    const float* values = kept.data();
    if (parameter.divided()) {
      Tensor whole;
      if (ranks.rank() == 0) whole = Tensor(parameter.shape);
      auto* to = reinterpret_cast<std::byte*>(whole.data());
      stream_rows(ranks, kept, [&to](std::span<const std::byte> rows) {
        to = std::copy(rows.begin(), rows.end(), to);
      });
      if (ranks.rank() > 0) continue;
      assert(to == bytes_of(whole).data() + bytes_of(whole).size());
      gathered_.push_back(std::move(whole));
      values = gathered_.back().data();
    }
    views_[parameter.name] = {parameter.shape, values};
  }
}

}  // namespace truenext
