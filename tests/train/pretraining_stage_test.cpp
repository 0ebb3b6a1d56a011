// SPDX-License-Identifier: Apache-2.0
// A run that pretrains first: its stage, that it resumes to the same bits, and what is refused.
#include "train/loop/pretraining_stage.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "data/prepare.h"
#include "inference/model_file.h"
#include "support/small_data.h"
#include "train/loop/training.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

class PretrainingStage : public testing::Test {
 protected:
  PretrainingStage() {
    set_quiet(true);
    write_file_atomically(folder_ / "log.txt", test::ring_log(40, 30, 10));
    std::string attributes = "item,attribute\n";
    for (int item = 0; item < 30; ++item) {
      attributes += "i" + std::to_string(item) + ",g" + std::to_string(item / 6) + "\n";
    }
    write_file_atomically(folder_ / "attributes.csv", attributes);
    data_ = prepare("data", true);
  }
  void TearDown() override { set_interrupted(false); }

  fs::path prepare(const std::string& name, bool attributes) const {
    PrepareOptions options;
    options.source.path = (folder_ / "log.txt").string();
    options.source.format = "pairs";
    if (attributes) options.attributes = (folder_ / "attributes.csv").string();
    options.out = folder_ / name;
    prepare_dataset(options);
    return options.out;
  }

  TrainRequest request(const std::string& run, int threads = 1) const {
    TrainRequest request = test::small_training(folder_ / run, data_);
    request.config.model.block = "post-norm";
    request.config.model.tie_embeddings = true;
    request.config.model.resolve();
    request.config.pretrain.epochs = 2;
    request.config.pretrain.batch_size = 32;
    request.threads = threads;
    return request;
  }

  test::TemporaryFolder folder_;
  fs::path data_;
};

TEST_F(PretrainingStage, IsARunInsideTheRunAndItsStart) {
  train(request("run"));
  const fs::path stage = folder_ / "run" / kPretrainingFolder;
  const ModelFile model = ModelFile::open(stage);
  EXPECT_NE(model.description().loss_name.find("AAP"), std::string::npos);
  EXPECT_FALSE(model.weights().contains("mask_embedding"));
  EXPECT_NE(read_file(stage / "metrics.jsonl", 1 << 20).find("\"loss\""), std::string::npos);
  RunConfig config;
  apply_file(config, folder_ / "run" / "config.toml");
  EXPECT_FALSE(config.train.init_fingerprint.empty());

  // The same as by hand.
  TrainRequest by_hand = request("by_hand");
  by_hand.config.pretrain.epochs = 0;
  by_hand.config.train.init_from = stage.string();
  train(by_hand);
  EXPECT_EQ(test::trained_bytes(folder_ / "by_hand"), test::trained_bytes(folder_ / "run"));
  TrainRequest without = request("without");
  without.config.pretrain.epochs = 0;
  train(without);
  EXPECT_NE(test::trained_bytes(folder_ / "without"), test::trained_bytes(folder_ / "run"));
}

TEST_F(PretrainingStage, Learns) {
  TrainRequest longer = request("run");
  longer.config.pretrain.epochs = 30;
  longer.config.train.epochs = 0;
  longer.config.model.dropout = 0;
  train(longer);
  const std::string log =
      read_file(folder_ / "run" / kPretrainingFolder / "metrics.jsonl", 1 << 20);
  std::vector<double> losses;
  for (size_t at = log.find("\"loss\":"); at != std::string::npos;
       at = log.find("\"loss\":", at + 1))
    losses.push_back(std::stod(log.substr(at + 7)));
  ASSERT_EQ(losses.size(), 30u);
  EXPECT_LT(losses.back(), 0.7 * losses.front());
}

TEST_F(PretrainingStage, ThreadsAndRanksGiveTheSameBits) {
  train(request("one"));
  train(request("three", 3));
  const std::string wanted = test::trained_bytes(folder_ / "one" / kPretrainingFolder);
  EXPECT_EQ(test::trained_bytes(folder_ / "three" / kPretrainingFolder), wanted);
  EXPECT_EQ(test::trained_bytes(folder_ / "three"), test::trained_bytes(folder_ / "one"));
  make_folder(folder_ / "ranks");
  test::with_ranks(2, [&](Ranks& ranks) { pretrain(request("ranks"), ranks); });
  EXPECT_EQ(test::trained_bytes(folder_ / "ranks" / kPretrainingFolder), wanted);
}

TEST_F(PretrainingStage, DeferredRowsGiveTheSameBits) {
  train(request("dense"));
  TrainRequest deferred = request("deferred");
  deferred.deferred_rows = 1;
  train(deferred);
  EXPECT_EQ(test::trained_bytes(folder_ / "deferred" / kPretrainingFolder),
            test::trained_bytes(folder_ / "dense" / kPretrainingFolder));
}

TEST_F(PretrainingStage, ResumesWhereItWasStopped) {
  train(request("whole"));
  TrainRequest stopped = request("stopped");
  stopped.config.pretrain.epochs = 1;
  stopped.config.train.epochs = 0;
  train(stopped);  // leaves a stage of one epoch, as if it had been stopped there
  fs::remove_all(folder_ / "stopped" / "checkpoint");
  fs::remove(folder_ / "stopped" / "model.safetensors");
  RunConfig config = request("stopped").config;
  write_file_atomically(folder_ / "stopped" / "config.toml", config_text(config));
  TrainRequest again = request("stopped");
  again.resume = true;
  train(again);
  EXPECT_EQ(test::trained_bytes(folder_ / "stopped"), test::trained_bytes(folder_ / "whole"));
}

TEST_F(PretrainingStage, IsStoppedAsTheRunThatItIsAStageOf) {
  set_interrupted(true);
  try {
    pretrain(request("run"), solo_ranks());
    FAIL() << "not interrupted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::interrupted);
    EXPECT_NE(std::string(error.what()).find("--resume " + (folder_ / "run").string()),
              std::string::npos);
    EXPECT_EQ(std::string(error.what()).find(kPretrainingFolder), std::string::npos);
  }
  set_interrupted(false);
  TrainRequest again = request("run");
  again.resume = true;
  train(again);
  train(request("whole"));
  EXPECT_EQ(test::trained_bytes(folder_ / "run"), test::trained_bytes(folder_ / "whole"));
}

TEST_F(PretrainingStage, ThatIsThereIsUsedAndAnotherReplaced) {
  const fs::path stage = folder_ / "run" / kPretrainingFolder;
  train(request("run"));
  const auto made = fs::last_write_time(stage / "model.safetensors");
  TrainRequest other = request("run");
  other.config.objective.negatives = 3;  // of the training after it
  train(other);
  EXPECT_EQ(fs::last_write_time(stage / "model.safetensors"), made);
  const std::string before = test::trained_bytes(stage);
  other.config.pretrain.losses.mask_rate = 0.5;
  train(other);
  EXPECT_NE(test::trained_bytes(stage), before);
}

TEST_F(PretrainingStage, StoppedInTheStageOfAReplacedRunForgetsTheRunBefore) {
  train(request("run"));
  TrainRequest other = request("run");
  other.config.pretrain.losses.mask_rate = 0.4;
  set_interrupted(true);
  EXPECT_THROW(pretrain(other, solo_ranks()), Error);
  set_interrupted(false);
  EXPECT_FALSE(fs::exists(folder_ / "run" / "model.safetensors"));
  TrainRequest again = request("run");
  apply_file(again.config, folder_ / "run" / "config.toml");
  again.resume = true;
  train(again);
  TrainRequest fresh = other;
  fresh.run = folder_ / "fresh";
  train(fresh);
  EXPECT_EQ(test::trained_bytes(folder_ / "run"), test::trained_bytes(folder_ / "fresh"));
}

TEST_F(PretrainingStage, IsUsedWhenOnlyCheckpointsAreToComeMoreOften) {
  const fs::path model = pretrain(request("run"), solo_ranks());
  const auto made = fs::last_write_time(model);
  TrainRequest more = request("run");
  more.config.train.checkpoint_steps = 3;
  pretrain(more, solo_ranks());
  EXPECT_EQ(fs::last_write_time(model), made);
}

// Under a schedule by the number of epochs they would have been other steps from the first on.
TEST_F(PretrainingStage, OfMoreEpochsIsThatOfAFreshStage) {
  for (const RateSchedule schedule : {RateSchedule::constant, RateSchedule::cosine}) {
    const std::string name(word_of(schedule));
    TrainRequest grown = request("grown " + name), fresh = request("fresh " + name);
    grown.config.train.schedule = fresh.config.train.schedule = schedule;
    pretrain(grown, solo_ranks());
    grown.config.pretrain.epochs = fresh.config.pretrain.epochs = 3;
    pretrain(grown, solo_ranks());
    pretrain(fresh, solo_ranks());
    EXPECT_EQ(test::trained_bytes(grown.run / kPretrainingFolder),
              test::trained_bytes(fresh.run / kPretrainingFolder))
        << name;
  }
}

TEST_F(PretrainingStage, IsResumedOnTheDataItBeganWith) {
  set_interrupted(true);
  EXPECT_THROW(pretrain(request("run"), solo_ranks()), Error);
  set_interrupted(false);
  write_file_atomically(folder_ / "attributes.csv", "item,attribute\ni1,other\ni2,one\n");
  TrainRequest again = request("run");
  apply_file(again.config, folder_ / "run" / "config.toml");
  again.config.data.path = prepare("changed", true).string();
  again.resume = true;
  try {
    train(again);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("attribute fingerprint"), std::string::npos);
  }
}

TEST_F(PretrainingStage, AloneIsAsItsSectionSays) {
  TrainRequest alone = request("alone");
  alone.config.train.task = TrainTask::pretraining;
  train(alone);
  train(request("run"));
  EXPECT_EQ(test::trained_bytes(folder_ / "alone"),
            test::trained_bytes(folder_ / "run" / kPretrainingFolder));
}

TEST_F(PretrainingStage, RefusesWhatCannotBe) {
  struct Bad {
    const char* what;
    std::function<void(TrainRequest&)> change;
    const char* words;
  };
  const std::vector<Bad> table = {
      {"network",
       [](TrainRequest& r) {
         r.config.model.name = "gru4rec";
         r.config.model.positions = PositionNumbers::automatic;
       },
       "cannot be pretrained"},
      {"attributes", [&](TrainRequest& r) { r.config.data.path = prepare("bare", false).string(); },
       "no item attributes"},
      {"pretrained file that is missing",
       [&](TrainRequest& r) { r.config.train.init_from = (folder_ / "nothing").string(); },
       "nothing"},
      {"losses",
       [](TrainRequest& r) {
         PretextOptions& losses = r.config.pretrain.losses;
         losses.aap = losses.mip = losses.map = losses.sp = 0;
       },
       "are all 0"}};
  for (const Bad& bad : table) {
    TrainRequest one = request(std::string("bad ") + bad.what);
    bad.change(one);
    try {
      train(one);
      ADD_FAILURE() << bad.what << ": no error";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(bad.words), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace truenext
