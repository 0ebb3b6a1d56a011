// SPDX-License-Identifier: Apache-2.0
#include "base/finite.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace truenext {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(AllFinite, OrdinaryAndExtremeValues) {
  const std::vector<float> fine{0.0f,     -0.0f,     1.5f,
                                kLargest, -kLargest, std::numeric_limits<float>::denorm_min()};
  EXPECT_TRUE(all_finite(fine));
  EXPECT_TRUE(all_finite({}));
}

TEST(AllFinite, OneBadValueAnywhere) {
  for (const float bad : {kInfinity, -kInfinity, kNaN, -kNaN}) {
    for (const size_t size : {1, 7, 8, 9, 31, 64, 1000}) {
      for (const size_t at : {size_t{0}, size / 2, size - 1}) {
        std::vector<float> values(size, -kLargest);
        values[at] = bad;
        EXPECT_FALSE(all_finite(values)) << bad << " at " << at << " of " << size;
      }
    }
  }
}

}  // namespace
}  // namespace truenext
