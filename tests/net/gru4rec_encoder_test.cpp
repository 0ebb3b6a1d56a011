// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "inference/model_weights.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 29;

ModelOptions gru_options(int64_t layers, bool bias, PaddingUse padding) {
  ModelOptions options;
  options.name = "gru4rec";
  options.hidden_size = 10;
  options.gru_hidden_size = 13;
  options.gru_layers = layers;
  options.gru_bias = bias;
  options.padding = padding;
  options.max_length = 9;
  return options;
}

/// The recurrence in doubles, one sequence at a time; padding is written out.
class GruReference {
 public:
  GruReference(const ModelOptions& options, const TensorMap& weights)
      : options_(options), weights_(weights) {}

  std::vector<std::vector<double>> encode(std::span<const int32_t> window) const {
    std::vector<std::vector<double>> states(
        static_cast<size_t>(options_.gru_layers),
        std::vector<double>(static_cast<size_t>(options_.gru_hidden_size), 0.0));
    if (options_.padding == PaddingUse::attend) {
      for (size_t t = window.size(); t < static_cast<size_t>(options_.max_length); ++t) {
        step("padding_embedding", 0, states);
      }
    }
    std::vector<std::vector<double>> out;
    for (const int32_t item : window) {
      step("item_embedding.weight", item, states);
      std::vector<double> dense = product("dense.weight", states.back());
      for (size_t c = 0; c < dense.size(); ++c) dense[c] += weights_.at("dense.bias").data[c];
      out.push_back(dense);
    }
    return out;
  }

 private:
  std::vector<double> product(const std::string& name, const std::vector<double>& x) const {
    const TensorView& weight = weights_.at(name);
    std::vector<double> y(static_cast<size_t>(weight.shape[0]), 0.0);
    for (size_t o = 0; o < y.size(); ++o) {
      for (size_t i = 0; i < x.size(); ++i) y[o] += weight.data[o * x.size() + i] * x[i];
    }
    return y;
  }

  std::vector<double> gates(const std::string& prefix, const char* part,
                            const std::vector<double>& x) const {
    std::vector<double> y = product(prefix + part + "_weight", x);
    if (!options_.gru_bias) return y;
    const float* bias = weights_.at(prefix + part + "_bias").data;
    for (size_t i = 0; i < y.size(); ++i) y[i] += bias[i];
    return y;
  }

  void step(const std::string& table, int64_t row, std::vector<std::vector<double>>& states) const {
    const float* begin = weights_.at(table).data + row * options_.hidden_size;
    std::vector<double> x(begin, begin + options_.hidden_size);
    const auto sigmoid = [](double value) { return 1 / (1 + std::exp(-value)); };
    for (size_t l = 0; l < states.size(); ++l) {
      std::vector<double>& h = states[l];
      const std::string prefix = "gru." + std::to_string(l) + ".";
      const std::vector<double> xg = gates(prefix, "input", x);
      const std::vector<double> hg = gates(prefix, "hidden", h);
      const size_t n = h.size();
      for (size_t c = 0; c < n; ++c) {
        const double r = sigmoid(xg[c] + hg[c]);
        const double z = sigmoid(xg[n + c] + hg[n + c]);
        h[c] = (1 - z) * std::tanh(xg[2 * n + c] + r * hg[2 * n + c]) + z * h[c];
      }
      x = h;
    }
  }

  const ModelOptions& options_;
  const TensorMap& weights_;
};

void check_against_reference(const ModelOptions& options) {
  const ModelWeights weights = random_weights(options, kItems, 0.5);
  const auto encoder = make_encoder(options, weights.views);
  const Jagged<int32_t> histories = random_histories(150, 9, kItems);
  const auto last = last_states(*encoder, histories);
  const auto all = all_states(*encoder, histories);
  const GruReference reference(options, weights.views);
  const int64_t d = encoder->dim();
  for (int64_t row = 0; row < histories.size(); ++row) {
    const auto wanted = reference.encode(histories.row(row));
    for (int64_t i = 0; i < histories.row_size(row); ++i) {
      for (int64_t c = 0; c < d; ++c) {
        ASSERT_NEAR(all[(histories.offsets[row] + i) * d + c], wanted[i][c], 1e-5) << row;
      }
    }
    for (int64_t c = 0; c < d; ++c) ASSERT_NEAR(last[row * d + c], wanted.back()[c], 1e-5) << row;
  }
}

TEST(Gru4recEncoder, AgreesWithThePlainReference) {
  check_against_reference(gru_options(1, false, PaddingUse::none));
}
TEST(Gru4recEncoder, AgreesWithThePlainReferenceWithLayersAndBiases) {
  check_against_reference(gru_options(3, true, PaddingUse::none));
}
TEST(Gru4recEncoder, RunsOverItsPaddingWhenAskedTo) {
  check_against_reference(gru_options(2, false, PaddingUse::attend));
}

TEST(Gru4recEncoder, GivesTheSameBitsAloneAndInAnyBatch) {
  const ModelOptions options = gru_options(2, true, PaddingUse::attend);
  const ModelWeights weights = random_weights(options, kItems);
  const auto encoder = make_encoder(options, weights.views);
  const Jagged<int32_t> histories = random_histories(200, 15, kItems);
  const auto together = last_states(*encoder, histories);
  for (int64_t row = 0; row < histories.size(); ++row) {
    Jagged<int32_t> one;
    one.add_row(histories.row(row));
    const auto alone = last_states(*encoder, one);
    ASSERT_EQ(std::memcmp(alone.data(), together.data() + row * encoder->dim(),
                          alone.size() * sizeof(float)),
              0)
        << row;
  }
}

TEST(Gru4recEncoder, ScoresWithTheInputTableWhenTied) {
  ModelOptions options = gru_options(1, false, PaddingUse::none);
  options.tie_embeddings = true;
  const ModelWeights weights = random_weights(options, kItems);
  const auto encoder = make_encoder(options, weights.views);
  EXPECT_EQ(encoder->item_table().data(), weights.views.at("item_embedding.weight").data);
  EXPECT_EQ(encoder->item_table().size(), static_cast<size_t>(kItems * 10));
  EXPECT_EQ(encoder->num_items(), kItems);
}

}  // namespace
}  // namespace truenext
