// SPDX-License-Identifier: Apache-2.0
#include "train/whole_rows.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cassert>

namespace truenext {
namespace {

/// Bytes sent at once: what rank 0 holds of others' rows while it writes a file.
constexpr size_t kPiece = size_t{1} << 24;

std::span<const std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

}  // namespace

void stream_rows(Ranks& ranks, const at::Tensor& kept, const RowSink& sink) {
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

WholeWeights::WholeWeights(const ParameterSet& parameters, Ranks& ranks) {
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    const float* values = parameter.value.data_ptr<float>();
    if (parameter.divided()) {
      at::Tensor whole;
      if (ranks.rank() == 0) whole = at::empty(parameter.shape, at::kFloat);
      auto* to = whole.defined() ? static_cast<std::byte*>(whole.data_ptr()) : nullptr;
      stream_rows(ranks, parameter.value, [&to](std::span<const std::byte> rows) {
        to = std::copy(rows.begin(), rows.end(), to);
      });
      if (!whole.defined()) continue;
      assert(to == static_cast<std::byte*>(whole.data_ptr()) + whole.nbytes());
      values = whole.data_ptr<float>();
      gathered_.push_back(std::move(whole));
    }
    views_[parameter.name] = {parameter.shape, values};
  }
}

}  // namespace truenext
