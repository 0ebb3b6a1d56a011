// SPDX-License-Identifier: Apache-2.0
// Every network on the list in training: it keeps the promises of the loop, and it learns.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "support/composed_views.h"
#include "support/network_cases.h"
#include "support/sanitizers.h"
#include "support/small_data.h"
#include "support/timed_data.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

ModelOptions trained_network() {
  ModelOptions options = test::small_network();
  options.max_length = 8;
  options.dropout = 0.2;
  options.init = StartValues::small;
  return options;
}

class NetworkTraining : public testing::TestWithParam<test::NetworkCase> {
 protected:
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.model = GetParam().options;
    r.config.train.epochs = 2;
    r.config.train.clip_norm = 0.5;
    if (r.config.model.padding_class) {
      r.config.objective.criterion = "softmax";
      r.config.objective.candidates = CandidateSet::full;
    }
    if (GetParam().network->fills_masks) {
      r.config.objective.positions = TargetPositions::masked;
      r.config.train.input_drop = 0.3;
    } else if (!is_causal(*GetParam().network, GetParam().options)) {
      r.config.objective.positions = TargetPositions::last;
    }
    return r;
  }
  static std::string train(const TrainRequest& r) {
    Trainer(r).fit();
    return test::trained_bytes(r.run);
  }
  /// Of every epoch.
  static std::vector<double> losses(const TrainRequest& r) {
    std::istringstream log(read_file(r.run / "metrics.jsonl"));
    std::vector<double> losses;
    for (std::string line; std::getline(log, line);) {
      const auto json = nlohmann::json::parse(line);
      if (json.contains("loss")) losses.push_back(json["loss"]);
    }
    return losses;
  }

  test::TemporaryFolder folder_;
  std::filesystem::path data_ =
      GetParam().options.time == TimeUse::none
          ? test::prepare_pairs(folder_, test::ring_log(60, 40, 12), "data",
                                test::ring_attributes(40))
          : test::prepare_timed(folder_, test::timed_log(test::ring_log(60, 40, 12)));
};

TEST_P(NetworkTraining, GivesTheSameBitsOnAnyThreadsAndProcessesAndAfterAResume) {
  const std::string bits = train(request("one"));
  for (const int threads : {2, 3}) {
    TrainRequest r = request("threads" + std::to_string(threads));
    r.threads = threads;
    r.deferred_rows = threads == 2 ? 1 : r.deferred_rows;
    EXPECT_TRUE(train(r) == bits) << threads;
  }
  for (const bool shard : {false, true}) {
    TrainRequest r = request(shard ? "sharded" : "ranks");
    r.shard_tables = shard;
    r.deferred_rows = shard ? r.deferred_rows : 1;
    const ModelOptions& model = r.config.model;
    if (shard &&
        (model.output_bias || model.padding_class || model.attributes != AttributeUse::none)) {
      continue;  // refused: ComposedTraining.SaysWhatDoesNotFit, PaddingClass.SaysWhatHasNone
    }
    test::with_ranks(2, [&](Ranks& ranks) { Trainer(r, ranks).fit(); });
    EXPECT_TRUE(test::trained_bytes(r.run) == bits) << shard;
  }
  TrainRequest cut = request("cut");
  cut.config.train.epochs = 1;
  EXPECT_FALSE(train(cut) == bits);
  cut.config.train.epochs = 2;
  cut.resume = true;
  EXPECT_TRUE(train(cut) == bits);
}

TEST_P(NetworkTraining, Learns) {
  if (test::kSanitized) GTEST_SKIP() << "hundreds of steps more of what the other test runs";
  TrainRequest r = request("run");
  r.config.model.dropout = 0;
  r.config.objective.criterion = "softmax";
  r.config.objective.candidates = CandidateSet::full;
  r.config.train.epochs = 60;
  r.config.train.learning_rate = 0.01;
  r.config.train.clip_norm = 0;
  r.config.train.patience = 0;
  const TrainResult result = Trainer(r).fit();
  const std::vector<double> loss = losses(r);
  ASSERT_EQ(loss.size(), 60u);
  // Nine of ten steps go to the next of 40 items.
  EXPECT_GT(loss.front(), 3);
  // Of hidden items, some have both neighbours hidden; so it learns slower, and is at .48 to .51 in
  // the end, by the instruction set.
  const bool hidden = GetParam().network->fills_masks;
  EXPECT_LT(loss.back(), (hidden ? 0.8 : 0.5) * loss.front());
  EXPECT_GT(result.best_value, hidden ? 0.4 : 0.5);  // on what was held out, by the encoder
}

INSTANTIATE_TEST_SUITE_P(All, NetworkTraining,
                         testing::ValuesIn(test::network_cases(trained_network())),
                         [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(PaddingClass, NetworkTraining,
                         testing::ValuesIn(test::padding_class_cases(trained_network())),
                         [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(Composed, NetworkTraining,
                         testing::ValuesIn(test::composed_cases(trained_network())),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace truenext
