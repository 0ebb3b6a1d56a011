// SPDX-License-Identifier: Apache-2.0
// NetworkInfo::keys against what the networks do: a key that a network names changes its tensors or
// its states, a key that only others name changes nothing.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "net/network_fixture.h"

namespace truenext {
namespace {

using test::kHistories;
using test::kItems;

/// Another value of each key, one that every network that reads it accepts.
const std::map<std::string, std::string> kOtherValues = {
    {"block", "post-norm"},       {"num_blocks", "1"},
    {"num_heads", "3"},           {"inner_size", "7"},
    {"activation", "gelu"},       {"gru_layers", "3"},
    {"gru_hidden_size", "5"},     {"positions", "from-start"},
    {"gru_bias", "true"},         {"kernel_size", "2"},
    {"dilations", "[2]"},         {"vertical_filters", "2"},
    {"horizontal_filters", "3"},  {"gnn_steps", "2"},
    {"readout", "improved"},      {"output_dropout", "0.1"},
    {"attention_dropout", "0.1"}, {"embedding_dropout", "0.1"},
    {"skip_share", "0.2"},        {"time", "past"},
    {"time_form", "input"}};

/// What a key needs to be set beside it.
const std::map<std::string, std::string> kBeside = {{"skip_share", "block=res"},
                                                    {"time_form", "time=past"}};

std::set<std::string> named_keys() {
  std::set<std::string> keys;
  for (const NetworkInfo* network : network_list()) {
    keys.insert(network->keys.begin(), network->keys.end());
  }
  return keys;
}

/// States of fixed histories by a model with fixed start values, none when the options are refused.
std::vector<float> states_of(ModelOptions options, const std::string& setting) {
  OptionList list;
  options.list(list);
  if (!setting.empty()) apply_setting(list, setting);
  try {
    options.resolve();
  } catch (const Error&) {
    return {};
  }
  const auto model = make_model(options, kItems, 3);
  test::roughen(model->parameters());
  return test::network_states(*model, test::Sequences(kHistories), test::kTraining);
}

TEST(NetworkKeys, AreKeysOfTheModel) {
  ModelOptions options;
  OptionList list;
  options.list(list);
  for (const std::string& key : named_keys()) EXPECT_NO_THROW(list.find(key, "keys")) << key;
}

TEST(NetworkKeys, AreThoseThatChangeTheNetwork) {
  for (const std::string& key : named_keys()) {
    ASSERT_TRUE(kOtherValues.contains(key)) << key << ": no other value to try, add one above";
    const std::string setting = key + "=" + kOtherValues.at(key);
    for (const NetworkInfo* network : network_list()) {
      ModelOptions options = test::small_network();
      options.name = network->name;
      if (kBeside.contains(key)) {
        OptionList list;
        options.list(list);
        apply_setting(list, kBeside.at(key));
      }
      const std::vector<float> before = states_of(options, "");
      const std::vector<float> after = states_of(options, setting);
      const bool changes = !after.empty() && !test::same_bits(before, after);
      const bool named = std::ranges::find(network->keys, key) != network->keys.end();
      EXPECT_EQ(changes, named) << network->name << " with " << setting;
    }
  }
}

}  // namespace
}  // namespace truenext
