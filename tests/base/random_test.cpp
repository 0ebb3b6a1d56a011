// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace truenext {
namespace {

// The known-answer vectors that come with Random123 (philox 4x32, 10 rounds).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxCounter{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}));
  EXPECT_EQ(
      philox({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, {0xa4093822u, 0x299f31d0u}),
      (PhiloxCounter{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}));
}

TEST(RandomKey, DependsOnEveryPart) {
  std::vector<PhiloxKey> keys{
      random_key(1, Purpose::negatives),       random_key(2, Purpose::negatives),
      random_key(1, Purpose::bootstrap),       random_key(1, Purpose::negatives, 1),
      random_key(1, Purpose::negatives, 0, 1), random_key(1, Purpose::negatives, 1, 1)};
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
  EXPECT_EQ(random_key(1, Purpose::negatives, 3, 4), random_key(1, Purpose::negatives, 3, 4));
}

TEST(RandomStream, IsRepeatableAndStreamsDiffer) {
  const PhiloxKey key = random_key(7, Purpose::simulate);
  RandomStream a(key, 5), b(key, 5), c(key, 6);
  int equal = 0;
  for (int i = 0; i < 100; ++i) {
    const uint64_t x = a.next64();
    EXPECT_EQ(x, b.next64());
    equal += x == c.next64();
  }
  EXPECT_EQ(equal, 0);
}

TEST(RandomStream, BelowIsUniform) {
  RandomStream random(random_key(1, Purpose::simulate));
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);  // 4 standard deviations
}

TEST(RandomStream, NormalHasMeanZeroAndVarianceOne) {
  RandomStream random(random_key(3, Purpose::initialise));
  double sum = 0, squares = 0;
  const int n = 200'000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0.0, 0.01);
  EXPECT_NEAR(squares / n, 1.0, 0.015);
}

TEST(RandomStream, UniformStaysBelowOne) {
  RandomStream random(random_key(9, Purpose::simulate));
  double low = 1, high = 0, sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = random.uniform();
    low = std::min(low, x);
    high = std::max(high, x);
    sum += x;
  }
  EXPECT_GE(low, 0.0);
  EXPECT_LT(high, 1.0);
  EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
}

TEST(ShuffledIndices, IsAPermutationThatTheKeyDecides) {
  std::vector<uint32_t> a(1000), b(1000), c(1000);
  shuffled_indices(random_key(1, Purpose::epoch_order, 1), a.data(), 1000);
  shuffled_indices(random_key(1, Purpose::epoch_order, 1), b.data(), 1000);
  shuffled_indices(random_key(1, Purpose::epoch_order, 2), c.data(), 1000);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  std::sort(a.begin(), a.end());
  for (uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(a[i], i);
}

}  // namespace
}  // namespace truenext
