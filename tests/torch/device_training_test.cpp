// SPDX-License-Identifier: Apache-2.0
// Whole trainings on the device path.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "data/dataset.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"
#include "inference/safetensors.h"
#include "support/judged_model.h"
#include "support/small_data.h"
#include "torch/test_device.h"
#include "train/devices/devices.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/trained_bytes.h"

extern "C" truenext::Devices* truenext_devices(const char* version);

namespace truenext {
namespace {

namespace fs = std::filesystem;

class DeviceTraining : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run, const std::string& device) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.device = device;
    return r;
  }
  /// Largest difference between two runs' weights and moments, relative to each tensor's largest
  /// number. A key's bias cancels in the softmax: its gradient is nothing but roundings.
  double difference(const std::string& a, const std::string& b) const {
    const SafetensorsFile left(folder_ / a / "checkpoint" / "last.safetensors");
    const SafetensorsFile right(folder_ / b / "checkpoint" / "last.safetensors");
    EXPECT_EQ(left.tensors().size(), right.tensors().size());
    double worst = 0;
    for (const auto& [name, tensor] : left.tensors()) {
      if (name.find("key.bias") != std::string::npos) continue;
      const auto x = left.floats(name, tensor.shape);
      const auto y = right.floats(name, tensor.shape);
      double largest = 1e-30, off = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        largest = std::max(largest, std::abs(double{x[i]}));
        off = std::max(off, std::abs(double{x[i]} - y[i]));
      }
      worst = std::max(worst, off / largest);
    }
    return worst;
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::ring_dataset(folder_);
};

TEST_F(DeviceTraining, FollowsTheTilesUnderEveryOptimiserRule) {
  for (const char* rule : {"adam", "lazy-adam", "rowwise-adagrad"}) {
    for (const std::string& device : {std::string("cpu"), test::device_name()}) {
      TrainRequest r = request(rule + device, device);
      r.config.model.dropout = r.config.model.output_dropout = 0;
      r.config.objective.criterion = "softmax";
      r.config.train.table_optimizer = find_word<TableOptimizer>(rule).value();
      r.config.train.batch_size = 3;  // leaves rows without a gradient
      r.config.train.max_batches = 6;
      r.config.train.epochs = 1;
      r.config.train.clip_norm = 0.5;
      r.config.train.l2 = 0.01;
      r.config.train.weight_decay = 0.1;
      r.config.train.schedule = RateSchedule::cosine;
      r.config.train.epsilon = 1e-3;  // smooth, so that steps do not turn on roundings
      r.config.train.table_norm = 0.02;
      Trainer(r).fit();
    }
    EXPECT_LT(difference(std::string(rule) + "cpu", rule + test::device_name()), 1e-3) << rule;
  }
  EXPECT_GT(difference("adamcpu", "lazy-adamcpu"), 1e-2);
}

TEST_F(DeviceTraining, AveragesAsTheTilesDo) {
  TrainResult results[2];
  int run = 0;
  for (const std::string& device : {std::string("cpu"), test::device_name()}) {
    TrainRequest r = request("averaged" + device, device);
    r.config.model.dropout = r.config.model.output_dropout = 0;
    r.config.train.average = WeightAverage::ema;
    r.config.train.average_decay = 0.9;
    r.config.train.epsilon = 1e-3;
    results[run++] = Trainer(r).fit();
  }
  EXPECT_LT(difference("averagedcpu", "averaged" + test::device_name()), 1e-3);
  EXPECT_EQ(results[0].best_weights, results[1].best_weights);
  EXPECT_NEAR(results[0].best_value, results[1].best_value, 0.02);
  // What the device ranked with is what the model file holds.
  EXPECT_NEAR(results[1].best_value,
              test::valid_ndcg(folder_ / ("averaged" + test::device_name()), data_), 1e-9);
}

TEST_F(DeviceTraining, LearnsTheRingAsWellAsTheTiles) {
  double best[2] = {0, 0};
  int run = 0;
  for (const std::string& device : {std::string("cpu"), test::device_name()}) {
    TrainRequest r = request("ring" + device, device);
    r.config.train.epochs = 60;
    r.config.train.learning_rate = 0.01;
    r.config.train.patience = 0;
    best[run++] = Trainer(r).fit().best_value;
  }
  EXPECT_GT(best[0], 0.5);
  EXPECT_NEAR(best[1], best[0], 0.1);  // other dropout masks
}

TEST_F(DeviceTraining, AResumedRunGivesTheSameBits) {
  TrainRequest whole = request("whole", test::device_name());
  Trainer(whole).fit();
  Trainer(request("again", test::device_name())).fit();
  EXPECT_TRUE(test::trained_bytes(folder_ / "whole") == test::trained_bytes(folder_ / "again"));
  TrainRequest cut = request("cut", test::device_name());
  cut.config.train.epochs = 1;
  Trainer(cut).fit();
  EXPECT_FALSE(test::trained_bytes(folder_ / "whole") == test::trained_bytes(folder_ / "cut"));
  cut.config.train.epochs = 3;
  cut.resume = true;
  Trainer(cut).fit();
  EXPECT_TRUE(test::trained_bytes(folder_ / "whole") == test::trained_bytes(folder_ / "cut"));
}

TEST_F(DeviceTraining, ValidatesAsTheKernelsWould) {
  TrainRequest r = request("validated", test::device_name());
  r.config.train.learning_rate = 0.01;
  r.config.train.epochs = 20;
  r.config.train.patience = 0;
  const TrainResult result = Trainer(r).fit();
  EXPECT_GT(result.best_value, 0.05);
  const ModelFile model = ModelFile::open(r.run);
  const Dataset dataset = Dataset::open(data_);
  Protocol protocol;
  protocol.part = SplitPart::valid;
  WorkerPool pool(1);
  const auto ranks = rank_targets(*make_encoder_scorer(model.encoder()),
                                  make_queries(dataset, protocol), protocol, pool);
  const EvalResult judged = compute_metrics(parse_metrics(r.config.train.valid_metric), ranks);
  EXPECT_NEAR(result.best_value, judged.metrics[0].mean, 1e-9);
}

TEST_F(DeviceTraining, ARunGoesOnFromOneDeviceToTheOther) {
  const auto train = [&](const std::string& run, const std::string& device, int64_t epochs) {
    TrainRequest r = request(run, device);
    r.config.model.dropout = r.config.model.output_dropout = 0;
    r.config.train.epsilon = 1e-3;
    r.config.train.epochs = epochs;
    r.resume = fs::exists(r.run / "config.toml");
    return Trainer(r).fit();
  };
  train("tiles", "cpu", 3);
  train("there", "cpu", 1);
  EXPECT_EQ(train("there", test::device_name(), 3).epochs, 3);
  EXPECT_LT(difference("tiles", "there"), 1e-3);
  train("back", test::device_name(), 1);
  train("back", "cpu", 3);
  EXPECT_LT(difference("tiles", "back"), 1e-3);
}

TEST_F(DeviceTraining, EveryModelTrains) {
  for (const char* block : {"gsasrec", "pmixer", "post-norm", "csrec", "gru4rec"}) {
    TrainRequest r = request(block, test::device_name());
    r.config.model = ModelOptions();
    const bool gru = std::string(block) == "gru4rec";
    r.config.model.name = gru ? "gru4rec" : "sasrec";
    if (!gru) r.config.model.block = block;
    r.config.model.hidden_size = 16;
    r.config.model.max_length = 8;
    r.config.model.gru_hidden_size = 12;
    r.config.objective.criterion = "softmax";
    r.config.objective.candidates = CandidateSet::full;
    r.config.train.learning_rate = 0.01;
    r.config.train.epochs = 15;
    r.config.train.patience = 0;
    const TrainResult result = Trainer(r).fit();
    EXPECT_GT(result.best_value, 0.3) << block;  // popularity reaches half of that
  }
}

/// Two processes, as far as anybody asks before training.
class TwoRanks final : public Ranks {
 public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  void send(int, std::span<const std::byte>) override {}
  Bytes receive(int) override { return {}; }
  std::vector<Bytes> exchange(std::vector<Bytes> out) override { return out; }
  void broadcast(Bytes&) override {}
  bool any(bool mine) override { return mine; }
  void finish() override {}
};

TEST_F(DeviceTraining, RefusesSeveralProcesses) {
  TwoRanks ranks;
  try {
    Trainer(request("two", test::device_name()), ranks).fit();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("mpirun"), std::string::npos) << error.what();
  }
}

TEST(DevicePlugIn, RefusesAnotherVersion) {
  EXPECT_NE(truenext_devices(truenext_version().c_str()), nullptr);
  EXPECT_EQ(truenext_devices("0.0.1"), nullptr);
}

TEST(DeviceName, RefusesWhatIsNotThere) {
  devices().check(test::device_name());
  for (const char* name : {"gpu", "cuda:", "cuda:x", "cuda:100", "cuda:99"}) {
    try {
      devices().check(name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find("--device " + std::string(name)), std::string::npos)
          << error.what();
    }
  }
}

}  // namespace
}  // namespace truenext
