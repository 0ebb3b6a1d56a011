// SPDX-License-Identifier: Apache-2.0
// Training with CSRec's observation term, with divided scores, and on samples of events.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "inference/safetensors.h"
#include "support/small_data.h"
#include "train/loop/stage.h"
#include "train/loop/teacher_stage.h"
#include "train/loop/training.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

class ObservationTraining : public testing::Test {
 protected:
  ObservationTraining() { set_quiet(true); }

  TrainRequest request(const std::string& run, double observation = 0.5) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.objective.criterion = "softmax";
    r.config.objective.candidates = CandidateSet::full;
    r.config.objective.observation = observation;
    r.config.train.epochs = 4;
    return r;
  }
  static std::string bits(const TrainRequest& r) {
    train(r);
    return test::trained_bytes(r.run);
  }
  static std::vector<float> largest(const TrainRequest& r) {
    const SafetensorsFile file(r.run / "checkpoint" / "last.safetensors");
    const int64_t items = 40;
    const auto values = file.floats("observation.largest", {&items, 1});
    return {values.begin(), values.end()};
  }
  static std::string refusal(const TrainRequest& r) {
    try {
      train(r);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return "no error";
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::ring_dataset(folder_, 60, 40, 12);
};

TEST_F(ObservationTraining, ThreadsGiveTheSameBitsAndTheTermMatters) {
  const std::string one = bits(request("one"));
  TrainRequest three = request("three");
  three.threads = 3;
  EXPECT_EQ(bits(three), one);
  EXPECT_NE(bits(request("without", 0)), one);
  const SafetensorsFile model(folder_ / "one" / "model.safetensors");
  for (const auto& [name, tensor] : model.tensors()) EXPECT_FALSE(name.starts_with("observation"));
}

TEST_F(ObservationTraining, MaximumIsCarriedOverStepsAndResumes) {
  TrainRequest first = request("resumed");
  first.config.train.epochs = 2;
  first.config.train.weight_decay = 0.1;  // of weights, which the maximum is not
  train(first);
  const std::vector<float> before = largest(first);
  EXPECT_GT(*std::ranges::min_element(before), -1);  // -10 at the start
  first.config.train.epochs = 4;
  first.resume = true;
  TrainRequest whole = request("whole");
  whole.config.train.weight_decay = 0.1;
  EXPECT_EQ(bits(first), bits(whole));
  const std::vector<float> after = largest(first);
  EXPECT_EQ(after, largest(whole));
  EXPECT_NE(after, before);
  for (size_t i = 0; i < before.size(); ++i) EXPECT_GE(after[i], before[i]);
}

TEST_F(ObservationTraining, WorksWithCsrecsStartValuesAndLabels) {
  TrainRequest student = request("student", 0);
  student.config.model = ModelOptions();
  student.config.model.name = "gru4rec";
  student.config.model.hidden_size = 16;
  student.config.model.init = StartValues::csrec;
  student.config.model.resolve();
  student.config.objective.label_share = 0.4;
  student.config.labels.kept = 10;
  student.config.teachers.kind = TeacherKind::training;
  student.config.teachers.alpha = 0.75;
  const std::string without = bits(student);
  student.config.teachers.observation = true;
  EXPECT_EQ(teacher_config(student.config, 1).objective.observation, 0);
  EXPECT_NEAR(teacher_config(student.config, 2).objective.observation, 0.8, 1e-12);
  EXPECT_NE(bits(student), without);
  EXPECT_TRUE(fs::exists(student.run / "teachers" / "2" / "model.safetensors"));
}

TEST_F(ObservationTraining, WhatCannotBeIsRefused) {
  TrainRequest padded = request("padded");
  padded.config.model.padding_class = true;
  EXPECT_NE(refusal(padded).find("says nothing of padding"), std::string::npos);
  TrainRequest sampled = request("sampled");
  sampled.config.objective.candidates = CandidateSet::uniform;
  EXPECT_NE(refusal(sampled).find("objective.observation = 0.5"), std::string::npos);
  TrainRequest future = request("future");
  future.config.objective.future.future_items = 3;
  EXPECT_NE(refusal(future).find("what is observed is one item"), std::string::npos);
  make_folder(folder_ / "ranks");
  const auto text_of = [](const TrainRequest& r, Ranks& ranks) -> std::string {
    try {
      train_with_stages(r, ranks);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  TrainRequest pair = request("pair", 0);  // refused before its first teacher is trained
  pair.config.objective.label_share = 0.4;
  pair.config.teachers.kind = TeacherKind::training;
  pair.config.teachers.observation = true;
  make_folder(folder_ / "pair");
  test::with_ranks(2, [&](Ranks& ranks) {
    for (const TrainRequest& r : {request("ranks"), pair}) {
      EXPECT_NE(text_of(r, ranks).find("computed by one process"), std::string::npos);
    }
  });
  EXPECT_FALSE(fs::exists(folder_ / "pair" / "teachers"));
}

TEST_F(ObservationTraining, TeachersCanBeTrainedTemperedAsPublished) {
  RunConfig student = request("run", 0).config;
  student.teachers.kind = TeacherKind::model;
  student.labels.temperature = 6;
  EXPECT_EQ(teacher_config(student, 1).objective.temperature, 1);
  student.teachers.tempered = true;
  EXPECT_EQ(teacher_config(student, 1).objective.temperature, 6);
  RunConfig pair = student;
  pair.teachers.kind = TeacherKind::training;
  EXPECT_EQ(teacher_config(pair, 2).objective.temperature, 1);  // as in the original
  TrainRequest plain = request("plain", 0), tempered = request("tempered", 0);
  tempered.config.objective.temperature = 6;
  EXPECT_NE(bits(plain), bits(tempered));
}

TEST_F(ObservationTraining, TeachersOnSamplesOfEventsHaveSomeEventsOfEverybody) {
  RunConfig student = request("run", 0).config;
  student.teachers.kind = TeacherKind::data;
  student.teachers.sample_of = TeacherSample::events;
  const RunConfig first = teacher_config(student, 1), second = teacher_config(student, 2);
  EXPECT_EQ(first.train.event_share, 0.8);
  EXPECT_EQ(first.train.user_share, 1);
  EXPECT_EQ(first.train.user_sample, 2000);
  EXPECT_EQ(second.train.user_sample, 2001);
  TrainRequest one = request("one", 0), other = request("other", 0);
  one.config.train.event_share = other.config.train.event_share = 0.6;
  other.config.train.user_sample = 1;
  EXPECT_NE(bits(one), bits(other));
}

}  // namespace
}  // namespace truenext
