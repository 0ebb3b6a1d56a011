// SPDX-License-Identifier: Apache-2.0
// Kinds of examples that do not go with a network, or with each other, are refused with what to
// set.
#include <gtest/gtest.h>

#include <vector>

#include "base/log.h"
#include "support/sanitizers.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"

namespace truenext {
namespace {

struct Refused {
  const char* name;
  std::vector<const char*> settings;
  const char* advice;
};

void PrintTo(const Refused& one, std::ostream* out) {
  *out << one.name;
}

class ExampleChecks : public testing::TestWithParam<Refused> {};

TEST_P(ExampleChecks, RefuseWhatWouldTeachTheWrongThing) {
  set_quiet(true);
  const test::TemporaryFolder folder;
  TrainRequest request = test::small_training(folder / "run", test::ring_dataset(folder));
  OptionList options;
  request.config.list(options);
  for (const char* setting : GetParam().settings) apply_setting(options, setting);
  request.config.model.resolve();
  const auto refused = test::caught([&] { Trainer(request).fit(); });
  EXPECT_EQ(refused.code, ExitCode::usage) << refused.message;
  EXPECT_TRUE(refused.says(GetParam().advice)) << refused.message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ExampleChecks,
    testing::Values(
        Refused{"bert4rec_at_all", {"model.name=bert4rec"}, "objective.positions = \"masked\""},
        Refused{"bert4rec_at_the_newest",
                {"model.name=bert4rec", "objective.positions=last"},
                "objective.positions = \"masked\""},
        Refused{"masks_of_a_causal_network",
                {"objective.positions=masked", "train.input_drop=0.2"},
                "use \"all\", or \"hidden\""},
        Refused{"several_targets_of_a_mask",
                {"model.name=bert4rec", "objective.positions=masked", "train.input_drop=0.2",
                 "objective.future_items=3"},
                "want 1"},
        Refused{"nothing_hidden", {"objective.positions=hidden"}, "set train.input_drop"},
        Refused{"hidden_prefixes",
                {"objective.positions=hidden", "train.input_drop=0.2", "train.examples=prefixes"},
                "use one of the two"},
        Refused{"a_graph_of_hidden_items",
                {"model.name=sr-gnn", "model.positions=none", "train.input_drop=0.2"},
                "want 0"}),
    [](const auto& test) { return test.param.name; });

// As in use: what stands before the newest item is seen, and it is asked for.
TEST(PrefixesOfMasks, TeachWhatIsAskedInUse) {
  if (test::kSanitized) GTEST_SKIP() << "hundreds of steps of what other tests run";
  set_quiet(true);
  const test::TemporaryFolder folder;
  TrainRequest request = test::small_training(folder / "run", test::ring_dataset(folder));
  RunConfig& config = request.config;
  config.model.name = "bert4rec";
  config.model.dropout = 0;
  config.objective.criterion = "softmax";
  config.objective.candidates = CandidateSet::full;
  config.objective.positions = TargetPositions::masked;
  config.train.examples = Examples::prefixes;
  config.train.epochs = 20;
  config.train.learning_rate = 0.01;
  config.train.patience = 0;
  EXPECT_GT(Trainer(request).fit().best_value, 0.5);  // nine of ten steps go to the next item
}

TEST(PublishedLeak, IsTrainedAsPublished) {
  set_quiet(true);
  const test::TemporaryFolder folder;
  TrainRequest request = test::small_training(folder / "run", test::ring_dataset(folder));
  request.config.model.name = "sr-gnn";
  request.config.model.positions = PositionNumbers::none;
  request.config.model.padding = PaddingUse::attend;
  request.config.train.epochs = 1;
  EXPECT_EQ(test::caught([&] { Trainer(request).fit(); }).message, "");
}

}  // namespace
}  // namespace truenext
