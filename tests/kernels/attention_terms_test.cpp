// SPDX-License-Identifier: Apache-2.0
// Weights by silu and additive terms, with and without lists of queries.
#include "kernels/attention_runs.h"

namespace truenext::kernels {
namespace {

using testing::attention_output;
using testing::attention_run;
using testing::AttentionCase;
using testing::difference;
using testing::for_each_terms;
using testing::same_bits;
using testing::some_places;
using testing::twin_run;

const std::vector<int64_t> kLengths = {1, 2, 17, 18, 0, 19, 40};

TEST(AttentionTerms, EqualReference) {
  for (const int64_t width : {5, 16}) {
    for_each_terms<float>(kLengths, width, [](const AttentionCase<float>& c) {
      EXPECT_LT(difference(attention_run(c), twin_run(c)), 1e-5) << c.name();
    });
  }
}

TEST(AttentionTerms, NothingDependsOnWhetherTheBackwardPassFollows) {
  for_each_terms<float>(kLengths, 5, [](const AttentionCase<float>& c) {
    EXPECT_TRUE(same_bits(attention_run(c).out, attention_output(c))) << c.name();
  });
}

TEST(AttentionTerms, ListedQueriesHaveTheBitsOfAllTokensAsking) {
  for_each_terms<float>(kLengths, 5, [](const AttentionCase<float>& c) {
    if (!c.is_listed()) return;
    const int64_t dim = c.shape.dim;
    AttentionCase<float> all(kLengths, dim, c.shape.heads, c.shape.causal, false,
                             c.shape.dropout.active() ? 0.3 : 0.0);
    all.add_terms(c.terms.distance_bias, c.terms.time_bias, c.shape.heads != 2);
    all.shape.weights = c.shape.weights;
    all.shape.weight_scale = c.shape.weight_scale;
    all.shape.score_scale = c.shape.score_scale;
    std::fill(all.out_grad.begin(), all.out_grad.end(), 0.0f);
    for (const int64_t row : c.query_rows) {
      std::copy_n(c.out_grad.begin() + row * dim, dim, all.out_grad.begin() + row * dim);
    }
    const auto few = attention_run(c);
    const auto every = attention_run(all);
    EXPECT_TRUE(same_bits(few.out, c.listed(every.out, dim))) << c.name();
    EXPECT_TRUE(few.q == c.listed(every.q, dim)) << c.name();
    EXPECT_TRUE(few.k == every.k) << c.name();
    EXPECT_TRUE(few.v == every.v) << c.name();
    EXPECT_TRUE(few.distance == every.distance) << c.name();
    EXPECT_TRUE(few.time == every.time) << c.name();
  });
}

TEST(AttentionTerms, GradientsThatAreNotWantedMayBeNull) {
  AttentionCase<float> c(kLengths, 10, 2, true, false, 0.0);
  c.add_terms(true, true, true);
  const auto wanted = attention_run(c);
  std::vector<float> saved(static_cast<size_t>(attention_saved_size(c.shape)));
  std::vector<float> out(wanted.out.size()), grad(c.packed.size());
  c.shape.terms = c.terms;
  attention(c.shape, c.q(), c.k(), c.v(), out.data(), saved.data());
  attention_backward(c.shape, c.q(), c.k(), c.v(), saved.data(), c.out_grad.data(), grad.data(),
                     grad.data() + 10, grad.data() + 20, nullptr, nullptr);
  EXPECT_TRUE(testing::dense_rows(grad, c.tokens(), 10, c.shape.q_stride) == wanted.q);
}

/// A layer whose products are all zero and whose value j is the unit vector j: out[i][j] is the
/// weight, silu(term of i and j) / 2.
struct Shown {
  explicit Shown(int64_t tokens) : c({tokens}, tokens, 1, false, false, 0.0), n(tokens) {
    std::fill(c.packed.begin(), c.packed.end(), 0.0f);
    for (int64_t j = 0; j < n; ++j) {
      c.packed[static_cast<size_t>(j * c.shape.v_stride + 2 * n + j)] = 1.0f;
    }
    c.shape.weights = AttentionWeights::silu;
    c.shape.weight_scale = 0.5f;
  }
  /// Compares with silu(table[column(i, j)]) / 2.
  template <typename Column>
  void expect(const std::vector<float>& table, const Column& column) {
    const auto out = attention_output(c);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        const double s = static_cast<double>(table[static_cast<size_t>(column(i, j))]);
        const auto weight = static_cast<double>(out[static_cast<size_t>(i * n + j)]);
        EXPECT_NEAR(weight, s / (1 + std::exp(-s)) / 2, 1e-6) << i << " " << j;
      }
    }
  }

  AttentionCase<float> c;
  int64_t n;
};

TEST(AttentionTerms, DistanceIsQueryMinusKeyPlusOriginClamped) {
  const std::vector<float> table = {-2.0f, 0.5f, 3.0f, 1.0f};
  Shown shown(6);
  shown.c.terms.distance_bias = table.data();
  shown.c.terms.distances = 4;
  shown.c.terms.distance_origin = 2;
  shown.expect(table, [](int64_t i, int64_t j) { return std::clamp<int64_t>(i - j + 2, 0, 3); });
}

TEST(AttentionTerms, TimeIsTheLogarithmOfTheGapToTheRequest) {
  // ln of the gaps / 0.301: 0 and 1 s: 0; 2 s: 2; 60 s: 13; an hour: 27; a day: 37, cut to 30.
  const std::vector<int64_t> gaps = {0, 1, 2, 60, 3600, 86400};
  const std::vector<int64_t> buckets = {0, 0, 2, 13, 27, 30};
  const auto table = testing::random_values(31, 3);
  Shown shown(6);
  for (const int64_t side : {1, -1}) {
    const std::vector<int64_t> query_times(6, 1'700'000'000);
    std::vector<int64_t> key_times;
    for (const int64_t gap : gaps) key_times.push_back(1'700'000'000 - side * gap);
    shown.c.terms.time_bias = table.data();
    shown.c.terms.buckets = 31;
    shown.c.terms.query_times = query_times.data();
    shown.c.terms.key_times = key_times.data();
    shown.expect(table, [&](int64_t, int64_t j) { return buckets[static_cast<size_t>(j)]; });
  }
}

TEST(AttentionTerms, SavedSizeIsOneFloatForEachPair) {
  AttentionCase<float> c(kLengths, 10, 2, true, false, 0.0);
  const int64_t softmax = attention_saved_size(c.shape);
  c.shape.weights = AttentionWeights::silu;
  EXPECT_EQ(attention_saved_size(c.shape), softmax);
  c.ask({{0}, {}, {16}, {}, {}, {0}, {39}});
  EXPECT_EQ(attention_saved_size(c.shape), 2 * (16 + 32 + 32 + 48));  // whole blocks and vectors
}

TEST(AttentionTerms, SiluSurvivesLargeScores) {
  for (const double spread : {10.0, 100.0}) {
    AttentionCase<float> c({70, 9}, 32, 1, true, false, 0.2, spread);
    c.shape.weights = AttentionWeights::silu;
    c.shape.score_scale = 1.0f;
    const auto result = attention_run(c);
    for (const float value : result.out) EXPECT_TRUE(std::isfinite(value));
    for (const float value : result.q) EXPECT_TRUE(std::isfinite(value));
    for (const float value : result.k) EXPECT_TRUE(std::isfinite(value));
  }
}

}  // namespace
}  // namespace truenext::kernels
