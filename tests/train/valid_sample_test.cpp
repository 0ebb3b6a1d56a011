// SPDX-License-Identifier: Apache-2.0
// Validation on a sample of users between full ones: what is measured when, and that the model is
// the best epoch on all of them.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/work.h"
#include "support/judged_model.h"
#include "support/small_data.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class SampledValidation : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.train.valid_sample = 9;
    r.config.train.valid_full_every = 4;
    r.config.train.epochs = 11;
    r.config.train.learning_rate = 0.01;
    return r;
  }
  std::vector<json> lines(const std::string& run, const char* key) const {
    std::vector<json> found;
    std::istringstream log(read_file(folder_ / run / "metrics.jsonl"));
    for (std::string line; std::getline(log, line);) {
      json entry = json::parse(line);
      if (entry.contains(key)) found.push_back(std::move(entry));
    }
    return found;
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::ring_dataset(folder_);
};

TEST_F(SampledValidation, EveryEpochIsSampledAndEveryFourthIsWhole) {
  const TrainResult result = Trainer(request("run")).fit();
  const auto sampled = lines("run", "valid_sample");
  ASSERT_EQ(sampled.size(), 11u);
  for (const json& line : sampled) EXPECT_EQ(line["users"], 9);
  std::vector<int64_t> whole;
  for (const json& line : lines("run", "valid")) {
    whole.push_back(line["epoch"]);
    EXPECT_GT(line["users"], 9);
  }
  EXPECT_EQ(whole, (std::vector<int64_t>{1, 5, 9, 11}));  // the last in any case
  // The best by the sample was measured on everybody, and the model is the best of all those.
  double best = -1;
  for (const char* key : {"valid", "valid_confirmed"}) {
    for (const json& line : lines("run", key)) best = std::max<double>(best, line[key]["ndcg@10"]);
  }
  EXPECT_EQ(result.best_value, best);
  EXPECT_NEAR(test::valid_ndcg(folder_ / "run", data_), best, 1e-12);
  const int64_t chosen = sampled.back()["best_epoch"];
  bool confirmed = false;
  for (const char* key : {"valid", "valid_confirmed"}) {
    for (const json& line : lines("run", key)) confirmed |= line["epoch"] == chosen;
  }
  EXPECT_TRUE(confirmed) << chosen;
}

// The candidate comes from a file and not from memory; it must be the epoch that it was.
TEST_F(SampledValidation, ACandidateIsConfirmedAsTheEpochThatItWas) {
  TrainRequest plain = request("plain");
  plain.config.train.valid_sample = 0;
  Trainer(plain).fit();
  std::vector<double> on_all;
  for (const json& line : lines("plain", "valid")) on_all.push_back(line["valid"]["ndcg@10"]);
  ASSERT_EQ(on_all.size(), 11u);
  int64_t confirmations = 0;
  for (const int64_t users : {3, 5, 9, 15}) {
    const std::string run = "run" + std::to_string(users);
    TrainRequest r = request(run);
    r.config.train.valid_sample = users;
    Trainer(r).fit();
    for (const json& line : lines(run, "valid_confirmed")) {
      ++confirmations;
      EXPECT_EQ(line["valid_confirmed"]["ndcg@10"],
                on_all[static_cast<size_t>(line["epoch"].get<int64_t>() - 1)]);
    }
  }
  EXPECT_GT(confirmations, 0);
}

TEST_F(SampledValidation, IsTheSameWhenResumedAndOnSeveralRanks) {
  Trainer(request("whole")).fit();
  for (const int64_t epochs : {3, 7}) {
    const std::string run = "cut" + std::to_string(epochs);
    TrainRequest cut = request(run);
    cut.config.train.checkpoint_steps = 1;
    cut.config.train.epochs = 11;
    // Stopped as by a signal: after the epoch's validation.
    TrainRequest first = cut;
    first.config.train.patience = 0;
    first.config.train.epochs = epochs;
    Trainer(first).fit();
    cut.resume = true;
    Trainer(cut).fit();
    EXPECT_TRUE(test::trained_bytes(folder_ / "whole") == test::trained_bytes(folder_ / run));
  }
  test::with_ranks(2, [&](Ranks& mine) { Trainer(request("ranks"), mine).fit(); });
  EXPECT_TRUE(read_file(folder_ / "whole" / "model.safetensors") ==
              read_file(folder_ / "ranks" / "model.safetensors"));
}

// Both sets of weights are measured on the sample; the better one is what is confirmed.
TEST_F(SampledValidation, ConfirmsTheBetterOfRawAndAveragedWeights) {
  TrainRequest r = request("averaged");
  r.config.train.average = WeightAverage::ema;
  r.config.train.average_decay = 0.9;
  const TrainResult result = Trainer(r).fit();
  EXPECT_FALSE(result.best_weights.empty());
  double best = -1;
  for (const char* key : {"valid", "valid_confirmed"}) {
    for (const json& line : lines("averaged", key)) {
      best = std::max<double>(best, line[key]["ndcg@10"]);
    }
  }
  EXPECT_EQ(result.best_value, best);
  EXPECT_NEAR(test::valid_ndcg(folder_ / "averaged", data_), best, 1e-12);

  TrainRequest cut = request("averaged-cut");
  cut.config.train = r.config.train;
  cut.config.train.patience = 0;
  cut.config.train.epochs = 6;
  Trainer(cut).fit();
  cut = request("averaged-cut");
  cut.config.train = r.config.train;
  cut.resume = true;
  Trainer(cut).fit();
  EXPECT_TRUE(test::trained_bytes(folder_ / "averaged") ==
              test::trained_bytes(folder_ / "averaged-cut"));
}

TEST_F(SampledValidation, PatienceEndsWithAConfirmation) {
  TrainRequest r = request("patience");
  r.config.train.epochs = 1000;
  r.config.train.patience = 3;
  r.config.train.valid_full_every = 1000;
  const TrainResult result = Trainer(r).fit();
  EXPECT_EQ(result.stopped, "patience");
  const auto whole = lines("patience", "valid");
  ASSERT_EQ(whole.size(), 2u);  // the first epoch and the last
  const int64_t chosen = lines("patience", "valid_sample").back()["best_epoch"];
  const auto confirmed = lines("patience", "valid_confirmed");
  ASSERT_EQ(confirmed.size(), chosen == 1 ? 0u : 1u);
  for (const json& line : confirmed) EXPECT_EQ(line["epoch"], chosen);
  EXPECT_NEAR(test::valid_ndcg(folder_ / "patience", data_), result.best_value, 1e-12);
}

/// Ends the work once an epoch was judged by the sample.
class StopAfter : public Work {
 public:
  explicit StopAfter(int64_t epoch) : epoch_(epoch) {}
  bool stopped() const override { return stopped_; }
  void message(LogLevel, std::string_view) override {}
  void status(std::string_view) override {}
  void event(std::string_view text) override {
    const json event = json::parse(text);
    if (event["kind"] == "validation_sample" && event["epoch"] == epoch_) stopped_ = true;
  }

 private:
  int64_t epoch_;
  std::atomic<bool> stopped_{false};
};

// A process that dies between a candidate and its checkpoint leaves the model of another epoch.
TEST_F(SampledValidation, ACandidateOfAnotherEpochIsPassedOver) {
  Trainer(request("whole")).fit();
  const auto sampled = lines("whole", "valid_sample");
  int64_t epoch = 0;  // the best so far by the sample, and the next is no better
  for (size_t i = 1; epoch == 0 && i + 1 < sampled.size(); ++i) {
    const auto best = [&](size_t at) { return sampled[at]["best_epoch"].get<size_t>() == i + 1; };
    if (best(i) && best(i + 1)) epoch = static_cast<int64_t>(i) + 1;
  }
  ASSERT_GT(epoch, 1);
  for (const bool damaged : {false, true}) {
    const std::string run = damaged ? "damaged" : "sound";
    TrainRequest r = request(run);
    r.config.train.valid_full_every = 1000;
    StopAfter stop(epoch);
    {
      const WorkScope scope(&stop);
      EXPECT_THROW(Trainer(r).fit(), Error);
    }
    if (damaged) {
      fs::copy_file(folder_ / run / "model.safetensors",
                    folder_ / run / "checkpoint" / "candidate.safetensors",
                    fs::copy_options::overwrite_existing);
    }
    r.resume = true;
    r.config.train.epochs = epoch + 1;
    Trainer(r).fit();
    EXPECT_EQ(lines(run, "valid_confirmed").size(), damaged ? 0u : 1u);
  }
}

TEST_F(SampledValidation, ASampleOfEverybodyIsNone) {
  TrainRequest r = request("everybody");
  r.config.train.valid_sample = 1000;
  Trainer(r).fit();
  EXPECT_TRUE(lines("everybody", "valid_sample").empty());
  EXPECT_EQ(lines("everybody", "valid").size(), 11u);
}

}  // namespace
}  // namespace truenext
