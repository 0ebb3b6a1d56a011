// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/compact.h"

/// The slow twin of kernels/compact.h: sums of whole numbers, the rest in double.
namespace truenext::kernels::reference {

inline int64_t compact_product(int64_t row, const CompactRows& rows, const CompactQuery& query) {
  const int64_t group = row / kCompactGroup;
  int64_t sum = 0;
  for (int64_t c = 0; c < 2 * rows.pairs; ++c) {
    const int64_t at = (group * rows.pairs + c / 2) * kCompactGroup + row % kCompactGroup;
    sum += int64_t{rows.values[at * 2 + c % 2]} * query.values[c];
  }
  return sum;
}

inline void score_ceilings(int64_t groups, const CompactRows& rows, const CompactQuery& query,
                           float* ceilings) {
  for (int64_t row = 0; row < groups * kCompactGroup; ++row) {
    const double product = static_cast<double>(compact_product(row, rows, query));
    ceilings[row] = static_cast<float>(
        product * static_cast<double>(rows.scales[row]) * static_cast<double>(query.scale) +
        static_cast<double>(rows.slacks[row]) * static_cast<double>(query.length));
  }
}

}  // namespace truenext::kernels::reference
