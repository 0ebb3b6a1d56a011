// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/aligned.h"
#include "base/used_rows.h"
#include "net/tensors.h"

namespace truenext {

/// Numbers of the tensors of a network, found by name in every pass.
class TensorNames {
 public:
  TensorNames() = default;
  explicit TensorNames(const std::vector<TensorInfo>& tensors);

  /// Our bug when there is none.
  int64_t index(std::string_view name) const;
  /// -1 when there is none.
  int64_t find(std::string_view name) const;
  int64_t size() const { return static_cast<int64_t>(numbers_.size()); }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, int64_t, Hash, std::equal_to<>> numbers_;
};

/// A tensor as a pass sees it, [rows, columns]; a vector is one row.
template <typename T>
struct WeightView {
  const T* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  T* grad = nullptr;  ///< same shape, added to; null for tables and in use
  /// Rows of the whole table that `data` consists of, in their order; null when it has all.
  const UsedRows* held = nullptr;

  static WeightView of(const std::vector<int64_t>& shape, const T* data) {
    return {data, shape.size() > 1 ? shape[0] : 1, shape.back()};
  }
};

/// In the order of the network's tensors.
template <typename T>
using WeightViews = std::vector<WeightView<T>>;

}  // namespace truenext
