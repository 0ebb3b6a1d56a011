// SPDX-License-Identifier: Apache-2.0
// Lists of queries: a listed row has the bits that it has when every token asks.
#include "kernels/attention_runs.h"

namespace truenext::kernels {
namespace {

using testing::attention_output;
using testing::attention_run;
using testing::AttentionCase;
using testing::difference;
using testing::for_each_attention;
using testing::same_bits;
using testing::some_places;
using testing::twin_run;

constexpr double kChances[] = {0.15, 0.5, 1.0};

/// call(case) for every kind of layer with lists of different density.
template <typename Call>
void for_each_list(const Call& call) {
  for_each_attention([&](const std::vector<int64_t>& lengths, int64_t dim, int64_t heads,
                         bool causal, bool padded, double rate) {
    for (const double chance : kChances) {
      AttentionCase<float> c(lengths, dim, heads, causal, padded, rate);
      c.ask(some_places(lengths, 7, chance));
      call(c);
    }
  });
}

TEST(AttentionQueries, EqualReference) {
  for_each_list([](const AttentionCase<float>& c) {
    EXPECT_LT(difference(attention_run(c), twin_run(c)), 1e-5) << c.name();
  });
}

// Where the queries that are not listed have an output gradient of zero, all gradients are the same
// but for the sums over the virtual key, which are taken block by block.
TEST(AttentionQueries, HaveTheBitsOfAllTokensAsking) {
  for_each_attention([&](const std::vector<int64_t>& lengths, int64_t dim, int64_t heads,
                         bool causal, bool padded, double rate) {
    for (const double chance : kChances) {
      AttentionCase<float> some(lengths, dim, heads, causal, padded, rate);
      some.ask(some_places(lengths, 7, chance));
      AttentionCase<float> all(lengths, dim, heads, causal, padded, rate);
      std::fill(all.out_grad.begin(), all.out_grad.end(), 0.0f);
      for (size_t i = 0; i < some.query_rows.size(); ++i) {
        const int64_t at = some.query_rows[i] * dim;
        std::copy_n(some.out_grad.begin() + at, dim, all.out_grad.begin() + at);
      }
      const auto few = attention_run(some);
      const auto every = attention_run(all);
      EXPECT_TRUE(same_bits(few.out, some.listed(every.out, dim))) << some.name();
      EXPECT_TRUE(same_bits(few.out, attention_output(some))) << some.name();
      EXPECT_TRUE(few.q == some.listed(every.q, dim)) << some.name();
      EXPECT_TRUE(few.k == every.k) << some.name();
      EXPECT_TRUE(few.v == every.v) << some.name();
    }
  });
}

TEST(AttentionQueries, SequenceWithoutQueriesHasZeroGradients) {
  for (const bool causal : {true, false}) {
    AttentionCase<float> c({20, 7, 40}, 24, 2, causal, false, 0.3);
    c.ask({{3, 19}, {}, {0, 21}});
    const auto result = attention_run(c);
    for (int64_t i = 20 * 24; i < 27 * 24; ++i) {
      EXPECT_EQ(result.k[static_cast<size_t>(i)], 0.0f);
      EXPECT_EQ(result.v[static_cast<size_t>(i)], 0.0f);
    }
    // Keys behind the last query: seen by nobody in a causal layer only.
    const auto newest = std::vector<float>(result.v.end() - 24, result.v.end());
    EXPECT_EQ(difference(newest, std::vector<float>(24)) == 0.0, causal);
    c.ask({{}, {}, {}});
    const auto nothing = attention_run(c);
    EXPECT_TRUE(nothing.out.empty());
    EXPECT_TRUE(nothing.k == std::vector<float>(nothing.k.size()));
    EXPECT_TRUE(nothing.v == std::vector<float>(nothing.v.size()));
    EXPECT_EQ(attention_saved_size(c.shape), 0);
  }
}

}  // namespace
}  // namespace truenext::kernels
