// SPDX-License-Identifier: Apache-2.0
// The one description of scores: what it says, what it refuses, and the tables and states that are
// made by it.
#include "net/scoring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "inference/model_weights.h"
#include "net/encoder.h"
#include "net/model.h"
#include "support/network_cases.h"
#include "support/test_files.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 21;

ModelOptions cosine(bool tied = true, bool learned = false) {
  ModelOptions options = test::small_network();
  options.tie_embeddings = tied;
  options.similarity = Similarity::cosine;
  options.temperature = 0.1;
  options.learned_temperature = learned;
  options.dropout = 0;
  return options;
}

TEST(Scoring, SaysWhatScoresAre) {
  ModelOptions options;
  EXPECT_EQ(scoring_of(options).text(), "inner product");
  EXPECT_EQ(scoring_of(options).width(), 128);
  options.output_bias = true;
  EXPECT_EQ(scoring_of(options).text(), "inner product and a bias");
  EXPECT_EQ(scoring_of(options).width(), 129);
  EXPECT_EQ(scoring_of(cosine()).text(), "cosine / 0.1");
  EXPECT_EQ(scoring_of(cosine(true, true)).text(), "cosine / 0.1, learned");
  EXPECT_EQ(scoring_of(cosine()).width(), 12);
}

TEST(Scoring, RefusesWhatACosineDoesNotGoWith) {
  const auto refused = [](const auto& change) {
    ModelOptions options = cosine();
    change(options);
    const test::Caught error = test::caught([&] { options.resolve(); });
    EXPECT_EQ(error.code, ExitCode::usage);
    return error.message;
  };
  const std::string biased = refused([](ModelOptions& o) { o.output_bias = true; });
  EXPECT_NE(biased.find("model.similarity = \"cosine\" with model.output_bias"), std::string::npos);
  EXPECT_NE(biased.find("set model.output_bias=false"), std::string::npos) << biased;
  const std::string padded = refused([](ModelOptions& o) { o.padding_class = true; });
  EXPECT_NE(padded.find("model.padding_class=false"), std::string::npos) << padded;
  const std::string warm = refused([](ModelOptions& o) { o.temperature = 1; });
  EXPECT_NE(warm.find("model.temperature"), std::string::npos) << warm;
}

TEST(Scoring, AVectorOfZerosHasACosine) {
  std::vector<double> zeros(3, 0.0), gradient{1, 2, 3};
  make_unit<double>(3, zeros.data());
  EXPECT_EQ(zeros, std::vector<double>(3, 0.0));
  make_unit_backward<double>(3, zeros.data(), gradient.data());
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(gradient[i], (i + 1) * 1e6, 1e-3);
}

TEST(Scoring, GradientsOfUnitVectorsAreThose) {
  const std::vector<double> vector{0.3, -1.2, 0.4, 2}, given{0.5, 0.1, -0.7, 0.2};
  std::vector<double> gradient = given;
  make_unit_backward<double>(4, vector.data(), gradient.data());
  const auto value = [&](std::vector<double> at) {
    make_unit<double>(4, at.data());
    double sum = 0;
    for (size_t i = 0; i < 4; ++i) sum += at[i] * given[i];
    return sum;
  };
  for (size_t i = 0; i < 4; ++i) {
    std::vector<double> above = vector, below = vector;
    above[i] += 1e-6;
    below[i] -= 1e-6;
    EXPECT_NEAR(gradient[i], (value(above) - value(below)) / 2e-6, 1e-8);
  }
}

TEST(Scoring, UnitVectorsOfSomeItemsAreThoseOfAll) {
  for (const bool tied : {true, false}) {
    const auto all = make_model(cosine(tied), kItems, 3),
               some = make_model(cosine(tied), kItems, 3);
    WorkerPool pool(3);
    all->compose(pool);
    const std::vector<int32_t> items{0, 4, 5, 20};
    some->compose(items, pool);
    const Tensor &whole = *all->parameters().units(), &part = *some->parameters().units();
    ASSERT_EQ(part.shape, (std::vector<int64_t>{kItems, 12}));
    for (int64_t item = 0; item < kItems; ++item) {
      const bool made = std::ranges::find(items, item) != items.end();
      double squares = 0;
      for (int64_t c = item * 12; c < (item + 1) * 12; ++c) {
        EXPECT_EQ(part.data()[c], made ? whole.data()[c] : 0) << item;
        squares += static_cast<double>(whole.data()[c]) * whole.data()[c];
      }
      EXPECT_NEAR(squares, 1, 1e-6);
    }
    EXPECT_EQ(all->score_table(), all->parameters().size());
    // Inputs are read as they are trained.
    const WeightViews<float> views = all->parameters().readable();
    EXPECT_EQ(views[static_cast<size_t>(all->input_table())].data,
              all->parameters().get(kInputTable).data());
  }
}

/// Scores by hand: the states of the same weights under inner products, and the vectors.
TEST(Scoring, CosinesAreOfStatesAndVectors) {
  for (const bool learned : {false, true}) {
    const auto model = make_model(cosine(false, learned), kItems, 3);
    test::roughen(model->parameters());
    const double gain = learned ? 1.7 : 1;
    if (learned) model->parameters().get(kScoreGain).values = {1.7f};
    const auto encoder = make_encoder(model->options(), model->parameters().views());
    ModelOptions product = model->options();
    product.similarity = Similarity::product;
    TensorMap weights = model->parameters().views();
    weights.erase(kScoreGain);
    product.learned_temperature = false;
    const auto plain = make_encoder(product, weights);
    const Jagged<int32_t> histories = random_histories(6, 10, kItems);
    const std::vector<float> states = last_states(*encoder, histories);
    const std::vector<float> raw = last_states(*plain, histories);
    const float* table = weights.at(kOutputTable).data;
    for (int64_t row = 0; row < histories.size(); ++row) {
      for (int64_t item = 0; item < kItems; ++item) {
        double product_sum = 0, of_state = 0, of_item = 0, score = 0;
        for (int64_t c = 0; c < 12; ++c) {
          const double x = raw[static_cast<size_t>(row * 12 + c)], e = table[item * 12 + c];
          product_sum += x * e;
          of_state += x * x;
          of_item += e * e;
          score += static_cast<double>(states[static_cast<size_t>(row * 12 + c)]) *
                   encoder->item_table()[static_cast<size_t>(item * 12 + c)];
        }
        EXPECT_NEAR(score, gain / 0.1 * product_sum / std::sqrt(of_state * of_item), 1e-4);
      }
    }
  }
}

}  // namespace
}  // namespace truenext
