// SPDX-License-Identifier: Apache-2.0
// Tiny models through the code of Li et al. 2023: losses, every gradient and the weights after one
// and three Adam steps. All 14 rows of their table, padding and mask too, are items here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "kernels/overloads.h"
#include "net/model.h"
#include "objectives/full_catalogue.h"
#include "support/s3rec_names.h"
#include "train/optimise/optimizer.h"
#include "train/steps/tile_step.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kFile = fs::path(TRUENEXT_SHARED_DATA) / "s3rec" / "golden" / "train_steps.json";
constexpr int64_t kRows = 14, kDim = 8;

struct Case {
  const char* name;
  bool gru;
  bool last_only;
  bool one_negative;  ///< BCE with the file's negatives, else softmax over all rows
  bool graph = false;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

ModelOptions model_options(const Case& which, int64_t length) {
  ModelOptions options;
  options.name = which.graph ? "sr-gnn" : which.gru ? "gru4rec" : "sasrec";
  options.readout = which.last_only ? Readout::original : Readout::improved;
  options.padding = which.graph ? PaddingUse::attend : PaddingUse::none;
  options.block = "post-norm";
  options.hidden_size = kDim;
  options.num_blocks = 2;
  options.num_heads = 2;
  options.inner_size = 32;
  options.max_length = length;
  options.dropout = 0;
  options.tie_embeddings = true;
  options.gru_hidden_size = 12;
  options.gru_bias = false;
  options.resolve();
  return options;
}

/// Our names of the original's tensors.
std::map<std::string, std::string> tensor_names(const Case& which) {
  std::map<std::string, std::string> names = {{"item_embedding.weight", "item_embeddings.weight"}};
  const auto pair = [&](const std::string& ours, const std::string& theirs) {
    for (const char* end : {".weight", ".bias"}) names[ours + end] = theirs + end;
  };
  if (which.graph) {
    names["padding_embedding"] = "item_embeddings.weight";
    pair("edge_in", "gnn.linear_edge_in");
    pair("edge_out", "gnn.linear_edge_out");
    names["aggregate_in_bias"] = "gnn.b_iah";
    names["aggregate_out_bias"] = "gnn.b_ioh";
    names["gnn_input.weight"] = "gnn.w_ih";
    names["gnn_input.bias"] = "gnn.b_ih";
    names["gnn_hidden.weight"] = "gnn.w_hh";
    names["gnn_hidden.bias"] = "gnn.b_hh";
    pair("attention_query", "linear_one");
    pair("attention_key", "linear_two");
    names["attention_value.weight"] = "linear_three.weight";
    pair("output", "linear_transform");
    return names;
  }
  if (which.gru) {
    names["gru.0.input_weight"] = "gru_layers.weight_ih_l0";
    names["gru.0.hidden_weight"] = "gru_layers.weight_hh_l0";
    pair("dense", "dense");
    return names;
  }
  test::add_s3rec_transformer(names);
  return names;
}

class Example {
 public:
  Example(const json& golden, const Case& which)
      : golden_(golden),
        which_(which),
        names_(tensor_names(which)),
        model_(make_model(model_options(which, std::ssize(golden["inputs"]["input_ids"][0])), kRows,
                          1)),
        adam_(model_->parameters(), TrainOptions{}) {
    ParameterSet& parameters = model_->parameters();
    EXPECT_EQ(parameters.size(), static_cast<int64_t>(names_.size()));
    for (int64_t i = 0; i < parameters.size(); ++i) {
      const auto values = numbers("initial", i);
      EXPECT_EQ(std::ssize(values), parameters[i].value.size()) << parameters[i].name;
      std::copy(values.begin(), values.end(), parameters[i].value.data());
    }
    const json& inputs = golden["inputs"];
    for (size_t row = 0; row < inputs["input_ids"].size(); ++row) add_sequence(inputs, row);
  }

  /// Loss at the present weights; fills gradients().
  double run() {
    TileStep<float> step(*model_, model_->parameters().readable(), tile_, {true, 1, 1});
    float* state_grad = step.take_state_grad();
    std::fill_n(state_grad, step.rows() * step.dim(), 0.0f);
    step.gradients().loss =
        lose(step.states(), state_grad, step.gradients().tables[model_->output_table()]);
    step.backward(state_grad);
    add_items(step.pass(), step.gradients());
    gradients_ = std::move(step.gradients());
    return gradients_.loss;
  }

  void step() {
    WorkerPool pool(1);
    adam_.step(gradients_, 1e-3, pool);
    if (!which_.graph) return;
    // Their padding row as an input is the table's first row, which only scores move.
    ParameterSet& parameters = model_->parameters();
    const float* first = parameters[model_->input_table()].value.data();
    std::copy_n(first, kDim, parameters.get("padding_embedding").data());
  }

  void expect_gradients() {
    for (int64_t i = 0; i < model_->parameters().size(); ++i) {
      if (is_padding(i)) continue;
      const auto wanted = numbers("gradients", i);
      const std::vector<float> ours = gradient(i);
      ASSERT_EQ(wanted.size(), ours.size());
      for (size_t e = 0; e < wanted.size(); ++e) {
        EXPECT_NEAR(ours[e], wanted[e], 1e-6f + 1e-4f * std::abs(wanted[e]))
            << model_->parameters()[i].name << " " << e;
      }
    }
  }

  /// Where the first gradient is rounding noise Adam makes steps of it. The exact gradient of the
  /// key biases of attention is zero, theirs and ours are noise that may happen to be.
  void expect_weights(const std::string& key) {
    for (int64_t i = 0; i < model_->parameters().size(); ++i) {
      if (is_padding(i)) continue;
      const auto wanted = numbers(key, i), first = numbers("gradients", i);
      const float* ours = model_->parameters()[i].value.data();
      const bool noise = model_->parameters()[i].name.ends_with("key.bias");
      const auto start = numbers("initial", i);
      for (size_t e = 0; e < wanted.size(); ++e) {
        if (first[e] == 0 && !noise) {
          EXPECT_EQ(ours[e], start[e]) << model_->parameters()[i].name << " " << e;
        } else if (std::abs(first[e]) > 1e-6f) {
          EXPECT_NEAR(ours[e], wanted[e], 1e-5f) << model_->parameters()[i].name << " " << e;
        }
      }
    }
  }

 private:
  bool is_padding(int64_t parameter) const {
    return model_->parameters()[parameter].name == "padding_embedding";
  }
  std::vector<float> numbers(const std::string& key, int64_t parameter) const {
    std::vector<float> all = golden_[key].at(names_.at(model_->parameters()[parameter].name));
    if (is_padding(parameter)) all.resize(kDim);
    return all;
  }

  void add_sequence(const json& inputs, size_t row) {
    const std::vector<int32_t> ids = inputs["input_ids"][row];
    // The original's GRU runs over its padding, which is an item like any other for that.
    size_t first = 0;
    while (!which_.gru && ids[first] == 0) ++first;
    const auto start = static_cast<int32_t>(tile_.tokens()) - static_cast<int32_t>(first);
    tile_.sequences.add_row(std::span(ids).subspan(first));
    tile_.streams.push_back(row);
    for (size_t c = which_.last_only ? ids.size() - 1 : 0; c < ids.size(); ++c) {
      const int32_t target = inputs["target_pos"][row][c];
      if (target == 0) continue;
      tile_.targets.rows.push_back(start + static_cast<int32_t>(c));
      tile_.targets.items.push_back(target);
      tile_.targets.weights.push_back(1);
      tile_.targets.offsets.push_back(tile_.targets.size());
      pairs_.push_back(target);
      if (which_.one_negative) pairs_.push_back(inputs["target_neg"][row][c]);
    }
  }

  double lose(const float* states, float* state_grad, TableGradient<float>& table_grad) {
    ObjectiveInput<float> input;
    input.states = states;
    input.table = model_->parameters()[model_->output_table()].value.data();
    input.dim = kDim;
    input.tile = &tile_;
    input.by_query = tile_.targets.size() < tile_.tokens();
    input.divisor = tile_.targets.size();
    if (!which_.one_negative) {
      return full_by_rows(*find_criterion("softmax").make({}), input, state_grad, table_grad);
    }
    const auto criterion = find_criterion("bce-mean").make({});
    const std::vector<int32_t> first = {0};
    const std::vector<float> weight = {1.0f / static_cast<float>(input.divisor)};
    double loss = 0;
    for (int64_t q = 0; q < input.divisor; ++q) {
      const int64_t place = input.row_of(q) * kDim;
      const int32_t* ids = pairs_.data() + 2 * q;
      std::vector<float> scores(2);
      kernels::gather_scores(1, 2, kDim, input.states + place, input.table, ids, scores.data());
      loss += criterion->apply(ScoreRow<float>{scores, first, weight});
      kernels::gather_scores_backward(1, 2, kDim, input.states + place, input.table, ids,
                                      scores.data(), state_grad + place,
                                      table_grad.make_dense().data());
    }
    return loss;
  }

  /// add_lookups() as the original's lookup does it: its padding row gets no gradient.
  void add_items(const net::TilePass<float>& pass, TileGradients<float>& gradients) const {
    for (const net::Lookup& lookup : pass.lookups()) {
      const float* row = pass.gradient(lookup);
      ASSERT_NE(row, nullptr);
      for (size_t r = 0; r < lookup.ids.size(); ++r, row += lookup.rows.width) {
        if (lookup.table == model_->input_table() && lookup.ids[r] == 0) continue;
        gradients.tables[lookup.table].add_rows(std::span(lookup.ids).subspan(r, 1), row);
      }
    }
  }

  std::vector<float> gradient(int64_t i) {
    const Parameter& parameter = model_->parameters()[i];
    const std::span<const float> values =
        parameter.is_table() ? gradients_.tables[i].make_dense() : gradients_.of(parameter);
    return {values.begin(), values.end()};
  }

  const json& golden_;
  Case which_;
  std::map<std::string, std::string> names_;
  std::unique_ptr<Model> model_;
  Adam adam_;
  Tile tile_;
  std::vector<int32_t> pairs_;  ///< target and negative of each query
  TileGradients<float> gradients_;
};

class EnhancedLossSteps : public testing::TestWithParam<Case> {};

TEST_P(EnhancedLossSteps, GiveTheGoldenLossesGradientsAndWeights) {
  if (!fs::exists(kFile)) GTEST_SKIP() << kFile << " is not there";
  std::ifstream stream(kFile);
  const json file = json::parse(stream);
  const json& golden = file["cases"].at(GetParam().name);
  Example example(golden, GetParam());
  const std::vector<double> losses = golden["loss_before_each_step_and_after_last"];
  ASSERT_EQ(losses.size(), 4u);
  for (size_t step = 0; step < 4; ++step) {
    EXPECT_NEAR(example.run(), losses[step], 1e-5 * losses[step]) << step;
    if (step == 0) example.expect_gradients();
    if (step == 1) example.expect_weights("after_1_steps");
    if (step == 3) example.expect_weights("after_3_steps");
    example.step();
  }
}

INSTANTIATE_TEST_SUITE_P(All, EnhancedLossSteps,
                         testing::Values(Case{"sasrec_cce", false, false, false},
                                         Case{"sasrec_bce", false, false, true},
                                         Case{"sasrec_ce", false, true, false},
                                         Case{"gru4rec_cce", true, false, false},
                                         Case{"srgnn_cce", false, false, false, true},
                                         Case{"ori_srgnn_ce", false, true, false, true}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace truenext
