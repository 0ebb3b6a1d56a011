// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "net/encoder.h"
#include "net/model.h"
#include "net/parameters.h"
#include "net/weight_set.h"
#include "train/optimise/optimizer.h"
#include "train/ranks/ranks.h"

namespace truenext {

/// Takes a stretch of bytes; they are borrowed.
using RowSink = std::function<void(std::span<const std::byte>)>;

/// Hands the rows of all ranks, in order, to the sink of rank 0, a piece at a time; the other ranks
/// send theirs. `kept` [rows, ...] float32 are those of this rank. All ranks make this call.
void stream_rows(Ranks& ranks, const Tensor& kept, const RowSink& sink);

/// The weights of a model in one piece on rank 0, where they are validated and written: divided
/// tables are copied together for as long as this lives, everything else is borrowed.
class WholeWeights {
 public:
  /// Of the network's parameters, or of the averages that `adam` keeps of them. All ranks make this
  /// call; rows must be in step.
  WholeWeights(const Model& model, Ranks& ranks, const Adam& adam, WeightSet set);

  /// Of use on rank 0 only.
  const TensorMap& views() const { return views_; }

 private:
  std::vector<Tensor> gathered_;
  TensorMap views_;
};

}  // namespace truenext
