// SPDX-License-Identifier: Apache-2.0
#include "kernels/time_buckets.h"

#include <cmath>
#include <limits>

#include "kernels/kernel_cases.h"

namespace truenext::kernels {
namespace {

int64_t by_formula(int64_t gap, int64_t buckets, double width) {
  const double value = std::floor(std::log(std::max(1.0, static_cast<double>(gap))) / width);
  return static_cast<int64_t>(std::min(value, static_cast<double>(buckets - 1)));
}

TEST(TimeBuckets, EqualTheFormula) {
  RandomStream random(random_key(1, Purpose::simulate));
  for (const double width : {0.301, 0.05, 0.01, std::log(2.0), 1.7}) {
    for (const int64_t buckets : {1, 2, 129, 256}) {
      const TimeBuckets& table = time_buckets(buckets, width);
      const auto check = [&](int64_t gap) {
        if (gap < 0 || gap > int64_t{1} << 53) return;
        ASSERT_EQ(table.of(gap, 0), by_formula(gap, buckets, width)) << gap << " / " << width;
      };
      for (int64_t gap = 0; gap < 3000; ++gap) check(gap);
      for (int64_t b = 0; b < 256; ++b) {  // where a bucket begins
        const double start = std::exp(static_cast<double>(b) * width);
        for (int64_t d = -3; start < 1e15 && d <= 3; ++d) check(static_cast<int64_t>(start) + d);
      }
      for (int power = 0; power <= 53; ++power) {
        for (int64_t d = -3; d <= 3; ++d) check((int64_t{1} << power) + d);
      }
      for (int i = 0; i < 3000; ++i) {
        check(static_cast<int64_t>(std::exp(36.7 * random.uniform())));
      }
    }
  }
}

TEST(TimeBuckets, GapsHaveNoSignAndDoNotOverflow) {
  const TimeBuckets& table = time_buckets(129, 0.301);
  EXPECT_EQ(table.of(100, 5000), table.of(5000, 100));
  EXPECT_EQ(table.of(-50, 50), table.of(0, 100));
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  const uint8_t top = table.of(int64_t{1} << 53, 0);
  EXPECT_EQ(top, 122);  // 53 ln 2 / 0.301 = 122.05
  EXPECT_EQ(table.of(kLast, 0), top);
  EXPECT_EQ(table.of(std::numeric_limits<int64_t>::min(), kLast), top);
}

TEST(TimeBuckets, AnotherWidthMakesAnotherTable) {
  EXPECT_EQ(time_buckets(129, 0.301).of(1000, 0), 22);
  EXPECT_EQ(time_buckets(129, 1.0).of(1000, 0), 6);
  EXPECT_EQ(time_buckets(5, 1.0).of(1000, 0), 4);
}

}  // namespace
}  // namespace truenext::kernels
