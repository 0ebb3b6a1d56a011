// SPDX-License-Identifier: Apache-2.0
// Everything like a softmax is finite for scores of any size that float holds, and says what it
// says in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/attention_cases.h"
#include "kernels/attention_runs.h"
#include "kernels/kernels.h"
#include "kernels/logistic.h"
#include "kernels/pairwise.h"

namespace truenext::kernels {
namespace {

using testing::AttentionCase;
using testing::AttentionResult;
using testing::random_values;

const std::vector<double> kScales = {1,   1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
                                     1e7, 1e8, 1e9, 1e10, 1e11, 1e12};

template <typename T>
bool all_finite(const std::vector<T>& values) {
  return std::all_of(values.begin(), values.end(), [](T v) { return std::isfinite(v); });
}

struct Layer {
  const char* name;
  bool causal, padded, terms;
  double dropout;
};

/// Scores of the size of `scale`: that of the queries, so that the values stay ordinary.
void enlarge(AttentionCase<float>& c, double scale) {
  for (int64_t token = 0; token < c.tokens(); ++token) {
    float* q = c.packed.data() + token * c.shape.q_stride;
    for (int64_t i = 0; i < c.shape.dim; ++i) q[i] *= static_cast<float>(scale);
  }
}

TEST(LargeScores, LeaveAttentionFinite) {
  const Layer layers[] = {{"causal", true, false, false, 0},
                          {"both ways", false, false, false, 0},
                          {"padded", true, true, false, 0},
                          {"dropout", true, true, false, 0.2},
                          {"terms", true, false, true, 0}};
  for (const Layer& layer : layers) {
    for (const double scale : kScales) {
      // A width of 12: its root rounds, and so do products with it.
      AttentionCase<float> c({1, 7, 40}, 24, 2, layer.causal, layer.padded, layer.dropout);
      if (layer.terms) c.add_terms(true, true, true);
      enlarge(c, scale);
      const AttentionResult<float> result = testing::attention_run(c);
      EXPECT_TRUE(all_finite(result.out)) << layer.name << " " << scale;
      for (const auto part : {&AttentionResult<float>::q, &AttentionResult<float>::k,
                              &AttentionResult<float>::v, &AttentionResult<float>::pad_key}) {
        EXPECT_TRUE(all_finite(result.*part)) << layer.name << " " << scale;
      }
    }
  }
}

TEST(LargeScores, LeaveTheWeightsOfAttentionASoftmax) {
  for (const double scale : kScales) {
    AttentionCase<float> c({40}, 12, 1, true, false, 0);
    enlarge(c, scale);
    for (int64_t token = 0; token < 40; ++token) {  // every value 1: so is their weighted mean
      float* v = c.packed.data() + token * c.shape.v_stride + 2 * c.shape.dim;
      std::fill_n(v, c.shape.dim, 1.0f);
    }
    for (const float out : testing::attention_output(c)) EXPECT_NEAR(out, 1, 1e-5) << scale;
  }
}

TEST(LargeScores, LeaveSumsOfExponentialsFiniteAndRight) {
  for (const double scale : kScales) {
    for (const int64_t n : {1, 7, 9, 1000}) {
      const std::vector<float> x = random_values<float>(n, 5, scale);
      const float top = *std::max_element(x.begin(), x.end());
      const auto exact = [&] {
        double sum = 0;
        for (const float v : x) sum += std::exp(static_cast<double>(v) - static_cast<double>(top));
        return sum;
      }();
      EXPECT_NEAR(log_sum_exp(n, x.data()), static_cast<double>(top) + std::log(exact),
                  1e-6 * std::max(1.0, std::abs(static_cast<double>(top))))
          << scale;
      std::vector<float> e = x;
      EXPECT_NEAR(exp_sum(n, top, e.data()), exact, 1e-5 * exact) << scale;
      EXPECT_TRUE(all_finite(e)) << scale;
      e = x;
      exp_shifted(n, top, e.data());
      EXPECT_TRUE(all_finite(e)) << scale;
    }
  }
}

TEST(LargeScores, LeaveLogisticSumsFinite) {
  for (const double scale : kScales) {
    const std::vector<float> x = random_values<float>(100, 6, scale);
    const float top = *std::max_element(x.begin(), x.end());
    std::vector<float> out = x, more(x.size(), 0.0f), slope(x.size(), 0.0f);
    const std::vector<float> share(x.size(), 0.01f);
    EXPECT_TRUE(std::isfinite(softplus_sum(100, out.data()))) << scale;
    EXPECT_TRUE(all_finite(out)) << scale;
    for (const float positive : {x[0], top, -top}) {
      const PairSums softplus = pair_softplus(100, positive, 1, x.data(), more.data());
      EXPECT_TRUE(std::isfinite(softplus.value) && std::isfinite(softplus.slope)) << scale;
      const PairSums e = pair_exponentials(100, positive, top, x.data(), out.data());
      EXPECT_TRUE(std::isfinite(e.value) && std::isfinite(e.slope)) << scale;
      const PairSums s =
          pair_sigmoid(100, positive, 1, x.data(), share.data(), more.data(), slope.data());
      EXPECT_TRUE(std::isfinite(s.value) && std::isfinite(s.slope)) << scale;
    }
    EXPECT_TRUE(
        std::isfinite(square_sigmoid(100, 1, x.data(), share.data(), more.data(), slope.data())))
        << scale;
    for (const auto* values : {&out, &more, &slope}) EXPECT_TRUE(all_finite(*values)) << scale;
  }
}

}  // namespace
}  // namespace truenext::kernels
