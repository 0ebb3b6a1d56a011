// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "kernels/compact.h"

namespace truenext {

/// A copy of an item table in 8-bit numbers, one scale per row, and for every row how far a score
/// taken with it can be off. It answers "no more than" for every item and a query; whoever wants
/// the best items asks the table itself about those whose ceiling is high enough (decision 0012).
class CompactTable {
 public:
  /// table [items, dim]. Nothing when its numbers are so large (above 1e12) that products of
  /// floats might overflow. Memory: 2 * pairs + 8 bytes per item.
  static std::optional<CompactTable> make(std::span<const float> table, int64_t dim,
                                          WorkerPool& pool);

  struct Query {
    std::vector<int16_t> values;
    float scale = 0, length = 0;
  };
  /// Nothing when no number of the state [dim] is between 1e-12 and 1e12 or one is above.
  std::optional<Query> prepare(std::span<const float> state) const;

  /// Numbers that the float scores of items first..last-1 do not exceed, in whatever order a score
  /// sums its products: [last - first] somewhere in `memory`.
  float* ceilings(const Query& query, int64_t first, int64_t last,
                  std::vector<float>& memory) const;

  int64_t bytes() const;

 private:
  CompactTable(int64_t items, int64_t dim);
  bool fill_group(int64_t group, std::span<const float> table);
  void fill_row(int64_t row, const float* values, double largest);

  int64_t items_, dim_, pairs_;
  AlignedVector<int8_t> values_;
  AlignedVector<float> scales_, slacks_;
};

}  // namespace truenext
