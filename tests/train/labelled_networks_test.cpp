// SPDX-License-Identifier: Apache-2.0
// Every network as teacher and as student of soft labels.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/log.h"
#include "support/network_cases.h"
#include "support/small_data.h"
#include "support/timed_data.h"
#include "train/loop/training.h"
#include "train/small_training.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

class LabelledNetworks : public testing::TestWithParam<test::NetworkCase> {
 protected:
  LabelledNetworks() { set_quiet(true); }

  TrainRequest request(const std::string& run) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.model = GetParam().options;
    r.config.objective.criterion = "softmax";
    r.config.objective.candidates = CandidateSet::full;
    r.config.train.epochs = 1;
    if (GetParam().network->fills_masks) {
      r.config.objective.positions = TargetPositions::masked;
      r.config.train.input_drop = 0.3;
    } else if (!is_causal(*GetParam().network, GetParam().options)) {
      r.config.train.examples = Examples::prefixes;
    }
    return r;
  }

  test::TemporaryFolder folder_;
  fs::path data_ = GetParam().options.time == TimeUse::none
                       ? test::prepare_pairs(folder_, test::ring_log(60, 40, 12), "data",
                                             test::ring_attributes(40))
                       : test::prepare_timed(folder_, test::timed_log(test::ring_log(60, 40, 12)));
};

TEST_P(LabelledNetworks, AreTeachersAndStudents) {
  train(request("teacher"));
  TrainRequest student = request("student");
  student.config.objective.label_share = 0.5;
  student.config.labels.teachers = {(folder_ / "teacher").string()};
  student.config.labels.kept = 12;
  train(student);
  const std::string taught = test::trained_bytes(student.run);
  TrainRequest threads = student;
  threads.run = folder_ / "threads";
  threads.threads = 3;
  train(threads);
  EXPECT_EQ(test::trained_bytes(threads.run), taught);
  EXPECT_NE(test::trained_bytes(folder_ / "teacher"), taught);
}

ModelOptions small_options() {
  ModelOptions options = test::small_network();
  options.max_length = 8;
  options.init = StartValues::small;
  return options;
}

INSTANTIATE_TEST_SUITE_P(All, LabelledNetworks,
                         testing::ValuesIn(test::network_cases(small_options())),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace truenext
