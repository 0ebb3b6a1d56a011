// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "kernels/kernel_cases.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"

namespace truenext::kernels {
namespace {

using testing::random_values;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(CountAbove, EqualsReferenceWithTies) {
  for (const int64_t n : {0, 1, 7, 8, 9, 31, 64, 100, 1000}) {
    auto scores = random_values(n, 1, 3);
    for (float& score : scores) score = std::round(score);
    for (const float value : {-2.0f, 0.0f, 1.0f, 99.0f}) {
      const Counts fast = count_above(n, scores.data(), value);
      const Counts slow = reference::count_above(n, scores.data(), value);
      EXPECT_EQ(fast.greater, slow.greater);
      EXPECT_EQ(fast.equal, slow.equal);
    }
  }
}

TEST(CountAbove, NotANumberIsNeitherGreaterNorEqual) {
  std::vector<float> scores(40, std::numeric_limits<float>::quiet_NaN());
  scores[3] = 2;
  scores[35] = 1;
  const Counts counts = count_above(40, scores.data(), 1.0f);
  EXPECT_EQ(counts.greater, 1);
  EXPECT_EQ(counts.equal, 1);
}

TEST(MaskAbove, EqualsReferenceWithTiesAndPassesOverNotANumber) {
  for (const int64_t n : {0, 1, 7, 8, 9, 31, 63, 64}) {
    auto scores = random_values(n, 1, 3);
    for (float& score : scores) score = std::round(score);
    if (n > 8) scores[8] = std::numeric_limits<float>::quiet_NaN();
    for (const float value : {-kInfinity, -2.0f, 0.0f, 1.0f, 99.0f}) {
      EXPECT_EQ(mask_above(n, scores.data(), value),
                reference::mask_above(n, scores.data(), value));
    }
  }
}

TEST(LogSumExp, EqualsReference) {
  for (const int64_t n : {1, 7, 8, 9, 31, 64, 100, 1000, 50000}) {
    for (const double spread : {0.1, 1.0, 30.0}) {
      const auto x = random_values(n, 1, spread);
      const double expected = reference::log_sum_exp(n, x.data());
      EXPECT_NEAR(log_sum_exp(n, x.data()), expected, 1e-6 * std::max(1.0, std::abs(expected)));
    }
  }
}

TEST(LogSumExp, SurvivesExtremes) {
  const std::vector<float> large = {100, 100, -100};
  EXPECT_NEAR(log_sum_exp(3, large.data()), 100 + std::log(2.0), 1e-5);
  const std::vector<float> huge(20, 3e38f);
  EXPECT_EQ(log_sum_exp(20, huge.data()), 3e38f);
  const std::vector<float> none(20, -kInfinity);
  EXPECT_EQ(log_sum_exp(20, none.data()), -kInfinity);
  const std::vector<float> some = {-kInfinity, 1.0f, -kInfinity};
  EXPECT_FLOAT_EQ(log_sum_exp(3, some.data()), 1.0f);
}

TEST(ExpShifted, IsAccurateFromUnderflowToOverflow) {
  std::vector<float> x;
  for (int i = -8700; i <= 8870; ++i) x.push_back(static_cast<float>(i) * 1e-2f);
  const auto inputs = x;
  exp_shifted(static_cast<int64_t>(x.size()), 0.0f, x.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = std::exp(static_cast<double>(inputs[i]));
    EXPECT_NEAR(static_cast<double>(x[i]) / expected, 1, 2e-7) << inputs[i];
  }
}

TEST(ExpShifted, HandlesInfinitiesAndNotANumber) {
  std::vector<float> x = {-kInfinity, -200, kInfinity, 200, std::numeric_limits<float>::quiet_NaN(),
                          1};
  exp_shifted(6, 1.0f, x.data());
  EXPECT_EQ(x[0], 0);
  EXPECT_EQ(x[1], 0);
  EXPECT_EQ(x[2], kInfinity);
  EXPECT_EQ(x[3], kInfinity);
  EXPECT_TRUE(std::isnan(x[4]));
  EXPECT_FLOAT_EQ(x[5], 1);
}

}  // namespace
}  // namespace truenext::kernels
