// SPDX-License-Identifier: Apache-2.0
#include "base/key_suggestions.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/range_text.h"

namespace truenext {
namespace {

const std::vector<std::string> kKnown = {
    "model.hidden_size", "model.num_blocks",    "model.max_length", "model.dropout",
    "head.dropout",      "train.learning_rate", "train.batch_size", "objective.negatives"};

TEST(KeySuggestions, NameTheKeyThatWasMeant) {
  struct Row {
    std::string key;
    std::vector<std::string> meant;
  };
  const Row rows[] = {{"hidden_size", {"model.hidden_size"}},
                      {"train.hidden_size", {"model.hidden_size"}},
                      {"Hidden-Size", {"model.hidden_size"}},
                      {"lr", {"train.learning_rate"}},
                      {"model.lr", {"train.learning_rate"}},
                      {"maxlen", {"model.max_length"}},
                      {"num_layers", {"model.num_blocks"}},
                      {"dropout_rate", {"model.dropout", "head.dropout"}},
                      {"dropout", {"model.dropout", "head.dropout"}},
                      {"negs", {"objective.negatives"}},
                      {"train.batchsize", {"train.batch_size"}},
                      {"learning_rat", {"train.learning_rate"}},
                      {"patience", {}},
                      {"", {}}};
  for (const Row& row : rows) EXPECT_EQ(suggested_keys(row.key, kKnown), row.meant) << row.key;
}

TEST(RangeText, SaysNumbersAsPeopleDo) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  EXPECT_EQ(range_text(1, kNone), "at least 1");
  EXPECT_EQ(range_text(-kNone, 0.5), "at most 0.5");
  EXPECT_EQ(range_text(0, 1e6), "0 to 1000000");
  EXPECT_EQ(range_text(-kNone, kNone), "any number");
}

}  // namespace
}  // namespace truenext
