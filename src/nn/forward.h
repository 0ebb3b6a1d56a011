// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "batch/batch.h"
#include "kernels/kernels.h"
#include "nn/parameters.h"

namespace upnext {

/// Rows of a table that a forward pass read: `rows` [ids.size(), dim] is an autograd leaf whose
/// gradient is added to the table's rows afterwards, so no table-sized gradient is ever made for a
/// small tile.
struct Lookup {
  int64_t parameter = 0;
  std::vector<int32_t> ids;
  at::Tensor rows;
};

/// One attention call, kept until its backward pass.
struct AttentionCall {
  kernels::AttentionShape shape;
};

/// One forward pass over one tile: what it reads, which random numbers it uses, and what its
/// backward pass needs. Used by one thread.
class Forward {
 public:
  /// `training` switches dropout on and gradients with it.
  Forward(const ParameterSet& parameters, const Tile& tile, bool training, uint64_t seed,
          uint64_t step);

  const Tile& tile() const { return tile_; }
  bool training() const { return training_; }
  int64_t tokens() const { return tile_.tokens(); }
  const ParameterSet& parameters() const { return parameters_; }
  std::vector<Lookup>& lookups() { return lookups_; }

  /// Rows `ids` of a table: [ids.size(), dim].
  at::Tensor lookup(const std::string& table, std::vector<int32_t> ids);

  /// x [tokens, dim] with dropout; the mask is keyed by (seed, purpose, step, layer) and indexed by
  /// (user, position counted from the newest, column).
  at::Tensor dropout(const at::Tensor& x, double rate, Purpose purpose, int64_t layer);

  /// Key of dropout inside a kernel.
  kernels::Dropout kernel_dropout(double rate, Purpose purpose, int64_t layer) const;
  AttentionCall& new_attention_call() { return attention_calls_.emplace_back(); }

  /// Position of every token counted from the newest of its sequence (0 = newest).
  const std::vector<int32_t>& from_end() const { return from_end_; }

 private:
  const ParameterSet& parameters_;
  const Tile& tile_;
  bool training_;
  uint64_t seed_;
  uint64_t step_;
  std::vector<int32_t> from_end_;
  std::vector<Lookup> lookups_;
  std::deque<AttentionCall> attention_calls_;
};

}  // namespace upnext
