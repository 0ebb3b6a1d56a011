// SPDX-License-Identifier: Apache-2.0
// The loss in the log is a mean over what the objective's reduction names, however an epoch is cut
// into batches.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/log.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"

namespace truenext {
namespace {

/// Of an epoch in which nothing is drawn and nothing moves.
double logged_loss(const test::TemporaryFolder& folder, LossMean reduction, int64_t batch_size) {
  TrainRequest request = test::small_training(folder / "run", folder / "data");
  RunConfig& config = request.config;
  config.model.dropout = 0;
  config.objective.candidates = CandidateSet::full;
  config.objective.criterion = "softmax";
  config.objective.future.future_items = 3;
  config.objective.reduction = reduction;
  config.train.learning_rate = 0;
  config.train.epochs = 1;
  config.train.batch_size = batch_size;
  Trainer(request).fit();
  const std::string log = test::file_bytes(folder / "run" / "metrics.jsonl");
  return nlohmann::json::parse(log.substr(0, log.find('\n')))["loss"];
}

TEST(EpochLoss, DoesNotDependOnTheBatches) {
  set_quiet(true);
  const test::TemporaryFolder folder;
  test::ring_dataset(folder);
  for (const LossMean reduction : {LossMean::positions, LossMean::targets}) {
    const double whole = logged_loss(folder, reduction, 60);
    EXPECT_GT(whole, 1) << word_of(reduction);
    for (const int64_t batch_size : {1, 7, 16}) {
      EXPECT_NEAR(logged_loss(folder, reduction, batch_size), whole, 1e-6)
          << word_of(reduction) << " " << batch_size;
    }
  }
  EXPECT_LT(logged_loss(folder, LossMean::targets, 60),
            logged_loss(folder, LossMean::positions, 60) - 0.1);
}

}  // namespace
}  // namespace truenext
