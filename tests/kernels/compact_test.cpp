// SPDX-License-Identifier: Apache-2.0
#include "kernels/compact.h"

#include "kernels/kernel_cases.h"
#include "kernels/reference_compact.h"

namespace truenext::kernels {
namespace {

using testing::random_ids;
using testing::random_values;

struct Table {
  int64_t groups, pairs;
  std::vector<int8_t> values;
  std::vector<float> scales, slacks;
  std::vector<int16_t> query;

  Table(int64_t num_groups, int64_t num_pairs) : groups(num_groups), pairs(num_pairs) {
    for (const int32_t id : random_ids(groups * pairs * kCompactGroup * 2, 255, 1)) {
      values.push_back(static_cast<int8_t>(id - 127));
    }
    const auto most = static_cast<int32_t>(largest_compact_query(pairs));
    for (const int32_t id : random_ids(2 * pairs, static_cast<uint32_t>(2 * most + 1), 2)) {
      query.push_back(static_cast<int16_t>(id - most));
    }
    scales = random_values(groups * kCompactGroup, 3);
    slacks = random_values(groups * kCompactGroup, 4);
  }
  CompactRows rows() const { return {pairs, values.data(), scales.data(), slacks.data()}; }
};

TEST(ScoreCeilings, EqualsReferenceOverOddSizes) {
  for (const int64_t groups : {0, 1, 2, 9}) {
    for (const int64_t pairs : {0, 1, 3, 4, 7, 31, 32, 64, 500}) {
      const Table table(groups, pairs);
      std::vector<float> fast(static_cast<size_t>(groups * kCompactGroup)), slow(fast);
      score_ceilings(groups, table.rows(), {table.query.data(), 1e-5f, 0.5f}, fast.data());
      reference::score_ceilings(groups, table.rows(), {table.query.data(), 1e-5f, 0.5f},
                                slow.data());
      EXPECT_LE(testing::difference(fast, slow), 5e-7) << groups << " " << pairs;
    }
  }
}

TEST(ScoreCeilings, SumsOfWholeNumbersAreExactToTheLargest) {
  for (const int64_t pairs : {1, 33, 258, 600}) {
    Table table(1, pairs);
    const int64_t most = largest_compact_query(pairs);
    std::fill(table.values.begin(), table.values.end(), int8_t{127});
    std::fill(table.query.begin(), table.query.end(), static_cast<int16_t>(-most));
    std::fill(table.scales.begin(), table.scales.end(), 1.0f);
    std::vector<float> ceilings(kCompactGroup);
    score_ceilings(1, table.rows(), {table.query.data(), 1.0f, 0.0f}, ceilings.data());
    const int64_t sum = -most * 127 * 2 * pairs;
    EXPECT_GE(sum, INT32_MIN);
    EXPECT_EQ(reference::compact_product(3, table.rows(), {table.query.data(), 1.0f, 0.0f}), sum);
    for (const float ceiling : ceilings) EXPECT_EQ(ceiling, static_cast<float>(sum));
  }
}

}  // namespace
}  // namespace truenext::kernels
