// SPDX-License-Identifier: Apache-2.0
// What every network on the list says of itself: tensors, start values, options. Together with
// network_passes_test.cpp and several_passes_test.cpp here, and gradient_test.cpp,
// network_training_test.cpp and saved_networks_test.cpp in tests/train, it tests a network that is
// added to the list without a line for it.
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "net/network_fixture.h"
#include "net/recording_ops.h"

namespace truenext {
namespace {

using net::Wanted;
using test::kItems;
using test::kTraining;
using test::kUse;
using test::network_states;
using test::same_bits;
using test::Sequences;

class Network : public test::NetworkTest {};

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
  Sequences sequences = sequences_;
  if (model_->network().fills_masks) {
    sequences.hidden.resize(sequences.items.values.size(), 0);
    sequences.hidden[3] = 1;
  }
  const std::vector<float> before = network_states(*model_, sequences, kUse);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    Parameter& parameter = model_->parameters()[i];
    const auto kept = parameter.value.values;
    double place = 0;
    for (float& value : parameter.value.values) {
      value += static_cast<float>(10 * std::sin(place += 1));
    }
    const std::vector<float> after = network_states(*model_, sequences, kUse);
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
