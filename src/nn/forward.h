// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "batch/batch.h"
#include "kernels/kernels.h"
#include "nn/parameters.h"

namespace truenext {

/// Rows of a table, as the tile finds it (Parameter::readable), that a forward pass read: `rows`
/// [ids.size(), dim] is an autograd leaf whose gradient is added to the table's rows afterwards, so
/// no table-sized gradient is ever made for a small tile.
struct Lookup {
  int64_t parameter = 0;
  std::vector<int32_t> ids;
  at::Tensor rows;
};

/// A dense parameter as this pass sees it: the same memory, an autograd leaf of its own.
struct Leaf {
  int64_t parameter = 0;
  at::Tensor value;
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
  const std::vector<Lookup>& lookups() const { return lookups_; }
  const std::vector<Leaf>& leaves() const { return leaves_; }

  /// A dense parameter; the same leaf each time.
  at::Tensor weight(const std::string& name);

  /// Rows `ids` of a table, which must be fetched if it is divided: [ids.size(), dim].
  at::Tensor lookup(const std::string& table, std::vector<int32_t> ids);

  /// x [tokens, dim] with dropout; the mask is keyed by (seed, purpose, step, layer) and indexed by
  /// (user, position counted from the newest, column).
  at::Tensor dropout(const at::Tensor& x, double rate, Purpose purpose, int64_t layer);

  /// Key of dropout inside a kernel.
  kernels::Dropout kernel_dropout(double rate, Purpose purpose, int64_t layer) const;

  /// Keeps what a node needs in its backward pass as long as the pass lives.
  template <typename T>
  T& keep(T value) {
    const auto kept = std::make_shared<T>(std::move(value));
    kept_.push_back(kept);
    return *kept;
  }

  /// Position of every token counted from the newest of its sequence (0 = newest).
  const std::vector<int32_t>& from_end() const { return from_end_; }
  /// Random stream (user) of every token.
  const std::vector<uint64_t>& token_streams() const { return token_streams_; }

 private:
  const ParameterSet& parameters_;
  const Tile& tile_;
  bool training_;
  uint64_t seed_;
  uint64_t step_;
  std::vector<int32_t> from_end_;
  std::vector<uint64_t> token_streams_;
  std::vector<Lookup> lookups_;
  std::vector<Leaf> leaves_;
  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace truenext
