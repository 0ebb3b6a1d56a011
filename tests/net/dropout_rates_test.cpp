// SPDX-License-Identifier: Apache-2.0
// Dropout of attention weights and of the embedding sum as rates of their own.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/network_fixture.h"

namespace truenext {
namespace {

struct Rates {
  double rows, attention, embedding;
};

std::vector<float> trained_states(const std::string& block, const Rates& rates,
                                  const net::PassPurpose& purpose = test::kTraining) {
  ModelOptions options;
  options.block = block;
  options.hidden_size = 8;
  options.num_heads = 2;
  options.max_length = 10;
  options.dropout = rates.rows;
  options.attention_dropout = rates.attention;
  options.embedding_dropout = rates.embedding;
  const auto model = make_model(options, test::kItems, 3);
  test::roughen(model->parameters());
  return test::network_states(*model, test::Sequences(test::kHistories), purpose);
}

class DropoutRates : public testing::TestWithParam<const char*> {};

TEST_P(DropoutRates, AreThatOfRowsUnlessSet) {
  EXPECT_EQ(trained_states(GetParam(), {0.3, -1, -1}), trained_states(GetParam(), {0.3, 0.3, 0.3}));
}

TEST_P(DropoutRates, EachDropsOnItsOwn) {
  const std::vector<float> none = trained_states(GetParam(), {0, -1, -1});
  EXPECT_EQ(none, trained_states(GetParam(), {0, -1, -1}, test::kUse));
  const std::vector<float> attention = trained_states(GetParam(), {0, 0.4, -1});
  const std::vector<float> embedding = trained_states(GetParam(), {0, -1, 0.4});
  EXPECT_NE(attention, none);
  EXPECT_NE(embedding, none);
  EXPECT_NE(attention, embedding);
  EXPECT_NE(trained_states(GetParam(), {0.4, 0, 0}), none);
}

TEST_P(DropoutRates, AreOfTrainingOnly) {
  EXPECT_EQ(trained_states(GetParam(), {0.4, 0.1, 0.7}, test::kUse),
            trained_states(GetParam(), {0, 0, 0}, test::kUse));
}

TEST_P(DropoutRates, RefuseWhatIsNoRate) {
  for (const double rate : {-0.5, -2.0, 1.0}) {
    ModelOptions options;
    options.block = GetParam();
    options.attention_dropout = rate;
    EXPECT_THROW(options.resolve(), Error) << rate;
    options.attention_dropout = 0;
    options.embedding_dropout = rate;
    EXPECT_THROW(options.resolve(), Error) << rate;
  }
}

// As its source, which drops of the gated sum alone.
TEST(DropoutRatesOfHstu, AttentionHasNoneUnlessAsked) {
  EXPECT_EQ(trained_states("hstu", {0.3, -1, -1}), trained_states("hstu", {0.3, 0, 0.3}));
  const std::vector<float> none = trained_states("hstu", {0, -1, -1});
  EXPECT_NE(trained_states("hstu", {0, 0.4, -1}), none);
  EXPECT_NE(trained_states("hstu", {0.4, 0, 0}), none);
}

INSTANTIATE_TEST_SUITE_P(Blocks, DropoutRates,
                         testing::Values("gsasrec", "pmixer", "post-norm", "csrec", "csrec-bert",
                                         "res"),
                         [](const auto& block) {
                           std::string name = block.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace truenext
