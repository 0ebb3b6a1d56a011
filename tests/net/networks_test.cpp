// SPDX-License-Identifier: Apache-2.0
// What every network on the list promises, whatever it computes. A network that is added to the
// list is tested here, and by gradient_test.cpp, network_training_test.cpp and
// saved_networks_test.cpp in tests/train, without a line for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "inference/model_weights.h"
#include "net/encoder.h"
#include "net/model.h"
#include "net/network_run.h"
#include "net/recording_ops.h"
#include "support/network_cases.h"

namespace truenext {
namespace {

using net::PassPurpose;
using net::Wanted;
using test::network_states;
using test::same_bits;
using test::Sequences;

constexpr int64_t kItems = 30;
constexpr PassPurpose kUse{};
constexpr PassPurpose kTraining{true, 5, 3};

/// As long as the window, a single item, repeated items.
const std::vector<std::vector<int32_t>> kHistories = {
    {4, 9, 1, 29, 3, 3, 8, 15, 2, 7}, {11}, {5, 6, 7, 20}, {12, 4, 4, 18, 0, 25, 13}};
/// Some of their tokens: several of a sequence, none of the second.
const std::vector<int32_t> kWanted = {0, 4, 9, 11, 14, 21};

class Network : public testing::TestWithParam<test::NetworkCase> {
 protected:
  Network() : model_(make_model(GetParam().options, kItems, 3)) {
    test::roughen(model_->parameters());
  }

  int64_t dim() const { return model_->options().hidden_size; }
  /// `count` rows of a matrix of states.
  std::span<const float> rows(const std::vector<float>& states, int64_t first,
                              int64_t count) const {
    return std::span(states).subspan(static_cast<size_t>(first * dim()),
                                     static_cast<size_t>(count * dim()));
  }
  std::vector<float> picked(const std::vector<float>& states,
                            const std::vector<int32_t>& tokens) const {
    std::vector<float> result;
    for (const int32_t token : tokens) {
      const auto row = rows(states, token, 1);
      result.insert(result.end(), row.begin(), row.end());
    }
    return result;
  }
  std::unique_ptr<SequenceEncoder> encoder() const {
    return make_encoder(model_->options(), model_->parameters().views());
  }

  std::unique_ptr<Model> model_;
  const Sequences sequences_{kHistories};
};

TEST_P(Network, ListsTensorsThatCanBe) {
  const ModelOptions& options = model_->options();
  const std::vector<TensorInfo> tensors = model_tensors(options, kItems);
  ASSERT_FALSE(tensors.empty());
  EXPECT_EQ(tensors[0].name, kInputTable);
  std::set<std::string> names;
  for (const TensorInfo& info : tensors) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name << " comes twice";
    ASSERT_FALSE(info.shape.empty()) << info.name;
    for (const int64_t extent : info.shape) EXPECT_GT(extent, 0) << info.name;
    const bool matrix = info.start == Start::matrix || info.start == Start::table;
    if (matrix) {
      EXPECT_EQ(info.shape.size(), 2u) << info.name;
    }
    const bool bias = info.start == Start::bias || info.start == Start::attention_bias;
    if (bias) {
      EXPECT_GT(info.fan_in, 0) << info.name;
    }
  }
  EXPECT_EQ(names.contains(kOutputTable), !options.tie_embeddings);
  const Parameter& output = model_->parameters()[model_->output_table()];
  EXPECT_EQ(output.shape, (std::vector<int64_t>{kItems, options.hidden_size}));
  for (const int64_t table : {model_->input_table(), model_->output_table()}) {
    EXPECT_TRUE(model_->parameters()[table].is_table());
  }
}

TEST_P(Network, ListsBiasesThatFitTheirMatrices) {
  const ParameterSet& parameters = model_->parameters();
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const Parameter& bias = parameters[i];
    const bool is_bias = bias.start == Start::bias || bias.start == Start::attention_bias;
    const size_t end = bias.name.rfind("bias");
    if (!is_bias || end == std::string::npos) continue;
    const int64_t number = parameters.names().find(bias.name.substr(0, end) + "weight");
    if (number < 0) continue;
    EXPECT_EQ(bias.shape, std::vector<int64_t>{parameters[number].shape[0]}) << bias.name;
  }
}

TEST_P(Network, GrowsWithTheCatalogueInItemTablesOnly) {
  std::vector<TensorInfo> tensors = model_tensors(model_->options(), kItems);
  const std::vector<TensorInfo> larger = model_tensors(model_->options(), kItems + 7);
  ASSERT_EQ(tensors.size(), larger.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(tensors[i].name, larger[i].name);
    const bool items = tensors[i].name == kInputTable || tensors[i].name == kOutputTable;
    if (items) tensors[i].shape[0] += 7;
    EXPECT_EQ(tensors[i].shape, larger[i].shape) << tensors[i].name;
  }
}

TEST_P(Network, ResolvesItsOptionsOnce) {
  const auto text = [](ModelOptions options) {
    OptionList list;
    list.section("model", options);
    return to_toml(list);
  };
  ModelOptions again = model_->options();
  again.resolve();
  EXPECT_EQ(text(again), text(model_->options()));
  EXPECT_FALSE(GetParam().network->summary.empty());
  if (GetParam().network->describe) {
    EXPECT_FALSE(GetParam().network->describe(again).empty());
  }
}

TEST_P(Network, ReadsEveryTensor) {
  const std::vector<float> before = network_states(*model_, sequences_, kUse);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    Parameter& parameter = model_->parameters()[i];
    const auto kept = parameter.value.values;
    double place = 0;
    for (float& value : parameter.value.values) {
      value += static_cast<float>(10 * std::sin(place += 1));
    }
    const std::vector<float> after = network_states(*model_, sequences_, kUse);
    const bool for_scores_only = parameter.name == kOutputTable;
    EXPECT_EQ(same_bits(after, before), for_scores_only) << parameter.name;
    parameter.value.values = kept;
  }
}

// Rows of divided tables come to where the sequences have them, and no others.
TEST_P(Network, LooksUpRowsThatAreThere) {
  const std::set<int32_t> items(sequences_.items.values.begin(), sequences_.items.values.end());
  net::Arena arena;
  const WeightViews<float> weights = model_->parameters().readable();
  const test::NetworkPass<float> run(*model_, weights, sequences_, kTraining, Wanted::all(), arena);
  EXPECT_FALSE(run.pass.lookups().empty());
  for (const net::Lookup& lookup : run.pass.lookups()) {
    const Parameter& table = model_->parameters()[lookup.table];
    EXPECT_TRUE(table.is_table()) << table.name;
    EXPECT_NE(table.name, kOutputTable);
    for (const int32_t id : lookup.ids) {
      ASSERT_TRUE(id >= 0 && id < table.shape[0]) << table.name << " " << id;
      ASSERT_TRUE(lookup.table != model_->input_table() || items.contains(id)) << id;
    }
  }
}

TEST_P(Network, DrawsNoMaskTwice) {
  net::Arena arena;
  const WeightViews<float> weights = model_->parameters().readable();
  net::TilePass<float> pass(model_->parameters().names(), weights, sequences_.input(Wanted::all()),
                            kTraining, arena);
  net::RecordingOps recording(pass);
  model_->network().run(recording, model_->options());
  EXPECT_FALSE(recording.masks().empty());
  for (const auto& [mask, times] : recording.masks()) {
    EXPECT_EQ(times, 1) << static_cast<uint32_t>(mask.first) << " number " << mask.second;
  }
}

TEST_P(Network, StartsFromTheSeed) {
  for (const StartValues init : {StartValues::small, StartValues::torch, StartValues::xavier_normal,
                                 StartValues::normal_002}) {
    ModelOptions options = model_->options();
    options.init = init;
    const auto one = make_model(options, kItems, 3), same = make_model(options, kItems, 3);
    const auto other = make_model(options, kItems, 4);
    for (int64_t i = 0; i < one->parameters().size(); ++i) {
      const Parameter& parameter = one->parameters()[i];
      const auto& values = parameter.value.values;
      EXPECT_TRUE(same_bits(values, same->parameters()[i].value.values)) << parameter.name;
      for (const float value : values) {
        ASSERT_TRUE(std::isfinite(value)) << word_of(init) << " " << parameter.name;
        ASSERT_TRUE(parameter.start != Start::one || value == 1) << parameter.name;
        ASSERT_TRUE(parameter.start != Start::zero || value == 0) << parameter.name;
      }
      if (parameter.start != Start::table && parameter.start != Start::matrix) continue;
      EXPECT_FALSE(same_bits(values, other->parameters()[i].value.values)) << parameter.name;
    }
  }
}

TEST_P(Network, NeighboursInATileChangeNothing) {
  std::vector<std::vector<int32_t>> reversed(kHistories.rbegin(), kHistories.rend());
  for (const PassPurpose& purpose : {kUse, kTraining}) {
    const std::vector<float> together = network_states(*model_, sequences_, purpose);
    Sequences backwards(reversed);
    std::reverse(backwards.streams.begin(), backwards.streams.end());
    const std::vector<float> turned = network_states(*model_, backwards, purpose);
    for (size_t s = 0; s < kHistories.size(); ++s) {
      const Sequences single({kHistories[s]}, sequences_.streams[s]);
      const std::vector<float> alone = network_states(*model_, single, purpose);
      const int64_t count = std::ssize(kHistories[s]);
      const size_t place = kHistories.size() - 1 - s;
      EXPECT_TRUE(same_bits(alone, rows(together, sequences_.items.offsets[s], count))) << s;
      EXPECT_TRUE(same_bits(alone, rows(turned, backwards.items.offsets[place], count))) << s;
    }
  }
}

TEST_P(Network, LooksAtWhatItSaysItLooksAt) {
  const bool causal = model_->network().causal;
  const std::vector<float> before = network_states(*model_, sequences_, kUse);
  bool looked_ahead = false;
  for (size_t s = 0; s < kHistories.size(); ++s) {
    const int64_t first = sequences_.items.offsets[s], count = std::ssize(kHistories[s]);
    for (int64_t t = 0; t < count; ++t) {
      std::vector<std::vector<int32_t>> changed = kHistories;
      changed[s][t] = static_cast<int32_t>((changed[s][t] + 10) % kItems);
      const std::vector<float> after = network_states(*model_, Sequences(changed), kUse);
      const auto same = [&](int64_t begin, int64_t n) {
        return same_bits(rows(before, begin, n), rows(after, begin, n));
      };
      const bool earlier_same = same(first, t);
      EXPECT_TRUE(earlier_same || !causal) << "the future leaks: " << s << " " << t;
      looked_ahead = looked_ahead || !earlier_same;
      EXPECT_FALSE(same(first + t, 1)) << "an item does not matter: " << s << " " << t;
      if (t + 1 < count) {
        EXPECT_FALSE(same(first + t + 1, count - t - 1)) << "the past does not matter: " << t;
      }
    }
  }
  EXPECT_EQ(looked_ahead, !causal);
}

TEST_P(Network, WantedRowsAreThoseOfAll) {
  for (const PassPurpose& purpose : {kUse, kTraining}) {
    const std::vector<float> all = network_states(*model_, sequences_, purpose);
    const std::vector<std::vector<int32_t>> lists = {kWanted, {9, 10, 14, 21}, {12}, {}};
    for (const std::vector<int32_t>& list : lists) {
      const std::vector<float> some =
          network_states(*model_, sequences_, purpose, Wanted::list(list));
      EXPECT_TRUE(same_bits(some, picked(all, list))) << purpose.training << " " << list.size();
    }
  }
}

/// Gradients of a weighted sum of the states of some tokens.
test::DoubleWeights gradients_of_rows(const Model& model, const Sequences& sequences,
                                      const std::vector<int32_t>& tokens, bool as_list) {
  const test::DoubleWeights weights(model.parameters());
  auto gradients = test::DoubleWeights::zeros(model.parameters());
  const WeightViews<double> views = weights.views(gradients);
  net::Arena arena;
  test::soil(arena);
  test::NetworkPass<double> run(model, views, sequences, kTraining,
                                as_list ? Wanted::list(tokens) : Wanted::all(), arena);
  const int64_t width = run.states.width;
  std::vector<double> given(static_cast<size_t>(run.states.size()), 0.0);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const int64_t row = as_list ? static_cast<int64_t>(i) : tokens[i];
    for (int64_t c = 0; c < width; ++c) {
      given[row * width + c] = std::sin(1.3 * static_cast<double>(tokens[i] * width + c));
    }
  }
  const net::RowsGradient<double> gradient{run.states, given.data()};
  run.pass.backward(std::span(&gradient, 1));
  test::add_lookups(run.pass, gradients);
  return gradients;
}

TEST_P(Network, GradientsOfWantedRowsAreThoseOfAll) {
  const auto some = gradients_of_rows(*model_, sequences_, kWanted, true);
  const auto all = gradients_of_rows(*model_, sequences_, kWanted, false);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    for (size_t e = 0; e < some[i].size(); ++e) {
      EXPECT_NEAR(some[i][e], all[i][e], 1e-12 * (1 + std::abs(all[i][e])))
          << model_->parameters()[i].name << " " << e;
    }
  }
}

TEST_P(Network, TrainsWithoutDropoutWhatIsUsed) {
  ModelOptions options = model_->options();
  options.dropout = 0;
  const auto plain = make_model(options, kItems, 3);
  test::roughen(plain->parameters());
  const std::vector<float> use = network_states(*model_, sequences_, kUse);
  EXPECT_TRUE(same_bits(network_states(*plain, sequences_, kTraining), use));
}

TEST_P(Network, DropsOutAnewInEveryStep) {
  const auto with = [&](const PassPurpose& purpose) {
    return network_states(*model_, sequences_, purpose);
  };
  const std::vector<float> once = with({true, 5, 3});
  EXPECT_TRUE(same_bits(with({true, 5, 3}), once));
  EXPECT_FALSE(same_bits(with({true, 5, 4}), once));
  EXPECT_FALSE(same_bits(with({true, 6, 3}), once));
  EXPECT_FALSE(same_bits(with(kUse), once));
}

TEST_P(Network, IsItsEncoder) {
  const auto encoder = this->encoder();
  EXPECT_EQ(encoder->dim(), dim());
  EXPECT_EQ(encoder->num_items(), kItems);
  EXPECT_EQ(encoder->max_length(), model_->options().max_length);
  const std::vector<float> all = all_states(*encoder, sequences_.items);
  EXPECT_TRUE(same_bits(all, network_states(*model_, sequences_, kUse)));
  EXPECT_TRUE(same_bits(last_states(*encoder, sequences_.items), picked(all, {9, 10, 14, 21})));
  const Parameter& output = model_->parameters()[model_->output_table()];
  EXPECT_TRUE(same_bits(encoder->item_table(), output.value.values));
}

TEST_P(Network, EncodesTheSameInAnyCompanyAndOnAnyThread) {
  const auto encoder = this->encoder();
  const Jagged<int32_t> histories = random_histories(150, 15, kItems);  // several tiles; some cut
  const std::vector<float> together = last_states(*encoder, histories);
  for (int64_t row = 0; row < histories.size(); ++row) {
    const auto whole = histories.row(row);
    const size_t window = std::min<size_t>(whole.size(), encoder->max_length());
    Jagged<int32_t> one;
    one.add_row(whole.last(window));
    ASSERT_TRUE(same_bits(last_states(*encoder, one), rows(together, row, 1))) << row;
  }
  std::vector<std::vector<float>> found(3);
  std::vector<std::thread> threads;
  for (std::vector<float>& states : found) {
    threads.emplace_back([&] { states = last_states(*encoder, histories); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& states : found) EXPECT_TRUE(same_bits(states, together));
}

INSTANTIATE_TEST_SUITE_P(All, Network,
                         testing::ValuesIn(test::network_cases(test::small_network())),
                         [](const auto& test) { return test.param.name; });

TEST(NetworkList, HasNamesOfItsOwnAndExamplesOfEach) {
  std::set<std::string> names;
  for (const NetworkInfo* network : network_list()) {
    EXPECT_TRUE(names.insert(network->name).second) << network->name;
    EXPECT_FALSE(network->examples.empty()) << network->name << " would not be tested";
    EXPECT_EQ(&find_network(network->name), network);
  }
  EXPECT_EQ(network_names().size(), names.size());
}

TEST(Parameters, CountsAreThoseOfThePublishedModels) {
  // gsasrec.md 1.5 counts a row 0 and a padding row in both tables, which do not exist here.
  ModelOptions options;
  EXPECT_EQ(Model(options, 3416).parameters().count(), 1067008 - 4 * 128);
  options.tie_embeddings = true;
  EXPECT_EQ(Model(options, 3416).parameters().count(), 629504 - 2 * 128);
}

}  // namespace
}  // namespace truenext
