// SPDX-License-Identifier: Apache-2.0
// What is measured beside validation while a model is trained: the numbers of validation and of
// `evaluate`, for every epoch once, without a bit of the model changed.
#include "train/loop/watch.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "base/error.h"
#include "base/log.h"
#include "inference/model_file.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class WatchTest : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run, WatchedParts parts) const {
    TrainRequest request = test::small_training(folder_ / run, data_);
    request.config.watch.parts = parts;
    return request;
  }
  std::vector<Json> lines(const std::string& run) const {
    std::istringstream text(test::file_bytes(folder_ / run / "metrics.jsonl"));
    std::vector<Json> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  /// Metrics by epoch and part; a second line for the same is a failure.
  std::map<std::pair<int, std::string>, Json> watched(const std::string& run) const {
    std::map<std::pair<int, std::string>, Json> found;
    for (const Json& line : lines(run)) {
      if (!line.contains("watched")) continue;
      const std::pair<int, std::string> key{line["epoch"], line["watched"]};
      EXPECT_TRUE(found.emplace(key, line["metrics"]).second) << line;
    }
    return found;
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::ring_dataset(folder_);
};

TEST_F(WatchTest, MeasuresBothPartsFromBeforeTheFirstEpochOn) {
  Trainer(request("run", WatchedParts::both)).fit();
  const auto found = watched("run");
  EXPECT_EQ(found.size(), 8u);  // epochs 0 to 3, two parts
  int validations = 0;
  for (const Json& line : lines("run")) {
    if (!line.contains("valid")) continue;
    ++validations;
    EXPECT_EQ(found.at({line["epoch"], "valid"})["ndcg@10"], line["valid"]["ndcg@10"]);
  }
  EXPECT_EQ(validations, 3);
  EXPECT_NE(found.at({0, "test"}), found.at({3, "test"}));
  EXPECT_EQ(found.at({0, "test"}).size(), 14u);
}

TEST_F(WatchTest, GivesWhatTheWrittenModelGives) {
  TrainRequest r = request("run", WatchedParts::test);
  r.config.watch.every = 2;
  r.config.watch.candidates = CandidateRule::original;
  const TrainResult result = Trainer(r).fit();
  const auto found = watched("run");
  EXPECT_EQ(found.size(), 3u);  // epochs 0 and 2, and the last
  ASSERT_EQ(result.best_epoch, 3);

  const ModelFile model = ModelFile::open(folder_ / "run" / "model.safetensors");
  const Dataset dataset = Dataset::open(data_);
  WorkerPool pool(1);
  const Watch watch(dataset, r.config, pool);
  const auto parts = watch.measure(*make_encoder_scorer(model.encoder()));
  ASSERT_EQ(parts.size(), 1u);
  for (const MetricResult& entry : parts[0].result.metrics) {
    EXPECT_EQ(found.at({3, "test"})[entry.metric.label()], entry.mean) << entry.metric.label();
  }
}

TEST_F(WatchTest, ChangesNoBitAndIsRepeatedByNoResume) {
  Trainer(request("without", WatchedParts::none)).fit();
  Trainer(request("whole", WatchedParts::both)).fit();
  TrainRequest cut = request("cut", WatchedParts::both);
  cut.config.train.epochs = 1;
  Trainer(cut).fit();
  cut.config.train.epochs = 3;
  cut.resume = true;
  Trainer(cut).fit();
  EXPECT_TRUE(test::trained_bytes(folder_ / "without") == test::trained_bytes(folder_ / "whole"));
  EXPECT_TRUE(test::trained_bytes(folder_ / "without") == test::trained_bytes(folder_ / "cut"));
  EXPECT_TRUE(watched("whole") == watched("cut"));
  EXPECT_TRUE(watched("without").empty());
}

TEST_F(WatchTest, KeepsTheValuesOfUsersUnderThePublishedNames) {
  TrainRequest r = request("run", WatchedParts::valid);
  r.config.watch.per_user = true;
  r.config.train.epochs = 1;
  Trainer(r).fit();
  const Json json = Json::parse(test::file_bytes(
      folder_ / "run" / "dump_metrics" /
      "sasrec.expid=data.epoch=1.npositive=1.nnegative=5.losstype=fixed.valid.json"));
  ASSERT_EQ(json.size(), 15u);
  const Dataset dataset = Dataset::open(data_);
  EXPECT_EQ(json["users"].size(), 60u);
  EXPECT_EQ(json["users"][7], std::string(dataset.users().raw(7)));
  const auto gains = json["NDCG@10"].get<std::vector<double>>();
  const double mean = std::accumulate(gains.begin(), gains.end(), 0.0) / 60;
  EXPECT_NEAR(mean, watched("run").at({1, "valid"})["ndcg@10"].get<double>(), 1e-12);
  for (const char* key : {"HR@20", "NDCG_rel@5", "RLS-RBO", "RLS-JAC"}) {
    EXPECT_EQ(json[key].size(), 60u) << key;
  }
}

TEST_F(WatchTest, RefusesWhatItCannotMeasure) {
  const auto refusal = [&](TrainRequest r) { return test::caught([&] { Trainer trainer(r); }); };
  TrainRequest twice = request("run", WatchedParts::both);
  twice.config.watch.metrics = "ndcg@10,ndcg_prefix@10";
  EXPECT_EQ(refusal(twice).code, ExitCode::ok);  // two names in the log
  twice.config.watch.per_user = true;
  EXPECT_TRUE(refusal(twice).says("a second \"NDCG@10\"")) << refusal(twice).message;
  EXPECT_EQ(refusal(twice).code, ExitCode::usage);

  PrepareOptions options;
  options.source.path = (folder_ / "log.txt").string();
  options.source.format = "pairs";
  options.split.valid = 0;
  options.out = folder_ / "unvalidated";
  prepare_dataset(options);
  TrainRequest valid = request("run", WatchedParts::valid);
  valid.config.data.path = options.out.string();
  EXPECT_TRUE(refusal(valid).says("holds out nothing for the valid part"))
      << refusal(valid).message;
  EXPECT_EQ(refusal(valid).code, ExitCode::data);
}

}  // namespace
}  // namespace truenext
