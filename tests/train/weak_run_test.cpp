// SPDX-License-Identifier: Apache-2.0
#include "train/loop/weak_run.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace truenext {
namespace {

struct Case {
  std::vector<std::string> settings;
  RunProgress progress;
  std::vector<std::string> advised, not_advised;
};

TEST(WeakRun, IsAdvisedWhatIsNotSetAlready) {
  const Case cases[] = {
      {{"model.init=torch", "objective.gbce_t=0.75"},
       {100, false},
       {"model.init", "gbce_t", "train.epochs"},
       {"batch_size", "patience"}},
      {{"model.init=small", "objective.gbce_t=0"},
       {100, false},
       {"train.epochs"},
       {"init", "gbce_t"}},
      {{"objective.criterion=bce"}, {100, true}, {"train.patience"}, {"gbce_t", "train.epochs"}},
      {{"train.batch_size=128"}, {8, false}, {"train.batch_size (128 makes 8 steps"}, {}},
      {{"train.batch_size=16"}, {8, false}, {}, {"batch_size"}},
      {{"objective.criterion=softmax", "objective.candidates=full"},
       {100, false},
       {},
       {"sasrec-ce"}},
  };
  for (const Case& c : cases) {
    RunConfig config;
    apply_settings(config, c.settings);
    const std::string text = ways_out(config, c.progress);
    for (const std::string& part : c.advised) EXPECT_NE(text.find(part), std::string::npos) << text;
    for (const std::string& part : c.not_advised) {
      EXPECT_EQ(text.find(part), std::string::npos) << part << " in: " << text;
    }
  }
}

TEST(WeakRun, IsForeseenFromFewSteps) {
  const struct {
    int64_t users, batch, max_batches;
    bool warns;
  } cases[] = {{943, 128, 0, true}, {6040, 128, 0, false}, {943, 16, 0, false}, {100, 100, 0, true},
               {10, 128, 0, true},  {943, 128, 5, false},  {943, 128, 50, true}};
  for (const auto& c : cases) {
    RunConfig config;
    config.train.batch_size = c.batch;
    config.train.max_batches = c.max_batches;
    const int64_t steps = (c.users + c.batch - 1) / c.batch;
    EXPECT_EQ(!few_steps_text(config, c.users, steps).empty(), c.warns)
        << c.users << " " << c.batch;
  }
  RunConfig config;
  const std::string text = few_steps_text(config, 943, 8);
  EXPECT_NE(text.find("8 steps of 128 users, at most 1600 steps in all"), std::string::npos)
      << text;
  EXPECT_NE(text.find("train.batch_size = 47 makes 21"), std::string::npos) << text;
}

}  // namespace
}  // namespace truenext
