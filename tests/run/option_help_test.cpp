// SPDX-License-Identifier: Apache-2.0
#include "run/option_help.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "net/network.h"
#include "run/run_config.h"

namespace truenext {
namespace {

OptionHelp find(const std::string& key) {
  const std::vector<OptionHelp> found = option_help(key);
  EXPECT_EQ(found.size(), 1u) << key;
  return found.at(0);
}

TEST(OptionHelp, HoldsEveryKeyOfTheConfigurationOnce) {
  RunConfig config;
  OptionList options;
  config.list(options);
  const std::vector<OptionHelp> entries = option_help();
  ASSERT_EQ(entries.size(), options.all().size());
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].key, options.all()[i].key());
    EXPECT_FALSE(entries[i].help.empty()) << entries[i].key;
    EXPECT_FALSE(entries[i].values().empty()) << entries[i].key;
  }
  EXPECT_EQ(option_sections(),
            (std::vector<std::string>{"run", "data", "model", "objective", "train", "pretrain",
                                      "labels", "teachers", "watch"}));
}

TEST(OptionHelp, SaysValuesDefaultAndReaders) {
  const struct {
    const char *key, *values, *initial, *readers;
  } cases[] = {
      {"train.epochs", "a whole number, at least 0", "200", ""},
      {"model.dropout", "a number, 0 to 0.99", "0.5", ""},
      {"model.tie_embeddings", "true or false", "false", ""},
      {"model.num_blocks", "a whole number, 1 to 1024", "2", "network sasrec, nextitnet, bert4rec"},
      {"model.gru_layers", "a whole number, 1 to 1024", "1", "network gru4rec, narm"},
      {"train.schedule", "constant | linear | cosine", "'constant'", ""},
      {"objective.gbce_t", "a number, 0 to 1", "0.75", "objective.criterion = gbce"},
      {"objective.buckets", "a whole number, at least 1", "48", "objective.candidates = buckets"},
  };
  for (const auto& want : cases) {
    const OptionHelp entry = find(want.key);
    EXPECT_EQ(entry.values(), want.values) << want.key;
    EXPECT_EQ(entry.initial, want.initial) << want.key;
    EXPECT_EQ(entry.readers(), want.readers) << want.key;
  }
  EXPECT_TRUE(std::isinf(find("train.epochs").high));
  EXPECT_EQ(find("model.hidden_size").networks, network_names());
}

TEST(OptionHelp, FindsSectionsAndSuggestsTheNearestName) {
  for (const OptionHelp& entry : option_help("model")) EXPECT_EQ(entry.section, "model");
  for (const auto& [wrong, near] : {std::pair{"modle", "model"},
                                    {"train.epoch", "train.epochs"},
                                    {"train.lr", "train.learning_rate"}}) {
    try {
      option_help(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find(std::string("did you mean ") + near),
                std::string::npos)
          << error.what();
    }
  }
}

/// Conditions name keys that exist and words that these can be.
TEST(OptionHelp, ConditionsNameWordsOfOtherKeys) {
  int conditions = 0;
  for (const OptionHelp& entry : option_help()) {
    if (entry.condition.key.empty()) continue;
    ++conditions;
    const std::vector<std::string> words = find(entry.condition.key).words;
    for (const std::string& word : entry.condition.values) {
      EXPECT_NE(std::ranges::find(words, word), words.end()) << entry.key << ": " << word;
    }
  }
  EXPECT_GE(conditions, 10);
}

/// Another value than the default.
std::string other_value(const OptionHelp& entry) {
  for (const std::string& word : entry.words) {
    if ("'" + word + "'" != entry.initial) return word;
  }
  if (entry.initial == "false") return "true";
  return entry.type == "a whole number" ? "7" : "0.25";
}

/// What an objective says of itself, or that it is refused.
std::string objective_with(const std::vector<std::string>& settings) {
  RunConfig config;
  apply_settings(config, settings);
  try {
    config.objective.check();
  } catch (const Error&) {
    return "refused";
  }
  return config.objective.describe();
}

// Where the condition does not hold the key is refused or changes nothing.
TEST(OptionHelp, ConditionsOfObjectivesAreTrue) {
  for (const OptionHelp& entry : option_help("objective")) {
    if (entry.condition.key.empty()) continue;
    const std::string change = entry.key + "=" + other_value(entry);
    for (const std::string& word : find(entry.condition.key).words) {
      const auto& values = entry.condition.values;
      if (std::ranges::find(values, word) != values.end()) continue;
      std::vector<std::string> settings = {"objective.criterion=softmax",
                                           entry.condition.key + "=" + word};
      const std::string before = objective_with(settings);
      settings.push_back(change);
      const std::string after = objective_with(settings);
      EXPECT_TRUE(after == before || after == "refused") << word << ", " << change << ": " << after;
    }
  }
}

}  // namespace
}  // namespace truenext
