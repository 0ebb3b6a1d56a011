// SPDX-License-Identifier: Apache-2.0
// The promises of the training loop: same bits on any number of threads, exact resume, nothing
// half-written.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "inference/model_file.h"
#include "support/small_data.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;

class Training : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }
  void TearDown() override { set_interrupted(false); }

  TrainRequest request(const std::string& run, int threads = 1) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.threads = threads;
    return r;
  }
  std::string model_bytes(const std::string& run) const {
    return read_file(folder_ / run / "model.safetensors");
  }
  std::string checkpoint_bytes(const std::string& run) const {
    return read_file(folder_ / run / "checkpoint" / "last.safetensors");
  }
  std::string trained_bytes(const std::string& run) const {
    return test::trained_bytes(folder_ / run);
  }
  /// Resumes a stopped run for two epochs, and trains as many without a stop.
  void expect_resumes_to_the_same_bits(TrainRequest stopped) const {
    std::istringstream log(read_file(stopped.run / "metrics.jsonl"));
    stopped.config.train.epochs = 2;
    for (std::string line; std::getline(log, line);) {
      if (line.find("\"loss\"") != std::string::npos) ++stopped.config.train.epochs;
    }
    stopped.resume = true;
    Trainer(stopped).fit();
    TrainRequest whole = stopped;
    whole.resume = false;
    whole.run = folder_ / "whole";
    whole.threads = 1;
    Trainer(whole).fit();
    EXPECT_TRUE(test::trained_bytes(whole.run) == test::trained_bytes(stopped.run));
    EXPECT_TRUE(test::tensor_bytes(whole.run / "model.safetensors") ==
                test::tensor_bytes(stopped.run / "model.safetensors"));
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::ring_dataset(folder_);
};

TEST_F(Training, OneTwoAndThreeThreadsGiveTheSameBits) {
  for (const int threads : {1, 2, 3}) {
    Trainer(request("t" + std::to_string(threads), threads)).fit();
  }
  EXPECT_TRUE(model_bytes("t1") == model_bytes("t2"));
  EXPECT_TRUE(model_bytes("t1") == model_bytes("t3"));
}

TEST_F(Training, DeferringTablesChangesNoBit) {
  const struct {
    const char* name;
    CandidateSet candidates;
    bool tied;
  } cases[] = {{"tied", CandidateSet::uniform, true},
               {"two", CandidateSet::uniform, false},
               {"full", CandidateSet::full, true},
               {"buckets", CandidateSet::buckets, true}};
  for (const auto& c : cases) {
    TrainRequest dense = request(std::string("dense_") + c.name);
    dense.config.objective.candidates = c.candidates;
    dense.config.objective.criterion = "softmax";
    dense.config.model.tie_embeddings = c.tied;
    dense.config.train.batch_size = 3;  // few enough that rows are left behind
    dense.config.train.checkpoint_steps = 7;
    TrainRequest deferred = dense;
    deferred.run = folder_ / (std::string("deferred_") + c.name);
    deferred.deferred_rows = 1;
    deferred.threads = 2;
    Trainer(dense).fit();
    Trainer(deferred).fit();
    EXPECT_TRUE(model_bytes(dense.run.filename()) == model_bytes(deferred.run.filename()))
        << c.name;
  }
}

TEST_F(Training, EveryWayToDrawGivesTheSameBitsOnAnyThreadsAndWithDeferredTables) {
  const struct {
    CandidateSet candidates;
    NegativeShare share;
    Exclusion exclude;
    UserOrder users;
  } cases[] = {
      {CandidateSet::popularity, NegativeShare::position, Exclusion::history, UserOrder::shuffled},
      {CandidateSet::mixed, NegativeShare::sequence, Exclusion::history,
       UserOrder::with_replacement},
      {CandidateSet::batch, NegativeShare::batch, Exclusion::positive, UserOrder::shuffled},
      {CandidateSet::uniform, NegativeShare::batch, Exclusion::history, UserOrder::shuffled}};
  std::set<std::string> different;
  for (const auto& c : cases) {
    const std::string name(word_of(c.candidates));
    const auto with = [&](const std::string& run, int threads) {
      TrainRequest r = request(name + run, threads);
      r.config.objective.criterion = "bpr-max";
      r.config.objective.candidates = c.candidates;
      r.config.objective.share = c.share;
      r.config.objective.exclude = c.exclude;
      r.config.objective.future.future_items = 3;
      r.config.objective.future.relevance = Relevance::linear;
      r.config.train.users = c.users;
      return r;
    };
    Trainer(with("1", 1)).fit();
    TrainRequest deferred = with("3", 3);
    deferred.deferred_rows = 1;
    Trainer(deferred).fit();
    EXPECT_TRUE(trained_bytes(name + "1") == trained_bytes(name + "3")) << name;
    different.insert(trained_bytes(name + "1"));
  }
  EXPECT_EQ(different.size(), std::size(cases));
}

TEST_F(Training, OneFutureItemIsTheNextItemToTheBit) {
  const auto with = [&](const std::string& relevance, int64_t items) {
    TrainRequest r = request(relevance + std::to_string(items));
    r.config.objective.future.relevance = find_word<Relevance>(relevance).value();
    r.config.objective.future.future_items = items;
    Trainer(r).fit();
    return trained_bytes(relevance + std::to_string(items));
  };
  Trainer(request("plain")).fit();
  for (const char* relevance : {"fixed", "linear", "power", "exponential"}) {
    EXPECT_TRUE(with(relevance, 1) == trained_bytes("plain")) << relevance;
  }
  EXPECT_FALSE(with("fixed", 2) == trained_bytes("plain"));
}

TEST_F(Training, TableOptimizersGiveTheSameBitsOnAnyThreadsAndAfterAResume) {
  Trainer(request("exact")).fit();
  for (const char* rule : {"adam", "lazy-adam", "rowwise-adagrad"}) {
    const auto with = [&](const std::string& run, int threads) {
      TrainRequest r = request(rule + run, threads);
      r.config.train.table_optimizer = find_word<TableOptimizer>(rule).value();
      r.deferred_rows = 1;
      return r;
    };
    for (const int threads : {1, 2, 3}) {
      Trainer(with(std::to_string(threads), threads)).fit();
      EXPECT_TRUE(trained_bytes(rule + std::to_string(threads)) == trained_bytes(rule + "1"s))
          << rule;
    }
    EXPECT_EQ(trained_bytes(rule + "1"s) == trained_bytes("exact"), rule == "adam"s);
    TrainRequest cut = with("cut", 1);
    cut.config.train.epochs = 1;
    Trainer(cut).fit();
    cut.config.train.epochs = 3;
    cut.resume = true;
    Trainer(cut).fit();
    EXPECT_TRUE(trained_bytes(rule + "1"s) == trained_bytes(rule + "cut"s)) << rule;
  }
}

TEST_F(Training, OtherSeedsGiveOtherModels) {
  Trainer(request("a")).fit();
  TrainRequest other = request("b");
  other.config.train.seed = 43;
  Trainer(other).fit();
  EXPECT_FALSE(model_bytes("a") == model_bytes("b"));
}

TEST_F(Training, AnInterruptedRunResumesToTheSameBits) {
  TrainRequest cut = test::endless_training(folder_ / "cut", data_);
  std::thread user([&] {  // presses Ctrl-C at some moment after the start
    while (!fs::exists(cut.run / "metrics.jsonl")) ::usleep(1000);
    ::usleep(40000);
    set_interrupted(true);
  });
  ExitCode code = ExitCode::ok;
  try {
    Trainer(cut).fit();
  } catch (const Error& error) {
    code = error.code();
    EXPECT_NE(std::string(error.what()).find("--resume"), std::string::npos) << error.what();
  }
  user.join();
  EXPECT_EQ(code, ExitCode::interrupted);
  set_interrupted(false);
  expect_resumes_to_the_same_bits(cut);
}

/// Kills a child that trains as soon as its checkpoint has passed `steps` steps.
void train_and_kill(const TrainRequest& request) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::execl(TRUENEXT_TRAIN_CHILD, TRUENEXT_TRAIN_CHILD, request.run.c_str(),
            request.config.data.path.c_str(), nullptr);
    ::_exit(127);
  }
  const fs::path checkpoint = request.run / "checkpoint" / "last.safetensors";
  for (int waited = 0; waited < 12000 && !fs::exists(checkpoint); ++waited) ::usleep(5000);
  ::usleep(30000);  // somewhere in the middle of a later step
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(fs::exists(checkpoint));
}

TEST_F(Training, AKilledRunResumesToTheSameBits) {
  TrainRequest killed = test::endless_training(folder_ / "killed", data_);
  train_and_kill(killed);
  killed.threads = 2;
  expect_resumes_to_the_same_bits(killed);
}

TEST_F(Training, ResumingARunThatStoppedByItselfChangesNothing) {
  TrainRequest r = request("patience");
  r.config.train.epochs = 1000;
  r.config.train.patience = 2;
  const TrainResult first = Trainer(r).fit();
  EXPECT_EQ(first.stopped, "patience");
  const std::string before = model_bytes("patience");
  r.resume = true;
  const TrainResult again = Trainer(r).fit();
  EXPECT_EQ(again.steps, first.steps);
  EXPECT_TRUE(model_bytes("patience") == before);
}

TEST_F(Training, ResumingKeepsOneLineForEveryEpoch) {
  TrainRequest r = request("log");
  Trainer(r).fit();
  r.resume = true;
  r.config.train.epochs = 5;
  Trainer(r).fit();
  std::ifstream log(r.run / "metrics.jsonl");
  std::string line;
  int epochs = 0;
  while (std::getline(log, line)) epochs += line.find("\"loss\"") != std::string::npos ? 1 : 0;
  EXPECT_EQ(epochs, 5);
}

TEST_F(Training, LearnsTheRing) {
  TrainRequest r = request("learns");
  r.config.train.epochs = 60;
  r.config.train.learning_rate = 0.01;
  r.config.train.patience = 0;
  r.config.model.dropout = 0;
  const TrainResult result = Trainer(r).fit();
  EXPECT_EQ(result.valid_metric, "ndcg@10");
  EXPECT_GT(result.best_value, 0.5);  // nine of ten steps go to the next item of the ring
}

TEST_F(Training, EveryModelAndObjectiveRuns) {
  const struct {
    const char* model;
    const char* block;
    const char* criterion;
    CandidateSet candidates;
  } cases[] = {{"sasrec", "gsasrec", "softmax", CandidateSet::full},
               {"sasrec", "pmixer", "bce", CandidateSet::uniform},
               {"sasrec", "post-norm", "softmax", CandidateSet::uniform},
               {"sasrec", "csrec", "gbce", CandidateSet::full},
               {"sasrec", "pmixer", "softmax", CandidateSet::buckets},
               {"gru4rec", "gsasrec", "softmax", CandidateSet::full}};
  for (const auto& c : cases) {
    TrainRequest r = request(std::string(c.model) + c.block + c.criterion);
    r.config.model = ModelOptions();
    r.config.model.name = c.model;
    r.config.model.block = c.block;
    r.config.model.hidden_size = 16;
    r.config.model.num_heads = 2;
    r.config.model.max_length = 8;
    r.config.model.gru_hidden_size = 12;
    r.config.objective.criterion = c.criterion;
    r.config.objective.candidates = c.candidates;
    r.config.train.epochs = 2;
    const TrainResult result = Trainer(r).fit();
    EXPECT_EQ(result.epochs, 2);
    const ModelFile model = ModelFile::open(r.run);
    EXPECT_EQ(model.num_items(), 40);
    EXPECT_TRUE(model.find_item("i7").has_value());
    EXPECT_FALSE(model.find_item("i40").has_value());
  }
}

TEST_F(Training, RefusesToResumeWithOtherData) {
  TrainRequest r = request("run");
  Trainer(r).fit();
  test::TemporaryFolder other;
  r.resume = true;
  r.config = RunConfig();
  apply_file(r.config, r.run / "config.toml");
  r.config.data.path = test::ring_dataset(other, 61).string();
  try {
    Trainer(r).fit();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("fingerprint"), std::string::npos) << error.what();
  }
}

TEST_F(Training, AFullDiskLeavesTheLastCheckpointWhole) {
  TrainRequest r = request("full");
  Trainer(r).fit();
  const std::string before = checkpoint_bytes("full");
  // RLIMIT_FSIZE makes writes fail as a full disk does, without filling one.
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{static_cast<rlim_t>(before.size() / 2), old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  r.resume = true;
  r.config.train.epochs = 4;
  std::string message;
  ExitCode code = ExitCode::ok;
  try {
    Trainer(r).fit();
  } catch (const Error& error) {
    message = error.what();
    code = error.code();
  }
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(code, ExitCode::data);
  EXPECT_NE(message.find("cannot write"), std::string::npos) << message;
  EXPECT_TRUE(checkpoint_bytes("full") == before);
  for (const auto& entry : fs::recursive_directory_iterator(r.run)) {
    EXPECT_EQ(entry.path().string().find(".partial"), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace truenext
