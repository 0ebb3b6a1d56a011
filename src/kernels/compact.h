// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Upper bounds of inner products from whole numbers of 8 bits: a first look at a large table that
/// reads a quarter of its bytes. Fast version and plain twin (kernels/reference_compact.h) as with
/// kernels/kernels.h.
namespace truenext::kernels {

/// Rows are kept in groups of this many, a pair of columns of all rows side by side, so that no sum
/// runs across a vector.
constexpr int64_t kCompactGroup = 16;

/// A table [16 groups, dim] as scale * whole number plus an error: element c of row r is
/// values[((r / 16 * pairs + c / 2) * 16 + r % 16) * 2 + c % 2], between -127 and 127.
struct CompactRows {
  int64_t pairs;         ///< pairs of columns, (dim + 1) / 2; a missing last column is zero
  const int8_t* values;  ///< [groups, pairs, 16, 2]
  const float* scales;   ///< [16 groups]
  const float* slacks;   ///< [16 groups], error of a row per length of the query

  CompactRows from_group(int64_t group) const {
    return {pairs, values + group * kCompactGroup * 2 * pairs, scales + group * kCompactGroup,
            slacks + group * kCompactGroup};
  }
};

/// The largest whole number of a query of so many pairs: sums of products with a row stay below
/// 2^31.
constexpr int64_t largest_compact_query(int64_t pairs) {
  const int64_t most = INT32_MAX / (127 * 2 * (pairs > 0 ? pairs : 1));
  return most < INT16_MAX ? most : INT16_MAX;
}

/// A query as scale * whole numbers.
struct CompactQuery {
  const int16_t* values;  ///< [2 pairs], not above largest_compact_query() in size
  float scale;
  float length;  ///< what slacks are multiplied with
};

/// ceilings[r] = (values of row r . values of the query) * scales[r] * query.scale +
/// slacks[r] * query.length for the 16 * groups rows from the start of `rows`. The sum over columns
/// is exact; the rest has at most five roundings.
void score_ceilings(int64_t groups, const CompactRows& rows, const CompactQuery& query,
                    float* ceilings);

}  // namespace truenext::kernels
