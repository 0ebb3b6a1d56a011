// SPDX-License-Identifier: Apache-2.0
// gSASRec's golden values (gsasrec.md section 8): an independent float64 implementation of the
// original's sections 1 and 2, whose tables have a row 0 and a padding row n + 1.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/overloads.h"
#include "net/model.h"
#include "objectives/criterion.h"
#include "support/double_weights.h"
#include "support/tiles.h"
#include "train/steps/tile_step.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 6, kLength = 4, kDim = 4, kNegatives = 3;

ModelOptions golden_options(int64_t heads) {
  ModelOptions options;
  options.block = "gsasrec";
  options.hidden_size = kDim;
  options.num_blocks = 2;
  options.num_heads = heads;
  options.max_length = kLength;
  options.dropout = 0;
  return options;
}

test::DoubleWeights golden_weights(const Model& model) {
  auto weights = test::DoubleWeights::zeros(model.parameters());
  // One running counter over the original's tensors in the original's order.
  int64_t counter = 0;
  const auto next = [&counter] { return std::sin(0.7 * static_cast<double>(counter++) + 0.3); };
  const auto fill = [&](const std::string& name, double base, double factor) {
    for (double& value : weights.get(name)) value = base + factor * next();
  };
  const auto skip_row = [&] { counter += kDim; };
  const auto table = [&](const std::string& name) {
    skip_row();
    fill(name, 0, 0.5);
    skip_row();
  };
  const auto norm = [&](const std::string& name) {
    fill(name + ".weight", 1, 0.1);
    fill(name + ".bias", 0, 0.1);
  };
  const auto linear = [&](const std::string& name) {
    fill(name + ".weight", 0, 0.5);
    fill(name + ".bias", 0, 0.5);
  };
  table("item_embedding.weight");
  fill("position_embedding.weight", 0, 0.5);
  for (const std::string block : {"blocks.0.", "blocks.1."}) {
    norm(block + "attention_norm");
    norm(block + "ffn_norm");
    for (const char* name : {"query", "key", "value", "ffn1", "ffn2"}) linear(block + name);
  }
  norm("final_norm");
  table("output_embedding.weight");
  EXPECT_EQ(counter, 320);
  return weights;
}

// The original's 1-based ids with padding on the left become plain 0-based histories.
Tile golden_tile() {
  return test::next_item_tile({{2, 0, 3, 1, 5}, {4, 5, 0}});
}

TEST(GoldenGsasrec, LastStatesAndScores) {
  const struct {
    int64_t heads;
    double states[2][4];
    double scores[2][6];
  } golden[] = {
      {1,
       {{-1.413536, -0.927759, 0.858080, 1.044284}, {-0.890700, -1.355019, 0.504637, 1.298285}},
       {{0.091189, 0.374618, -0.797136, 1.127540, -1.327651, 1.374345},
        {0.267085, 0.175489, -0.597784, 0.951001, -1.194326, 1.299640}}},
      {2,
       {{-1.725631, -0.374693, 1.167059, 0.537871}, {-1.454113, -0.831402, 1.216090, 0.660154}},
       {{-0.106943, 0.517424, -0.868115, 1.118490, -1.239617, 1.217501},
        {-0.013996, 0.437971, -0.811337, 1.090948, -1.244495, 1.254233}}}};
  for (const auto& expected : golden) {
    const Model model(golden_options(expected.heads), kItems);
    test::DoubleWeights weights = golden_weights(model);
    const double* table = weights.get("output_embedding.weight").data();
    const Tile tile = test::next_item_tile({{2, 0, 3, 1, 0}, {4, 5, 0}});
    const TileStep<double> step(model, weights.views(), tile, {});
    const int64_t last[2] = {3, 5};
    for (int s = 0; s < 2; ++s) {
      const double* state = step.states() + last[s] * kDim;
      for (int c = 0; c < 4; ++c) EXPECT_NEAR(state[c], expected.states[s][c], 1e-6);
      for (int i = 0; i < 6; ++i) {
        const double score = std::inner_product(state, state + kDim, table + i * kDim, 0.0);
        EXPECT_NEAR(score, expected.scores[s][i], 1e-6);
      }
    }
  }
}

/// Loss and all gradients with the golden negatives instead of drawn ones.
struct TrainingExample {
  Model model;
  double loss = 0;
  TileGradients<double> gradients;

  TrainingExample(int64_t heads, double t) : model(golden_options(heads), kItems) {
    const test::DoubleWeights weights = golden_weights(model);
    const Tile tile = golden_tile();
    TileStep<double> step(model, weights.views(), tile, {true, 1, 1});
    const std::vector<int32_t> ids = candidates(tile);
    const int64_t output = model.output_table();
    const double* table = weights[output].data();
    std::vector<double> scores(ids.size());
    kernels::gather_scores(6, 1 + kNegatives, kDim, step.states(), table, ids.data(),
                           scores.data());
    const auto criterion = find_criterion("gbce").make({kItems, kNegatives, t, /*clamped=*/false});
    const std::vector<int32_t> first = {0};
    const std::vector<float> weight = {1};
    for (int q = 0; q < 6; ++q) {
      const std::span<double> row(scores.data() + q * (1 + kNegatives), 1 + kNegatives);
      loss += criterion->apply(ScoreRow<double>{row, first, weight}) / 6;
      for (double& score : row) score /= 6;
    }
    double* state_grad = step.take_state_grad();
    std::fill_n(state_grad, step.rows() * step.dim(), 0.0);
    kernels::gather_scores_backward(6, 1 + kNegatives, kDim, step.states(), table, ids.data(),
                                    scores.data(), state_grad,
                                    step.gradients().tables[output].make_dense().data());
    step.backward(state_grad);
    step.add_lookups();
    gradients = std::move(step.gradients());
  }

  /// Negative j at row b, column c of the original is (5b + 3c + 2j) mod 6 + 1.
  static std::vector<int32_t> candidates(const Tile& tile) {
    std::vector<int32_t> ids;
    const int columns[6] = {1, 2, 3, 4, 3, 4};  // of the padded window; column 0 is dropped
    for (int q = 0; q < 6; ++q) {
      const int b = q < 4 ? 0 : 1;
      ids.push_back(tile.targets.items[q]);
      for (int j = 0; j < kNegatives; ++j) ids.push_back((5 * b + 3 * columns[q] + 2 * j) % 6);
    }
    return ids;
  }

  /// Of row i, column j; a vector is one row.
  double at(const std::string& name, int64_t i, int64_t j) {
    const Parameter& parameter = model.parameters()[model.parameters().index(name)];
    const std::span<const double> all =
        parameter.is_table() ? gradients.tables[model.parameters().index(name)].make_dense()
                             : gradients.of(parameter);
    return all[static_cast<size_t>(i * parameter.shape.back() + j)];
  }
};

TEST(GoldenGsasrec, Losses) {
  EXPECT_NEAR(TrainingExample(1, 0.0).loss, 0.781887133, 1e-9);
  EXPECT_NEAR(TrainingExample(1, 0.75).loss, 0.730735018, 1e-9);
  EXPECT_NEAR(TrainingExample(1, 1.0).loss, 0.713684314, 1e-9);
  EXPECT_NEAR(TrainingExample(2, 0.0).loss, 0.792630012, 1e-9);
  EXPECT_NEAR(TrainingExample(2, 0.75).loss, 0.739829174, 1e-9);
  EXPECT_NEAR(TrainingExample(2, 1.0).loss, 0.722228895, 1e-9);
}

TEST(GoldenGsasrec, Gradients) {
  const struct {
    int64_t heads;
    double values[10];
  } golden[] = {{1,
                 {0.00662356, 0.06994986, 0.03193470, -0.00139393, -0.00077850, 0.00740837,
                  -0.00982768, -0.02116676, -0.06445174, -0.04072119}},
                {2,
                 {0.00844373, 0.08146792, 0.03137686, 0.00049886, 0.00093256, 0.02468682, 0.0,
                  -0.01708423, -0.05732141, -0.04490008}}};
  for (const auto& expected : golden) {
    TrainingExample example(expected.heads, 0.75);
    const double* v = expected.values;
    constexpr double kTolerance = 1e-8;
    EXPECT_NEAR(example.at("item_embedding.weight", 2, 0), v[0],
                kTolerance);  // the original's row 3
    EXPECT_NEAR(example.at("position_embedding.weight", 2, 1), v[1], kTolerance);
    EXPECT_NEAR(example.at("blocks.0.attention_norm.weight", 0, 0), v[2], kTolerance);
    EXPECT_NEAR(example.at("blocks.0.query.weight", 0, 1), v[3], kTolerance);
    EXPECT_NEAR(example.at("blocks.0.key.weight", 1, 2), v[4], kTolerance);
    EXPECT_NEAR(example.at("blocks.1.value.bias", 0, 3), v[5], kTolerance);
    EXPECT_NEAR(example.at("blocks.1.ffn1.weight", 2, 2), v[6], kTolerance);
    EXPECT_NEAR(example.at("final_norm.bias", 0, 1), v[7], kTolerance);
    EXPECT_NEAR(example.at("output_embedding.weight", 1, 1), v[8], kTolerance);
    EXPECT_NEAR(example.at("output_embedding.weight", 4, 3), v[9], kTolerance);
  }
}

}  // namespace
}  // namespace truenext
