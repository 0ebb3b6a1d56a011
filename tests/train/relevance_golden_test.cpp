// SPDX-License-Identifier: Apache-2.0
// Golden values of Bacciu et al. 2023's code (relevance-loss specification, A.3 and A.4): losses on
// given logits, and training steps of a tiny model whose negatives are given.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "batch/future.h"
#include "kernels/overloads.h"
#include "net/model.h"
#include "objectives/criterion.h"
#include "train/optimise/optimizer.h"
#include "train/steps/norm_terms.h"
#include "train/steps/tile_step.h"

namespace truenext {
namespace {

FutureOptions original(Relevance relevance, int64_t items) {
  FutureOptions options;
  options.future_items = items;
  options.relevance = relevance;
  options.normalise = Normalise::original;
  return options;
}

/// Loss of a position from its targets' and as many negatives' scores, which become gradients.
double position_loss(std::span<float> scores, std::span<const float> weights, double cells) {
  const auto criterion = find_criterion("bce-sum").make({});
  std::vector<int32_t> first(weights.size());
  std::iota(first.begin(), first.end(), 0);
  const double loss = criterion->apply(ScoreRow<float>{scores, first, weights}) / cells;
  for (float& score : scores) score /= static_cast<float>(cells);
  return loss;
}

TEST(GoldenRelevance, LossesOfGivenLogits) {
  const std::map<Relevance, double> expected = {{Relevance::fixed, 1.509181499},
                                                {Relevance::linear, 1.117178082},
                                                {Relevance::power, 1.463431001},
                                                {Relevance::exponential, 2.080829859}};
  for (const auto& [relevance, total] : expected) {
    const RelevanceWeights weights(original(relevance, 3));
    std::vector<float> second = {0.5f, -1.0f, -0.5f, 0.25f}, third = {2.0f, 1.0f};
    const double loss =
        position_loss(second, weights.of(2), 3) + position_loss(third, weights.of(1), 3);
    EXPECT_NEAR(loss, total, 1e-6) << word_of(relevance);
  }
}

ModelOptions tiny_options() {
  ModelOptions options;
  options.block = "pmixer";
  options.hidden_size = options.max_length = 4;
  options.num_blocks = options.num_heads = 2;
  options.dropout = 0;
  options.tie_embeddings = true;
  options.padding = PaddingUse::attend;
  options.resolve();
  return options;
}

/// Element e of tensor n of the original.
double numbered(int n, int64_t e) {
  return 0.3 * std::sin(0.7 * (n + 1) + 1.3 * static_cast<double>(e));
}

/// The original's tensor n and its first element that become ours.
struct Origin {
  int tensor;
  int64_t element = 0;
};

std::map<std::string, Origin> origins() {
  std::map<std::string, Origin> all = {{"item_embedding.weight", {0, 4}},  // after the padding row
                                       {"position_embedding.weight", {1}}};
  const auto pair = [&](const std::string& name, int n, int64_t weight = 0, int64_t bias = 0) {
    all[name + ".weight"] = {n, weight};
    all[name + ".bias"] = {n + 1, bias};
  };
  for (int b = 0; b < 2; ++b) {
    const std::string block = "blocks." + std::to_string(b) + ".";
    pair(block + "attention_norm", 2 + 2 * b);
    pair(block + "query", 6 + 4 * b);
    pair(block + "key", 6 + 4 * b, 16, 4);
    pair(block + "value", 6 + 4 * b, 32, 8);
    pair(block + "output", 8 + 4 * b);
    pair(block + "ffn_norm", 14 + 2 * b);
    pair(block + "ffn1", 18 + 4 * b);
    pair(block + "ffn2", 20 + 4 * b);
  }
  pair("final_norm", 26);
  return all;
}

class Steps {
 public:
  explicit Steps(Relevance relevance)
      : weights_(original(relevance, 2)),
        model_(make_model(tiny_options(), 6, 1)),
        adam_(model_->parameters(), adam_options()) {
    const auto from = origins();
    ParameterSet& parameters = model_->parameters();
    EXPECT_EQ(parameters.size(), static_cast<int64_t>(from.size()));
    for (int64_t i = 0; i < parameters.size(); ++i) {
      const Origin origin = from.at(parameters[i].name);
      const bool norm = parameters[i].name.ends_with("norm.weight");
      float* to = parameters[i].value.data();
      for (int64_t e = 0; e < parameters[i].value.size(); ++e) {
        const double value = numbered(origin.tensor, origin.element + e);
        to[e] = static_cast<float>(norm ? 1 + 0.1 * value : value);
      }
    }
    tile_.sequences.add_row(std::vector<int32_t>{0, 1, 2});     // [0, 1, 2, 3]
    tile_.sequences.add_row(std::vector<int32_t>{3, 4, 5, 0});  // [4, 5, 6, 1]
    tile_.streams = {0, 1};
    // Targets, then a negative for each; the original's items minus one.
    rows_ = {{1, 2, 4, 5}, {2, 3, 5, 4}, {3, 4}, {4, 5, 2, 2}, {5, 0, 2, 2}, {0, 1, 2, 2}, {1, 2}};
  }

  double run() {
    TileStep<float> step(*model_, model_->parameters().readable(), tile_, {true, 1, 1});
    float* state_grad = step.take_state_grad();
    std::fill_n(state_grad, step.rows() * step.dim(), 0.0f);
    step.gradients().loss =
        lose(step.states(), state_grad, step.gradients().tables[model_->output_table()]);
    step.backward(state_grad);
    step.add_lookups();
    gradients_ = std::move(step.gradients());
    return gradients_.loss;
  }

  /// Loss of run() and the published term, whose table has a padding row that ours has not.
  double run_with_norm(double factor) {
    const double loss = run();
    WorkerPool pool(1);
    double padding = 0;
    for (int64_t e = 0; e < 4; ++e) padding += numbered(0, e) * numbered(0, e);
    const WeightViews<float> weights = model_->parameters().readable();
    TrainOptions options;
    options.table_norm = factor;
    const std::vector<NormTerm> terms = norm_terms(*model_, options);
    return loss + std::hypot(add_norms<float>(*model_, weights, terms, gradients_, pool),
                             factor * std::sqrt(padding));
  }

  void step() {
    WorkerPool pool(1);
    adam_.step(gradients_, 1e-3, pool);
  }

  /// Frobenius norm of the gradients of the parts of one of the original's tensors.
  double gradient_norm(const std::vector<std::string>& names) {
    double squares = 0;
    for (int64_t i = 0; i < model_->parameters().size(); ++i) {
      const Parameter& parameter = model_->parameters()[i];
      if (std::find(names.begin(), names.end(), parameter.name) == names.end()) continue;
      squares = add_squares(squares, parameter.is_table() ? gradients_.tables[i].make_dense()
                                                          : gradients_.of(parameter));
    }
    return std::sqrt(squares);
  }

  double item_sum() {
    const auto& values = model_->parameters().get("item_embedding.weight").values;
    return std::accumulate(values.begin(), values.end(), 0.0);
  }

 private:
  static TrainOptions adam_options() {
    TrainOptions options;
    options.beta2 = 0.98;
    return options;
  }

  double lose(const float* states, float* state_grad, TableGradient<float>& items) {
    const float* table = model_->parameters()[model_->output_table()].value.data();
    float* table_grad = items.make_dense().data();
    double loss = 0;
    for (size_t q = 0; q < rows_.size(); ++q) {
      const auto count = static_cast<int64_t>(rows_[q].size());
      std::vector<float> scores(rows_[q].size());
      const float* state = states + 4 * q;
      kernels::gather_scores(1, count, 4, state, table, rows_[q].data(), scores.data());
      loss += position_loss(scores, weights_.of(count / 2), 12);
      kernels::gather_scores_backward(1, count, 4, state, table, rows_[q].data(), scores.data(),
                                      state_grad + 4 * q, table_grad);
    }
    return loss;
  }

  RelevanceWeights weights_;
  std::unique_ptr<Model> model_;
  Adam adam_;
  Tile tile_;
  std::vector<std::vector<int32_t>> rows_;
  TileGradients<float> gradients_;
};

TEST(GoldenRelevance, LossesOfATrainingStep) {
  EXPECT_NEAR(Steps(Relevance::fixed).run(), 1.230375506583, 1e-6);
  EXPECT_NEAR(Steps(Relevance::linear).run(), 0.881635576883, 1e-6);
  EXPECT_NEAR(Steps(Relevance::power).run(), 1.086686498615, 1e-6);
  EXPECT_NEAR(Steps(Relevance::exponential).run(), 1.645683960910, 1e-6);
}

TEST(GoldenRelevance, LossesWithTheNormOfTheItemTable) {
  EXPECT_NEAR(Steps(Relevance::fixed).run_with_norm(0.01), 1.241673025370, 1e-6);
  EXPECT_NEAR(Steps(Relevance::linear).run_with_norm(0.01), 0.892933095669, 1e-6);
  EXPECT_NEAR(Steps(Relevance::power).run_with_norm(0.01), 1.097984017401, 1e-6);
  EXPECT_NEAR(Steps(Relevance::exponential).run_with_norm(0.01), 1.656981479696, 1e-6);
}

// On the original's own table of 7 rows, the first of them for padding.
TEST(GoldenRelevance, TheNormCoversThePaddingRow) {
  std::vector<double> table, gradient(28, 0.0);
  for (int64_t e = 0; e < 28; ++e) table.push_back(numbered(0, e));
  WorkerPool pool(1);
  const double term = add_norm<double>(table, 0.01, gradient, pool);
  EXPECT_NEAR(term, 1.241673025370 - 1.230375506583, 1e-11);
  for (int64_t e = 0; e < 28; ++e) EXPECT_NEAR(gradient[e], 1e-4 * table[e] / term, 1e-15);
}

TEST(GoldenRelevance, GradientsOfATrainingStep) {
  Steps steps(Relevance::linear);
  steps.run();
  const auto expect = [&](const std::vector<std::string>& names, double norm) {
    EXPECT_NEAR(steps.gradient_norm(names), norm, 1e-6) << names[0];
  };
  const auto packed = [](const std::string& block, const std::string& end) {
    return std::vector<std::string>{block + "query" + end, block + "key" + end,
                                    block + "value" + end};
  };
  const auto pair = [&](const std::string& name, double weight, double bias) {
    expect({name + ".weight"}, weight);
    expect({name + ".bias"}, bias);
  };
  expect({"item_embedding.weight"}, 0.516902754444);
  expect({"position_embedding.weight"}, 0.232786086005);
  pair("blocks.0.attention_norm", 0.013790509447, 0.085490378856);
  pair("blocks.1.attention_norm", 0.068392915427, 0.044701541493);
  expect(packed("blocks.0.", ".weight"), 0.059830480528);
  expect(packed("blocks.0.", ".bias"), 0.035289518132);
  pair("blocks.0.output", 0.052650191167, 0.085450182757);
  expect(packed("blocks.1.", ".weight"), 0.125564222712);
  expect(packed("blocks.1.", ".bias"), 0.025596206491);
  pair("blocks.1.output", 0.131794936266, 0.043943673370);
  pair("blocks.0.ffn_norm", 0.034101457694, 0.090205041433);
  pair("blocks.1.ffn_norm", 0.085342339314, 0.038296710206);
  pair("blocks.0.ffn1", 0.086985090578, 0.031101388026);
  pair("blocks.0.ffn2", 0.069633666877, 0.079479244087);
  pair("blocks.1.ffn1", 0.091369237581, 0.037565758801);
  pair("blocks.1.ffn2", 0.060072924358, 0.023164350504);
  pair("final_norm", 0.101065026227, 0.039258801588);
}

TEST(GoldenRelevance, LossesAfterAdamSteps) {
  Steps steps(Relevance::linear);
  for (int step = 0; step < 10; ++step) {
    steps.run();
    steps.step();
    if (step > 0) continue;
    double padding = 0;  // the original's row 0, which never moves
    for (int64_t e = 0; e < 4; ++e) padding += numbered(0, e);
    EXPECT_NEAR(steps.item_sum() + padding, 0.169183869157, 1e-5);
    EXPECT_NEAR(steps.run(), 0.875259278820, 2e-6);
  }
  EXPECT_NEAR(steps.run(), 0.824459154830, 1e-5);
}

}  // namespace
}  // namespace truenext
