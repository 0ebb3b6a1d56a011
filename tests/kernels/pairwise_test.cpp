// SPDX-License-Identifier: Apache-2.0
#include "kernels/pairwise.h"

#include <limits>

#include "kernels/kernel_cases.h"
#include "kernels/logistic.h"
#include "kernels/reference_pairwise.h"

namespace truenext::kernels {
namespace {

using testing::difference;
using testing::numeric_gradient;
using testing::random_values;

const std::vector<int64_t> kRows = {0, 1, 7, 8, 9, 31, 64, 513, 1000};

std::vector<double> wide(const std::vector<float>& x) {
  return {x.begin(), x.end()};
}

TEST(Pairwise, EqualsReferenceInDouble) {
  for (const int64_t n : kRows) {
    for (const double spread : {1.0, 8.0}) {
      const auto x = random_values(n, 1, spread), share = random_values(n, 2);
      const auto xd = wide(x), shared = wide(share);
      // A plain build adds one lane: up to 512 floats in a row. Shares of either sign cancel.
      const auto tolerance = [n](double exact) {
        return 2e-6 * (1 + std::abs(exact)) + 1e-7 * static_cast<double>(n);
      };
      for (const float positive : {-3.0f, 0.25f, 5.0f}) {
        auto a = random_values(n, 3), b = random_values(n, 4);
        auto ad = wide(a), bd = wide(b);
        const auto close = [&](PairSums sums, PairSums exact) {
          EXPECT_NEAR(sums.value, exact.value, tolerance(exact.value));
          EXPECT_NEAR(sums.slope, exact.slope, tolerance(exact.slope));
          EXPECT_LT(difference(wide(a), ad), 3e-7 * (1 + spread)) << n;
          EXPECT_LT(difference(wide(b), bd), 3e-7 * (1 + spread)) << n;
        };
        const double r = static_cast<double>(positive);
        close(pair_softplus(n, positive, 0.5f, x.data(), a.data()),
              reference::pair_softplus(n, r, 0.5, xd.data(), ad.data()));
        close(pair_sigmoid(n, positive, 0.5f, x.data(), share.data(), a.data(), b.data()),
              reference::pair_sigmoid(n, r, 0.5, xd.data(), shared.data(), ad.data(), bd.data()));
        close(
            {square_sigmoid(n, 0.5f, x.data(), share.data(), a.data(), b.data()), 0},
            {reference::square_sigmoid(n, 0.5, xd.data(), shared.data(), ad.data(), bd.data()), 0});
        if (n == 0) continue;
        const float shift = std::min(positive, maximum(n, x.data()));
        close(pair_exponentials(n, positive, shift, x.data(), a.data()),
              reference::pair_exponentials(n, r, static_cast<double>(shift), xd.data(), ad.data()));
      }
    }
  }
}

TEST(Pairwise, ReferenceSlopesEqualFiniteDifferences) {
  constexpr int64_t kN = 6;
  const auto share = random_values<double>(kN, 2);
  auto x = random_values<double>(kN, 1);
  const double positive = 0.3;
  std::vector<double> grad(kN, 0.0), value(kN, 0.0), slope(kN, 0.0), none(kN, 0.0);
  reference::pair_softplus(kN, positive, 1.0, x.data(), grad.data());
  const auto softplus = [&] {
    return reference::pair_softplus(kN, positive, 0.0, x.data(), none.data()).value;
  };
  EXPECT_LT(difference(grad, numeric_gradient(x, softplus)), 1e-8);

  reference::pair_sigmoid(kN, positive, 1.0, x.data(), share.data(), value.data(), slope.data());
  reference::square_sigmoid(kN, 1.0, x.data(), share.data(), value.data(), slope.data());
  const auto top1 = [&] {
    return reference::pair_sigmoid(kN, positive, 0.0, x.data(), share.data(), none.data(),
                                   none.data())
               .value +
           reference::square_sigmoid(kN, 0.0, x.data(), share.data(), none.data(), none.data());
  };
  std::vector<double> expected(kN);
  for (int64_t i = 0; i < kN; ++i) expected[i] = share[i] * slope[i];
  EXPECT_LT(difference(expected, numeric_gradient(x, top1)), 1e-8);

  std::vector<double> out(kN);
  reference::pair_exponentials(kN, positive, 0.1, x.data(), out.data());
  const auto exponentials = [&] {
    return reference::pair_exponentials(kN, positive, 0.1, x.data(), none.data()).value;
  };
  // d/dx e^(x - shift) s(positive - x) = e - e s(x - positive) = e s(positive - x)
  EXPECT_LT(difference(out, numeric_gradient(x, exponentials)), 1e-8);
}

TEST(Pairwise, StandsLargeScores) {
  const std::vector<float> share(9, 1.0f);
  for (const float positive : {-1e4f, 0.0f, 1e4f}) {
    const std::vector<float> x = {-1e4f, 1e4f, 0, -100, 100, 50, -50, 1e4f, -1e4f};
    std::vector<float> a(9, 0.0f), b(9, 0.0f);
    const PairSums first = pair_softplus(9, positive, 1, x.data(), a.data());
    EXPECT_TRUE(std::isfinite(first.value) && std::isfinite(first.slope));
    const PairSums second =
        pair_exponentials(9, positive, std::min(positive, 1e4f), x.data(), b.data());
    EXPECT_TRUE(std::isfinite(second.value));
    EXPECT_GE(second.value, 0.5);
    const PairSums third = pair_sigmoid(9, positive, 1, x.data(), share.data(), a.data(), b.data());
    EXPECT_TRUE(std::isfinite(third.value) && std::isfinite(third.slope));
    EXPECT_NEAR(square_sigmoid(9, 1, x.data(), share.data(), a.data(), b.data()), 8.5, 1e-6);
    for (const float value : a) EXPECT_TRUE(std::isfinite(value));
    for (const float value : b) EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(Pairwise, KeepsNotANumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x(9, nan), share(9, 1.0f);
  std::vector<float> a(9, 0.0f), b(9, 0.0f);
  EXPECT_TRUE(std::isnan(pair_softplus(9, 0, 1, x.data(), a.data()).slope));
  EXPECT_TRUE(std::isnan(pair_exponentials(9, 0, 0, x.data(), a.data()).value));
  EXPECT_TRUE(std::isnan(square_sigmoid(9, 1, x.data(), share.data(), a.data(), b.data())));
}

}  // namespace
}  // namespace truenext::kernels
