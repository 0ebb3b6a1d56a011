// SPDX-License-Identifier: Apache-2.0
// Teachers as stages of a run: what they leave, how they resume, and what is refused.
#include "train/loop/teacher_stage.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "inference/model_file.h"
#include "support/small_data.h"
#include "train/loop/label_stage.h"
#include "train/loop/stage.h"
#include "train/loop/stage_report.h"
#include "train/loop/training.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

class TeacherStage : public testing::Test {
 protected:
  TeacherStage() { set_quiet(true); }
  void TearDown() override { set_interrupted(false); }

  TrainRequest plain(const std::string& run) const {
    TrainRequest request = test::small_training(folder_ / run, data_);
    request.config.objective.criterion = "softmax";
    request.config.objective.candidates = CandidateSet::full;
    request.config.train.epochs = 2;
    return request;
  }
  TrainRequest taught(const std::string& run, TeacherKind kind = TeacherKind::model) const {
    TrainRequest request = plain(run);
    request.config.objective.label_share = 0.4;
    request.config.labels.kept = 10;
    request.config.teachers.kind = kind;
    return request;
  }
  static std::string bits(const TrainRequest& request) {
    train(request);
    return test::trained_bytes(request.run);
  }
  static std::string text_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::ring_dataset(folder_, 60, 40, 12);
};

TEST_F(TeacherStage, TeachersAndLabelsAreInsideTheRunAndTheSameAsByHand) {
  const std::string whole = bits(taught("run"));
  const fs::path teachers = folder_ / "run" / kTeacherFolder;
  EXPECT_NE(test::trained_bytes(teachers / "1"), test::trained_bytes(teachers / "2"));
  RunConfig config;
  apply_file(config, folder_ / "run" / "config.toml");
  EXPECT_FALSE(config.labels.fingerprint.empty());
  EXPECT_TRUE(has_labels(folder_ / "run" / kLabelFolder, config.labels.fingerprint));
  RunConfig teacher;
  apply_file(teacher, teachers / "1" / "config.toml");
  EXPECT_EQ(teacher.objective.label_share, 0);
  EXPECT_EQ(teacher.train.seed, 1042);

  TrainRequest by_hand = taught("hand", TeacherKind::none);
  by_hand.config.labels.teachers = {(teachers / "1").string(), (teachers / "2").string()};
  EXPECT_EQ(bits(by_hand), whole);
  EXPECT_NE(bits(plain("plain")), whole);
}

TEST_F(TeacherStage, ReportComparesTeachersTheirMixAndTheStudent) {
  const TrainRequest request = taught("run");
  const TrainResult result = train(request);
  const auto json = nlohmann::json::parse(read_file(request.run / kStageReport));
  EXPECT_EQ(json["metric"], result.valid_metric);
  const auto& stages = json["stages"];
  ASSERT_EQ(stages.size(), 4u);
  const char* const names[] = {"teachers/1", "teachers/2", "teachers as one", "student"};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(stages[i]["name"], names[i]);
  EXPECT_EQ(stages[3]["value"], result.best_value);
  // What the teachers' own validations found.
  for (size_t k = 0; k < 2; ++k) {
    const ModelFile teacher = ModelFile::open(request.run / "teachers" / std::to_string(k + 1));
    const std::string noted = teacher.description().validation;
    const double value = std::stod(noted.substr(noted.find('=') + 1));
    EXPECT_NEAR(stages[k]["value"].get<double>(), value, 1e-5) << noted;
  }
  // Gone with the run, and not made without teachers.
  TrainRequest again = plain("run");
  train(again);
  EXPECT_FALSE(fs::exists(request.run / kStageReport));
  EXPECT_FALSE(fs::exists(request.run / kTeacherFolder));
  EXPECT_FALSE(fs::exists(request.run / kLabelFolder));
}

TEST_F(TeacherStage, ThreadsAndRanksGiveTheSameBits) {
  const std::string whole = bits(taught("one"));
  TrainRequest threads = taught("three");
  threads.threads = 3;
  EXPECT_EQ(bits(threads), whole);
  make_folder(folder_ / "ranks");
  test::with_ranks(2, [&](Ranks& ranks) { train_with_stages(taught("ranks"), ranks); });
  EXPECT_EQ(test::trained_bytes(folder_ / "ranks"), whole);
}

TEST_F(TeacherStage, ResumesInAnyStageToTheSameBits) {
  const std::string whole = bits(taught("whole"));
  // Stopped before the first teacher had made a step.
  TrainRequest first = taught("first");
  begin_folder(first);
  set_interrupted(true);
  EXPECT_THROW(train_teachers(first, solo_ranks()), Error);
  set_interrupted(false);
  first.resume = true;
  apply_file(first.config, first.run / "config.toml");
  EXPECT_EQ(bits(first), whole);
  // Stopped between teachers, and with labels but no student.
  for (const bool labelled : {false, true}) {
    TrainRequest between = taught(labelled ? "labelled" : "between");
    train(between);
    for (const char* name : {"checkpoint", "model.safetensors"}) {
      fs::remove_all(between.run / name);
    }
    if (!labelled) {
      fs::remove_all(between.run / kLabelFolder);
      fs::remove_all(between.run / kTeacherFolder / "2");
    }
    const auto made = fs::last_write_time(between.run / kTeacherFolder / "1" / "model.safetensors");
    between.resume = true;
    EXPECT_EQ(bits(between), whole);
    EXPECT_EQ(fs::last_write_time(between.run / kTeacherFolder / "1" / "model.safetensors"), made);
  }
  // More epochs of the student, with the labels alone left of its stages.
  TrainRequest longer = taught("longer");
  longer.config.train.epochs = 1;
  longer.config.teachers.settings = {"train.epochs=2"};
  train(longer);
  fs::remove_all(longer.run / kTeacherFolder);
  longer.config.train.epochs = 2;
  longer.resume = true;
  RunConfig there;
  apply_file(there, longer.run / "config.toml");
  longer.config.labels.fingerprint = there.labels.fingerprint;
  EXPECT_EQ(bits(longer), whole);
}

// What a power cut in the student's first epoch leaves: its stages, and no checkpoint.
TEST_F(TeacherStage, ACutInTheStudentsFirstEpochCostsNoTeacher) {
  for (const TeacherKind kind : {TeacherKind::model, TeacherKind::training}) {
    const std::string run(word_of(kind));
    TrainRequest request = taught(run, kind);
    const std::string whole = bits(request);
    for (const char* name : {"checkpoint", "model.safetensors", kStageReport}) {
      fs::remove_all(request.run / name);
    }
    request.resume = true;
    request.config = RunConfig();
    apply_file(request.config, request.run / "config.toml");
    EXPECT_EQ(bits(request), whole) << run;
    EXPECT_TRUE(fs::exists(request.run / kTeacherFolder / "1" / "model.safetensors")) << run;
    EXPECT_TRUE(fs::exists(request.run / kTeacherFolder / "2" / "model.safetensors")) << run;
    EXPECT_TRUE(fs::exists(request.run / kStageReport)) << run;
  }
}

TEST_F(TeacherStage, AStudentThatIsPretrainedResumesFromItsConfiguration) {
  TrainRequest request = taught("pretrained");
  request.config.model.block = "post-norm";
  request.config.pretrain.epochs = 1;
  request.config.pretrain.losses.aap = request.config.pretrain.losses.map = 0;
  const std::string whole = bits(request);
  // As it is written before the pretraining, when the labels are made.
  request.config.labels.path = (request.run / kLabelFolder).string();
  request.config.labels.teachers = {(request.run / kTeacherFolder / "1").string()};
  const std::string text = run_text(request.config);
  RunConfig there;
  apply_text(there, text, "config.toml");
  EXPECT_TRUE(there.labels.path.empty());
  EXPECT_TRUE(there.labels.teachers.empty());
  for (const char* name : {"checkpoint", "model.safetensors"}) fs::remove_all(request.run / name);
  there.labels.fingerprint.clear();
  request.config = there;
  request.resume = true;
  EXPECT_EQ(bits(request), whole);
}

TEST_F(TeacherStage, StagesThatAreThereAreUsedAndOthersReplaced) {
  train(taught("run"));
  const fs::path model = folder_ / "run" / kTeacherFolder / "2" / "model.safetensors";
  const auto made = fs::last_write_time(model);
  TrainRequest other = taught("run");
  other.config.objective.label_share = 0.2;  // of the student alone
  other.config.labels.temperature = 1;
  const std::string mild = bits(other);
  EXPECT_EQ(fs::last_write_time(model), made);
  TrainRequest fresh = other;
  fresh.run = folder_ / "fresh";
  EXPECT_EQ(bits(fresh), mild);
  const std::string before = test::trained_bytes(model.parent_path());
  other.config.teachers.settings = {"model.dropout=0"};
  train(other);
  EXPECT_NE(test::trained_bytes(model.parent_path()), before);
}

TEST_F(TeacherStage, StagesOfAnotherStartOrAnotherRuleOfValidationAreReplaced) {
  train(plain("first"));
  TrainRequest other = plain("second");
  other.config.train.seed = 7;
  train(other);
  const auto teacher = [&](const char* run, const fs::path& start, int64_t valid_every) {
    TrainRequest request = taught(run);
    request.config.train.init_from = start.string();
    request.config.train.valid_every = valid_every;
    train(request);
    return test::trained_bytes(request.run / kTeacherFolder / "1");
  };
  const std::string first = teacher("run", folder_ / "first", 1);
  const std::string second = teacher("run", folder_ / "second", 1);
  EXPECT_NE(first, second);
  EXPECT_EQ(teacher("fresh", folder_ / "second", 1), second);
  teacher("run", folder_ / "second", 2);
  const std::string log = read_file(folder_ / "run" / kTeacherFolder / "1" / "metrics.jsonl");
  const size_t judged = log.find("\"valid\"");
  ASSERT_NE(judged, std::string::npos);
  EXPECT_EQ(log.find("\"valid\"", judged + 1), std::string::npos) << log;  // one of two epochs
}

TEST_F(TeacherStage, DamagedLabelsAreMadeAgain) {
  const TrainRequest request = taught("run");
  const std::string whole = bits(request);
  const fs::path items = request.run / kLabelFolder / "items.bin";
  fs::resize_file(items, fs::file_size(items) - 4);
  EXPECT_EQ(bits(request), whole);
}

TEST_F(TeacherStage, ResumingTrainsNoTeacherAgain) {
  for (const int64_t kept : {0, 10}) {
    TrainRequest request = taught("kept" + std::to_string(kept));
    request.config.labels.kept = kept;
    train(request);
    const std::string teacher = test::trained_bytes(request.run / kTeacherFolder / "1");
    apply_file(request.config, request.run / "config.toml");
    request.config.train.epochs = 4;  // which teachers of a fresh run would have, too
    request.resume = true;
    EXPECT_EQ(train(request).epochs, 4);
    EXPECT_EQ(test::trained_bytes(request.run / kTeacherFolder / "1"), teacher);
  }
}

TEST_F(TeacherStage, RefusalsComeBeforeAnythingIsTouched) {
  struct Bad {
    std::function<void(TrainRequest&)> change;
    const char* words;
  };
  const std::vector<Bad> table = {
      {[](TrainRequest& r) { r.device = "cuda"; }, "on the CPU only"},
      {[](TrainRequest& r) { r.config.labels.weights = "1,2,3"; }, "weights"},
      {[](TrainRequest& r) { r.config.train.norm_penalty = 0.1; }, "norm_penalty"},
      {[](TrainRequest& r) {
         r.config.teachers.presets = {"sasrec-cce", "nonsense"};
       },
       "nonsense"},
      {[](TrainRequest& r) { r.config.teachers.settings = {"train.epochs=0"}; }, "no model"},
      {[](TrainRequest& r) { r.config.labels.path = "somewhere"; }, "somewhere"},
      {[](TrainRequest& r) {
         r.config.labels.kept = 0;
         r.config.objective.candidates = CandidateSet::uniform;
       },
       "keep labels"},
      {[](TrainRequest& r) {
         r.config.teachers.kind = TeacherKind::training;
         r.config.objective.candidates = CandidateSet::uniform;
       },
       "label_reverse"}};
  const TrainRequest good = taught("run");
  const std::string whole = bits(good);
  for (const Bad& bad : table) {
    TrainRequest request = taught("run");
    bad.change(request);
    const std::string text = text_of([&] { train_with_stages(request, solo_ranks()); });
    EXPECT_NE(text.find(bad.words), std::string::npos) << text;
    EXPECT_EQ(test::trained_bytes(good.run), whole) << bad.words;
  }
}

TEST_F(TeacherStage, TeacherThatBecameAnotherIsNoReasonToFail) {
  train(plain("teacher"));
  TrainRequest request = taught("run", TeacherKind::none);
  request.config.labels.teachers = {(folder_ / "teacher").string()};
  train(request);
  TrainRequest other = plain("teacher");
  other.config.data.path =
      test::prepare_pairs(folder_, test::ring_log(60, 25, 12), "other").string();
  train(other);
  apply_file(request.config, request.run / "config.toml");
  request.config.train.epochs = 3;
  request.resume = true;
  EXPECT_EQ(train(request).epochs, 3);
}

TEST_F(TeacherStage, TeachersOfSampledUsersSeeTheirUsersOnly) {
  TrainRequest request = taught("run", TeacherKind::data);
  request.config.teachers.share = 0.5;
  train(request);
  RunConfig first, second;
  apply_file(first, request.run / kTeacherFolder / "1" / "config.toml");
  apply_file(second, request.run / kTeacherFolder / "2" / "config.toml");
  EXPECT_EQ(first.train.user_share, 0.5);
  EXPECT_EQ(first.train.user_sample, 2000);
  EXPECT_EQ(second.train.user_sample, 2001);
  const Dataset dataset = Dataset::open(data_);
  BatchOptions options;
  options.user_share = 0.5;
  options.user_sample = 2000;
  const Batcher sample(dataset, options), other(dataset, [&] {
    options.user_sample = 2001;
    return options;
  }());
  EXPECT_EQ(sample.num_users(), 30);
  std::set<uint64_t> users, others;
  for (const Tile& tile : sample.make(0).tiles)
    users.insert(tile.streams.begin(), tile.streams.end());
  for (const Tile& tile : other.make(0).tiles)
    others.insert(tile.streams.begin(), tile.streams.end());
  EXPECT_EQ(users.size(), 30u);
  EXPECT_NE(users, others);
}

TEST_F(TeacherStage, TrainingLevelPairIsTiedAndFoundAgain) {
  TrainRequest request = taught("run", TeacherKind::training);
  request.config.teachers.alpha = 0.75;
  request.config.teachers.tie_kept = 40;
  const std::string whole = bits(request);
  const fs::path teachers = folder_ / "run" / kTeacherFolder;
  RunConfig auxiliary, main;
  apply_file(auxiliary, teachers / "1" / "config.toml");
  apply_file(main, teachers / "2" / "config.toml");
  EXPECT_EQ(auxiliary.train.user_share, 0.8);
  EXPECT_EQ(main.train.user_share, 1);
  EXPECT_NEAR(main.objective.label_share, 0.2, 1e-12);
  EXPECT_NEAR(main.objective.label_reverse, 0.6, 1e-12);
  const auto made = fs::last_write_time(teachers / "2" / "model.safetensors");

  // Asked alone, then with the auxiliary one: other labels, the same teachers.
  TrainRequest both = request;
  both.config.teachers.with_auxiliary = true;
  EXPECT_NE(bits(both), whole);
  EXPECT_EQ(fs::last_write_time(teachers / "2" / "model.safetensors"), made);
  // Another auxiliary one makes another main one.
  const std::string before = test::trained_bytes(teachers / "2");
  request.config.teachers.share = 0.4;
  train(request);
  EXPECT_NE(test::trained_bytes(teachers / "2"), before);
}

TEST_F(TeacherStage, ConfigurationsOfTeachersAreTheirOwn) {
  RunConfig student = taught("run").config;
  student.teachers.presets = {"gru4rec-ce", "narm-ce"};
  student.teachers.settings = {"train.epochs=7"};
  const RunConfig first = teacher_config(student, 1), second = teacher_config(student, 2);
  EXPECT_EQ(first.model.name, "gru4rec");
  EXPECT_EQ(second.model.name, "narm");
  EXPECT_EQ(second.train.epochs, 7);
  EXPECT_EQ(second.data.path, student.data.path);
  EXPECT_NE(first.train.seed, second.train.seed);
  student.teachers.count = 3;
  EXPECT_NE(text_of([&] { teacher_config(student, 1); }).find("one for all or one each"),
            std::string::npos);
  student.teachers.presets.clear();
  student.teachers.settings = {"objective.label_share=0.2"};
  EXPECT_NE(text_of([&] { teacher_config(student, 1); }).find("no teachers of its own"),
            std::string::npos);
}

// CE + KL terms are divided by 2 - alpha, and so are penalties: the loss of csrec.md 1.6, scaled.
TEST_F(TeacherStage, PenaltiesOfATiedTeacherKeepTheirWeight) {
  RunConfig student = taught("run", TeacherKind::training).config;
  student.teachers.alpha = 0.5;
  student.train.norm_penalty = 3e-6;
  student.train.l2 = 1.5e-4;
  EXPECT_EQ(teacher_config(student, 1).train.norm_penalty, 3e-6);
  EXPECT_DOUBLE_EQ(teacher_config(student, 2).train.norm_penalty, 2e-6);
  EXPECT_DOUBLE_EQ(teacher_config(student, 2).train.l2, 1e-4);
}

TEST_F(TeacherStage, ASampleOfTheEventsHasItsLabels) {
  TrainRequest request = taught("sampled");
  request.config.train.event_share = 0.5;
  request.config.model.max_length = 3;
  EXPECT_EQ(text_of([&] { train(request); }), "no error");
}

TEST_F(TeacherStage, TeachersAsOneAreWhatTheLabelIsMadeOf) {
  for (const Mixing mixing : {Mixing::confidence, Mixing::early_exit, Mixing::logit}) {
    TrainRequest request = taught("mixed");
    request.config.labels.mixing = mixing;
    request.replace = true;
    train(request);
    const auto json = nlohmann::json::parse(read_file(request.run / kStageReport));
    ASSERT_EQ(json["stages"].size(), 4u) << word_of(mixing);
    EXPECT_EQ(json["stages"][2]["name"], "teachers as one");
    EXPECT_GT(json["stages"][2]["value"].get<double>(), 0);
  }
}

TEST_F(TeacherStage, WhatCannotBeIsRefused) {
  TrainRequest nobody = plain("nobody");
  nobody.config.objective.label_share = 0.3;
  EXPECT_NE(text_of([&] { train(nobody); }).find("there are no soft labels"), std::string::npos);
  TrainRequest no_share = taught("no_share");
  no_share.config.objective.label_share = 0;
  EXPECT_NE(text_of([&] { train(no_share); }).find("take no share"), std::string::npos);
  TrainRequest bce = taught("bce");
  bce.config.objective.criterion = "bce";
  EXPECT_NE(text_of([&] { train(bce); }).find("no likelihood of one item"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "bce" / kTeacherFolder));  // before anything is trained
  TrainRequest missing = taught("missing", TeacherKind::none);
  missing.config.labels.teachers = {(folder_ / "nothing").string()};
  EXPECT_NE(text_of([&] { train(missing); }).find("no such run folder"), std::string::npos);
  train(plain("run"));
  TrainRequest asked = taught("asked", TeacherKind::none);
  asked.config.labels.teachers = {(folder_ / "run").string()};
  asked.config.labels.kept = 0;
  asked.config.objective.candidates = CandidateSet::uniform;
  EXPECT_NE(text_of([&] { train(asked); }).find("keep labels"), std::string::npos);
}

TEST_F(TeacherStage, TeachersAskedInEveryStepTeachWhatAWholeStoreDoes) {
  train(plain("teacher"));
  const auto final_loss = [&](int64_t kept) {
    TrainRequest request = taught("kept" + std::to_string(kept), TeacherKind::none);
    request.config.labels.teachers = {(folder_ / "teacher").string()};
    request.config.labels.kept = kept;
    train(request);
    const std::string log = read_file(request.run / "metrics.jsonl");
    return std::stod(log.substr(log.rfind("\"loss\":") + 7));
  };
  EXPECT_NEAR(final_loss(0), final_loss(40), 1e-5);
}

}  // namespace
}  // namespace truenext
