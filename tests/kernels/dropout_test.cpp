// SPDX-License-Identifier: Apache-2.0
#include "kernels/kernel_cases.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"

namespace truenext::kernels {
namespace {

using testing::same_bits;

const PhiloxKey kKey = random_key(7, Purpose::dropout_activation);

std::vector<float> mask(const Dropout& dropout, uint64_t stream, uint32_t row, int64_t dim) {
  std::vector<float> factors(static_cast<size_t>(dim), -1.0f);
  dropout_factors(dropout, stream, row, dim, factors.data());
  return factors;
}

TEST(Dropout, EqualsTheScalarDefinition) {
  const Dropout dropout = Dropout::with_rate(0.3, kKey);
  for (const int64_t dim : {0, 1, 7, 8, 9, 31, 64, 100, 127, 128, 129, 255, 256, 1000}) {
    for (const uint64_t stream : {uint64_t{0}, uint64_t{5}, uint64_t{0xFFFFFFFF12345678}}) {
      for (const uint32_t row : {0u, 1u, 0xFFFFFFFFu}) {
        std::vector<float> expected(static_cast<size_t>(dim));
        reference::dropout_factors(dropout, stream, row, dim, expected.data());
        EXPECT_TRUE(same_bits(mask(dropout, stream, row, dim), expected)) << dim;
      }
    }
  }
}

TEST(Dropout, RowsInPlaceAreTheSameMasks) {
  const Dropout dropout = Dropout::with_rate(0.3, kKey);
  const std::vector<uint64_t> streams = {5, 5, 0xFFFFFFFF12345678};
  const std::vector<int32_t> rows = {0, 7, 3};
  for (const int64_t dim : {0, 1, 8, 9, 56, 64, 127, 128, 129, 144, 300}) {
    std::vector<float> x(static_cast<size_t>(3 * dim), 1.0f), expected;
    for (size_t r = 0; r < 3; ++r) {
      const auto factors = mask(dropout, streams[r], static_cast<uint32_t>(rows[r]), dim);
      expected.insert(expected.end(), factors.begin(), factors.end());
    }
    dropout_rows(dropout, 3, dim, streams.data(), rows.data(), x.data());
    EXPECT_TRUE(same_bits(x, expected)) << dim;
  }
}

TEST(UniformItems, EqualReference) {
  const PhiloxKey key = random_key(3, Purpose::negatives);
  for (const int64_t n : {0, 1, 3, 4, 5, 63, 64, 65, 256, 1000}) {
    for (const int32_t excluded : {-1, 0, 500, 998}) {
      for (const uint32_t choices : {1u, 999u, 0x7FFFFFFFu}) {
        std::vector<int32_t> items(static_cast<size_t>(n), -1), expected(items);
        uniform_items(key, 0xFFFFFFFF00000007, 9, choices, excluded, n, items.data());
        reference::uniform_items(key, 0xFFFFFFFF00000007, 9, choices, excluded, n, expected.data());
        EXPECT_EQ(items, expected) << n << " " << excluded << " " << choices;
      }
    }
  }
}

TEST(Dropout, UsesTheDocumentedBits) {
  const Dropout dropout = Dropout::with_rate(0.5, kKey);
  const PhiloxCounter words = philox({2, 11, 0x89ABCDEF, 0x01234567}, kKey);
  const auto factors = mask(dropout, 0x0123456789ABCDEFull, 11, 24);
  for (size_t q = 0; q < 4; ++q) {
    EXPECT_EQ(factors[16 + 2 * q] > 0, (words[q] & 0xFFFF) >= 32768);
    EXPECT_EQ(factors[16 + 2 * q + 1] > 0, (words[q] >> 16) >= 32768);
  }
}

TEST(Dropout, KeepsTheAskedShareAndTheMean) {
  for (const double rate : {0.1, 0.2, 0.5, 0.9}) {
    const Dropout dropout = Dropout::with_rate(rate, kKey);
    const int64_t n = 1 << 20;
    int64_t kept = 0;
    for (const float factor : mask(dropout, 3, 4, n)) kept += factor > 0;
    const double share = static_cast<double>(kept) / static_cast<double>(n);
    EXPECT_NEAR(share, 1 - rate, 5 * std::sqrt(rate * (1 - rate) / static_cast<double>(n)) + 1e-5);
    EXPECT_NEAR(static_cast<double>(dropout.scale) * (1 - dropout.threshold / 65536.0), 1, 1e-6);
  }
}

TEST(Dropout, RowsStreamsAndKeysAreIndependent) {
  const Dropout dropout = Dropout::with_rate(0.5, kKey);
  const Dropout other = Dropout::with_rate(0.5, random_key(8, Purpose::dropout_activation));
  const int64_t n = 1 << 16;
  const auto base = mask(dropout, 3, 4, n);
  const auto agreement = [&](const std::vector<float>& with) {
    double equal = 0;
    for (size_t i = 0; i < base.size(); ++i) equal += base[i] == with[i];
    return equal / static_cast<double>(n);
  };
  const double tolerance = 5 * 0.5 / std::sqrt(static_cast<double>(n));
  EXPECT_NEAR(agreement(mask(dropout, 3, 5, n)), 0.5, tolerance);
  EXPECT_NEAR(agreement(mask(dropout, 4, 4, n)), 0.5, tolerance);
  EXPECT_NEAR(agreement(mask(dropout, 3ull << 32, 4, n)), 0.5, tolerance);
  EXPECT_NEAR(agreement(mask(other, 3, 4, n)), 0.5, tolerance);
  std::vector<float> shifted = base;
  std::rotate(shifted.begin(), shifted.begin() + 1, shifted.end());
  EXPECT_NEAR(agreement(shifted), 0.5, tolerance);
}

TEST(Dropout, DoesNotDependOnTheWidth) {
  const Dropout dropout = Dropout::with_rate(0.5, kKey);
  auto wide = mask(dropout, 1, 2, 1000);
  wide.resize(77);
  EXPECT_TRUE(same_bits(wide, mask(dropout, 1, 2, 77)));
}

TEST(Dropout, RateZeroIsOffAndRateOneDropsAll) {
  EXPECT_FALSE(Dropout::with_rate(0, kKey).active());
  for (const float factor : mask(Dropout::with_rate(0, kKey), 1, 2, 50)) EXPECT_EQ(factor, 1.0f);
  for (const float factor : mask(Dropout::with_rate(1, kKey), 1, 2, 50)) EXPECT_EQ(factor, 0.0f);
}

}  // namespace
}  // namespace truenext::kernels
