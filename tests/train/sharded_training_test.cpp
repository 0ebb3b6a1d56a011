// SPDX-License-Identifier: Apache-2.0
// Item tables divided among processes train to the bits of whole ones. Here the ranks are threads.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "support/small_data.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

using std::string_literals::operator""s;

/// A ring of 40 items that users repeat, in a catalogue of 640: tiles touch few rows, some of them
/// several times.
std::filesystem::path large_dataset(const test::TemporaryFolder& folder) {
  std::string log = test::ring_log(60, 40, 12);
  for (int i = 0; i < 600; ++i) {
    log += fmt::format("v{} i{}\n", i / 20, 40 + i);
  }
  return test::prepare_pairs(folder, log);
}

class ShardedTraining : public testing::Test {
 protected:
  using Change = std::function<void(TrainRequest&)>;
  struct Case {
    std::string name;
    Change change;
  };

  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run, const Case& c) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    c.change(r);
    r.config.model.resolve();
    return r;
  }
  static void train(const TrainRequest& request, int ranks) {
    test::with_ranks(ranks, [&](Ranks& mine) { Trainer(request, mine).fit(); });
  }
  std::string bytes(const std::string& run) const {
    return read_file(folder_ / run / "model.safetensors") + test::trained_bytes(folder_ / run);
  }
  void expect_same_bits(const std::vector<Case>& cases) {
    for (const Case& c : cases) {
      train(request(c.name, c), 1);
      for (const int ranks : {2, 3, 4}) {
        TrainRequest sharded = request(c.name + std::to_string(ranks), c);
        sharded.shard_tables = true;
        train(sharded, ranks);
        EXPECT_TRUE(bytes(c.name + std::to_string(ranks)) == bytes(c.name))
            << c.name << ", " << ranks << " ranks";
      }
    }
  }

  test::TemporaryFolder folder_;
  std::filesystem::path data_ = large_dataset(folder_);
};

void few_negatives(TrainRequest& r) {
  r.config.model.tie_embeddings = true;
  r.config.objective.negatives = 2;
  r.config.train.epochs = 2;
}

TEST_F(ShardedTraining, EveryOptimiserGivesTheBitsOfWholeTables) {
  const auto rule = [](TableOptimizer name, int64_t deferred_rows) {
    return [=](TrainRequest& r) {
      few_negatives(r);
      r.config.train.table_optimizer = name;
      r.config.train.weight_decay = 0.01;
      r.config.train.l2 = 1e-3;
      r.config.train.clip_norm = 0.5;
      r.config.train.schedule = RateSchedule::cosine;
      r.deferred_rows = deferred_rows;
    };
  };
  expect_same_bits({{"dense", rule(TableOptimizer::adam, 1 << 20)},
                    {"deferred", rule(TableOptimizer::adam, 1)},
                    {"lazy", rule(TableOptimizer::lazy_adam, 1)},
                    {"adagrad", rule(TableOptimizer::rowwise_adagrad, 1)}});
}

TEST_F(ShardedTraining, EveryWayToSampleGivesTheBitsOfWholeTables) {
  const auto drawn = [](CandidateSet candidates, NegativeShare share) {
    return [=](TrainRequest& r) {
      few_negatives(r);
      r.config.objective.candidates = candidates;
      r.config.objective.share = share;
      r.config.objective.exclude = Exclusion::positive;
      r.config.objective.criterion = "softmax";
      r.config.objective.log_q = share == NegativeShare::batch;
      r.deferred_rows = 1;
    };
  };
  expect_same_bits({{"popularity", drawn(CandidateSet::popularity, NegativeShare::position)},
                    {"sequence", drawn(CandidateSet::uniform, NegativeShare::sequence)},
                    {"batch", drawn(CandidateSet::batch, NegativeShare::batch)},
                    {"axis", [](TrainRequest& r) {
                       few_negatives(r);
                       r.config.objective.criterion = "bpr-published";
                       r.config.objective.compat = PublishedError::axis_error;
                     }}});
}

TEST_F(ShardedTraining, EveryModelGivesTheBitsOfWholeTables) {
  expect_same_bits({{"two-tables",
                     [](TrainRequest& r) {
                       few_negatives(r);
                       r.config.model.tie_embeddings = false;
                       r.config.model.init = StartValues::xavier_normal;
                       r.config.train.clip_norm = 0.5;
                       r.deferred_rows = 1;
                     }},
                    {"gru4rec", [](TrainRequest& r) {
                       few_negatives(r);
                       r.config.model = ModelOptions();
                       r.config.model.name = "gru4rec";
                       r.config.model.hidden_size = 16;
                       r.config.model.max_length = 8;
                     }}});
}

// Tiles that touch a quarter of the table add up their gradients in another grouping.
TEST_F(ShardedTraining, ASmallCatalogueGivesTheBitsOfWholeTables) {
  const test::TemporaryFolder ring;
  data_ = test::ring_dataset(ring);
  expect_same_bits(
      {{"own",
        [](TrainRequest& r) {
          r.config.model.tie_embeddings = true;
          r.deferred_rows = 1;
        }},
       {"shared", [](TrainRequest& r) { r.config.objective.share = NegativeShare::sequence; }}});
}

TEST_F(ShardedTraining, ResumesWithAnyNumberOfProcessesAndWithWholeTables) {
  const Case c = {"straight", [](TrainRequest& r) {
                    r.config.objective.negatives = 2;
                    r.deferred_rows = 1;
                    r.config.train.checkpoint_steps = 1;
                  }};
  train(request("straight", c), 1);
  TrainRequest cut = request("cut", c);
  const struct {
    int64_t epochs;
    int ranks;
    bool shard;
  } legs[] = {{1, 3, true}, {2, 2, true}, {3, 1, false}, {3, 2, false}};
  for (const auto& leg : legs) {
    cut.config.train.epochs = leg.epochs;
    cut.shard_tables = leg.shard;
    train(cut, leg.ranks);
    cut.resume = true;
  }
  EXPECT_TRUE(test::trained_bytes(folder_ / "straight") == test::trained_bytes(folder_ / "cut"));
}

TEST_F(ShardedTraining, AProcessHoldsItsRowsOnly) {
  for (const bool tied : {true, false}) {
    RunConfig config = test::small_training(folder_ / "none", data_).config;
    config.model.tie_embeddings = tied;
    const auto held = [&](TableShare share) {
      const TrainingParts parts(config, 1, 1, share);
      const ParameterSet& parameters = parts.model->parameters();
      int64_t numbers = 0;
      for (int64_t i = 0; i < parameters.size(); ++i) {
        if (i != parts.model->input_table() && i != parts.model->output_table()) continue;
        numbers += parameters[i].value.size();
        for (const auto& [name, tensor] : parts.adam.state(i)) numbers += tensor->size();
      }
      return numbers;
    };
    const int64_t whole = held({});
    int64_t sum = 0;
    for (int rank = 0; rank < 4; ++rank) {
      const int64_t mine = held({rank, 4});
      EXPECT_LT(mine, whole / 3);
      sum += mine;
    }
    EXPECT_EQ(sum, whole);
  }
}

TEST_F(ShardedTraining, RefusesWhatReadsTheWholeTable) {
  const auto message = [&](const Change& change) {
    TrainRequest r = request("refused", {"", change});
    r.shard_tables = true;
    try {
      Trainer trainer(r);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return std::string(error.what());
    }
    return "not refused"s;
  };
  for (const CandidateSet candidates : {CandidateSet::full, CandidateSet::buckets}) {
    const std::string text = message([&](TrainRequest& r) {
      r.config.objective.candidates = candidates;
      r.config.objective.criterion = "softmax";
    });
    EXPECT_NE(text.find("reads the whole item table"), std::string::npos) << text;
  }
  const std::string text = message([](TrainRequest& r) { r.device = "aten-cpu"; });
  EXPECT_NE(text.find("--device is aten-cpu"), std::string::npos) << text;
}

}  // namespace
}  // namespace truenext
