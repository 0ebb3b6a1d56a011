// SPDX-License-Identifier: Apache-2.0
// Training that is told times (model.time): where the next item depends on them it learns what ids
// alone cannot say, and every answer is told what the training was.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "inference/model_file.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "support/timed_data.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"

namespace truenext {
namespace {

constexpr uint32_t kItems = 40;

/// A ring of items: after a short gap the next, after a long one the one over there. The gap is the
/// one before the step (request), or before the event that the step starts from (past).
std::string gap_log(TimeUse use) {
  RandomStream random(random_key(3, Purpose::simulate));
  std::string text = "user,item,time\n";
  for (int user = 0; user < 80; ++user) {
    int64_t time = 1'000'000'000 + user;
    uint32_t item = random.below(kItems);
    bool before = false;
    for (int i = 0; i < 12; ++i) {
      text += "u" + std::to_string(user) + ",i" + std::to_string(item) + "," +
              std::to_string(time) + "\n";
      const bool far = random.uniform() < 0.5;
      time += far ? 90'000 : 5;
      item = (item + ((use == TimeUse::request ? far : before) ? 17 : 1)) % kItems;
      before = far;
    }
  }
  return text;
}

class TimedTraining : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run, const std::filesystem::path& data,
                       const std::vector<std::string>& settings) const {
    TrainRequest r = test::small_training(folder_ / run, data);
    r.config.model = ModelOptions();
    r.config.model.hidden_size = r.config.model.gru_hidden_size = 16;
    r.config.model.max_length = 8;
    r.config.model.dropout = 0;
    r.config.objective.criterion = "softmax";
    r.config.objective.candidates = CandidateSet::full;
    r.config.train.epochs = 40;
    r.config.train.patience = 0;
    r.config.train.learning_rate = 0.01;
    r.config.train.valid_every = 40;
    apply_settings(r.config, settings);
    return r;
  }

  /// Of the last epoch.
  static double last_loss(const std::filesystem::path& run) {
    std::istringstream log(read_file(run / "metrics.jsonl"));
    double loss = 0;
    for (std::string line; std::getline(log, line);) {
      const auto json = nlohmann::json::parse(line);
      if (json.contains("loss")) loss = json["loss"];
    }
    return loss;
  }

  test::TemporaryFolder folder_;
};

// Ids alone leave one of two. The gap to or before the newest event is what a vector added to it
// says at once; the numbers that attention adds weigh it against earlier ones, which is slower to
// learn from.
TEST_F(TimedTraining, LearnsWhatTheGapsSay) {
  for (const TimeUse use : {TimeUse::past, TimeUse::request}) {
    const std::string word(word_of(use)), time = "model.time=" + word;
    const auto data = test::prepare_timed(folder_, gap_log(use), word);
    const auto loss = [&](const std::string& name, const std::vector<std::string>& settings) {
      const TrainRequest r = request(word + name, data, settings);
      Trainer(r).fit();
      return last_loss(r.run);
    };
    const double gru = loss("gru-ids", {"model.name=gru4rec"});
    EXPECT_GT(gru, 0.5) << word;
    EXPECT_LT(loss("gru", {"model.name=gru4rec", time}), 0.5 * gru) << word;
    const double narm = loss("narm-ids", {"model.name=narm", "model.output_dropout=0"});
    EXPECT_LT(loss("narm", {"model.name=narm", "model.output_dropout=0", time}), 0.6 * narm)
        << word;
    const double ids = loss("ids", {"model.block=post-norm"});
    const std::string input = "model.time_form=input", attention = "model.time_form=attention";
    EXPECT_LT(loss("input", {"model.block=post-norm", time, input}), 0.5 * ids) << word;
    EXPECT_LT(loss("attention", {"model.block=post-norm", time, attention}), 0.92 * ids) << word;
  }
}

TEST_F(TimedTraining, SaysSoWhereTheRequestTimeWasKnown) {
  for (const TimeUse use : {TimeUse::past, TimeUse::request}) {
    const std::string word(word_of(use));
    const auto data = test::prepare_timed(folder_, gap_log(use), word);
    Trainer(request(word + "run", data,
                    {"train.epochs=1", "train.valid_every=1", "model.time=" + word}))
        .fit();
    const ModelFile file = ModelFile::open(folder_ / (word + "run"));
    EXPECT_EQ(file.description().validation.ends_with(", request time known"),
              use == TimeUse::request)
        << file.description().validation;
    EXPECT_EQ(file.encoder().time_use(), use);
  }
}

TEST_F(TimedTraining, RefusesWhatHasNoTimes) {
  const auto plain = test::ring_dataset(folder_);
  const auto without =
      test::caught([&] { Trainer(request("none", plain, {"model.time=past"})).fit(); });
  EXPECT_EQ(without.code, ExitCode::data);
  EXPECT_NE(without.message.find("has no times"), std::string::npos) << without.message;
  const auto timed = test::prepare_timed(folder_, gap_log(TimeUse::past), "timed");
  const struct {
    std::vector<std::string> settings;
    const char* says;
  } cases[] = {
      {{"model.time=past", "train.task=pretraining", "model.block=post-norm"}, "segments"},
      {{"model.time=past", "model.name=nextitnet"}, "is told no times"},
  };
  for (const auto& c : cases) {
    const auto refused =
        test::caught([&] { Trainer(request("refused", timed, c.settings)).fit(); });
    EXPECT_EQ(refused.code, ExitCode::usage);
    EXPECT_NE(refused.message.find(c.says), std::string::npos) << refused.message;
  }
}

// A sample of the events, prefixes and moved windows go the same way as the rest: the same bits for
// any number of threads.
TEST_F(TimedTraining, GoesTogetherWithWaysOfMakingExamples) {
  const auto data = test::prepare_timed(folder_, gap_log(TimeUse::request));
  const std::vector<std::vector<std::string>> ways = {
      {"train.examples=prefixes"},
      {"train.window=random", "model.max_length=4"},
      {"train.event_share=0.8"},
      {"train.average=ema", "train.average_epochs=1"},
      {"train.input_drop=0.2", "objective.positions=hidden"}};
  int number = 0;
  for (std::vector<std::string> settings : ways) {
    settings.insert(settings.end(), {"model.time=request", "model.time_form=input+attention",
                                     "train.epochs=2", "train.valid_every=1"});
    TrainRequest one = request("one" + std::to_string(++number), data, settings);
    TrainRequest other = one;
    other.run = folder_ / ("other" + std::to_string(number));
    other.threads = 3;
    const double value = Trainer(one).fit().best_value;
    EXPECT_EQ(Trainer(other).fit().best_value, value) << settings.front();
    EXPECT_GT(value, 0) << settings.front();
  }
}

}  // namespace
}  // namespace truenext
