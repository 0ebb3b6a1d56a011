// SPDX-License-Identifier: Apache-2.0
// Golden values of the originals: gSASRec-pytorch (float64) and the relevance-loss code's variant
// of pmixer's SASRec.
#include <gtest/gtest.h>

#include <cmath>

#include "inference/model_weights.h"

namespace truenext {
namespace {

constexpr double kTolerance = 2e-6;

void expect_near(const float* values, const std::vector<double>& wanted) {
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(values[i], wanted[i], kTolerance) << i;
}

std::vector<float> scores(const SequenceEncoder& encoder, const float* state) {
  std::vector<float> result;
  for (int64_t item = 0; item < encoder.num_items(); ++item) {
    float sum = 0;
    for (int64_t c = 0; c < encoder.dim(); ++c) {
      sum += state[c] * encoder.item_table()[static_cast<size_t>(item * encoder.dim() + c)];
    }
    result.push_back(sum);
  }
  return result;
}

std::vector<float> rows(const std::vector<float>& table, int64_t first, int64_t count, int64_t d) {
  const auto begin = table.begin() + first * d;
  return {begin, begin + count * d};
}

// One counter j over all parameters in the original's order; tables have 8 rows of which 1..6 are
// items.
ModelWeights gsasrec_weights() {
  ModelWeights weights;
  int64_t j = 0;
  const auto fill = [&](int64_t count, double base, double factor) {
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i, ++j) {
      values.push_back(
          static_cast<float>(base + factor * std::sin(0.7 * static_cast<double>(j) + 0.3)));
    }
    return values;
  };
  const auto norm = [&](const std::string& name) {
    weights.set(name + ".weight", {4}, fill(4, 1, 0.1));
    weights.set(name + ".bias", {4}, fill(4, 0, 0.1));
  };
  weights.set("item_embedding.weight", {6, 4}, rows(fill(32, 0, 0.5), 1, 6, 4));
  weights.set("position_embedding.weight", {4, 4}, fill(16, 0, 0.5));
  for (const std::string block : {"blocks.0.", "blocks.1."}) {
    norm(block + "attention_norm");
    norm(block + "ffn_norm");
    for (const char* part : {"query", "key", "value", "ffn1", "ffn2"}) {
      weights.set(block + part + ".weight", {4, 4}, fill(16, 0, 0.5));
      weights.set(block + part + ".bias", {4}, fill(4, 0, 0.5));
    }
  }
  norm("final_norm");
  weights.set("output_embedding.weight", {6, 4}, rows(fill(32, 0, 0.5), 1, 6, 4));
  EXPECT_EQ(j, 320);
  return weights;
}

struct GsasrecGolden {
  int64_t heads;
  std::vector<double> state[2], scores[2];
};

void check_gsasrec(const GsasrecGolden& golden) {
  ModelOptions options;
  options.hidden_size = 4;
  options.max_length = 4;
  options.num_heads = golden.heads;
  const ModelWeights weights = gsasrec_weights();
  const auto encoder = make_encoder(options, weights.views);
  Jagged<int32_t> histories;
  histories.add_row(std::vector<int32_t>{2, 0, 3, 1});  // [3 1 4 2], ids from 1
  histories.add_row(std::vector<int32_t>{4, 5});        // [7 7 5 6], 7 = padding
  const auto states = last_states(*encoder, histories);
  const auto all = all_states(*encoder, histories);
  const int64_t last_rows[2] = {3, 5};
  for (int64_t i = 0; i < 2; ++i) {
    expect_near(states.data() + i * 4, golden.state[i]);
    expect_near(all.data() + last_rows[i] * 4, golden.state[i]);
    expect_near(scores(*encoder, states.data() + i * 4).data(), golden.scores[i]);
  }
}

TEST(SasrecEncoder, ReproducesGsasrecWithOneHead) {
  check_gsasrec(
      {1,
       {{-1.413536, -0.927759, 0.858080, 1.044284}, {-0.890700, -1.355019, 0.504637, 1.298285}},
       {{0.091189, 0.374618, -0.797136, 1.127540, -1.327651, 1.374345},
        {0.267085, 0.175489, -0.597784, 0.951001, -1.194326, 1.299640}}});
}

TEST(SasrecEncoder, ReproducesGsasrecWithTwoHeads) {
  check_gsasrec(
      {2,
       {{-1.725631, -0.374693, 1.167059, 0.537871}, {-1.454113, -0.831402, 1.216090, 0.660154}},
       {{-0.106943, 0.517424, -0.868115, 1.118490, -1.239617, 1.217501},
        {-0.013996, 0.437971, -0.811337, 1.090948, -1.244495, 1.254233}}});
}

// Tensor n, element e: 0.3 sin(0.7 (n + 1) + 1.3 e); norm weights 1 + 0.1 of that.
std::vector<float> numbered(int n, int64_t count, bool norm_weight = false) {
  std::vector<float> values;
  for (int64_t e = 0; e < count; ++e) {
    const double value = 0.3 * std::sin(0.7 * (n + 1) + 1.3 * static_cast<double>(e));
    values.push_back(static_cast<float>(norm_weight ? 1 + 0.1 * value : value));
  }
  return values;
}

ModelWeights relevance_weights() {
  ModelWeights weights;
  weights.set("item_embedding.weight", {6, 4}, rows(numbered(0, 28), 1, 6, 4));
  weights.set("position_embedding.weight", {4, 4}, numbered(1, 16));
  const auto norm = [&](const std::string& name, int n) {
    weights.set(name + ".weight", {4}, numbered(n, 4, true));
    weights.set(name + ".bias", {4}, numbered(n + 1, 4));
  };
  const auto linear = [&](const std::string& name, int n) {
    weights.set(name + ".weight", {4, 4}, numbered(n, 16));
    weights.set(name + ".bias", {4}, numbered(n + 1, 4));
  };
  for (int b = 0; b < 2; ++b) {
    const std::string block = "blocks." + std::to_string(b) + ".";
    norm(block + "attention_norm", 2 + 2 * b);
    const std::vector<float> packed = numbered(6 + 4 * b, 48);
    const std::vector<float> packed_bias = numbered(7 + 4 * b, 12);
    const char* const parts[] = {"query", "key", "value"};
    for (int64_t i = 0; i < 3; ++i) {
      weights.set(block + parts[i] + ".weight", {4, 4}, rows(packed, 4 * i, 4, 4));
      weights.set(block + parts[i] + ".bias", {4}, rows(packed_bias, i, 1, 4));
    }
    linear(block + "output", 8 + 4 * b);
    norm(block + "ffn_norm", 14 + 2 * b);
    linear(block + "ffn1", 18 + 4 * b);
    linear(block + "ffn2", 20 + 4 * b);
  }
  norm("final_norm", 26);
  return weights;
}

TEST(SasrecEncoder, ReproducesTheRelevanceLossVariantIncludingItsPadding) {
  ModelOptions options;
  options.block = "pmixer";
  options.hidden_size = 4;
  options.num_heads = 2;
  options.max_length = 4;
  options.tie_embeddings = true;
  options.padding = PaddingUse::attend;
  const ModelWeights weights = relevance_weights();
  const auto encoder = make_encoder(options, weights.views);
  Jagged<int32_t> histories;
  histories.add_row(std::vector<int32_t>{0, 1, 2});     // [0,1,2,3]
  histories.add_row(std::vector<int32_t>{3, 4, 5, 0});  // [4,5,6,1]
  const std::vector<double> first[3] = {
      {-0.745234288531, 1.264613988436, 0.980567683047, -1.326536433861},
      {-1.350166506583, 0.195910502789, 1.133675140175, 0.132448576185},
      {-1.139343954447, -0.329333573435, 0.808875537120, 0.739059115066}};
  const std::vector<double> second = {-1.326752817652, 0.493757977579, 1.225288053997,
                                      -0.261891614365};
  const auto all = all_states(*encoder, histories);
  for (int64_t i = 0; i < 3; ++i) expect_near(all.data() + i * 4, first[i]);
  expect_near(all.data() + 6 * 4, second);
  const auto states = last_states(*encoder, histories);
  expect_near(states.data(), first[2]);
  expect_near(states.data() + 4, second);
  expect_near(scores(*encoder, states.data()).data(),
              {0.161885878564, 0.720324683431, 0.513082367309, -0.239549397762, -0.737548140212,
               -0.451557801390});
}

}  // namespace
}  // namespace truenext
