// SPDX-License-Identifier: Apache-2.0
// Item tables divided among processes train to the bits of whole ones. Here the ranks are threads.
#include "train/table_shards.h"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "inference/safetensors.h"
#include "support/small_data.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trainer.h"

namespace upnext {
namespace {

using std::string_literals::operator""s;

constexpr int64_t kRows = 11;
constexpr int64_t kDim = 3;

/// A table of which row r holds 10 r, 10 r + 1, 10 r + 2.
ParameterSet numbered_table(const Ranks& ranks) {
  const RowRange kept = rows_of_rank(ranks.rank(), ranks.size(), kRows);
  ParameterSet parameters({{"table", {kRows, kDim}}}, {"table"}, {"table"}, kept);
  for (int64_t row = kept.begin; row < kept.end; ++row) {
    for (int64_t c = 0; c < kDim; ++c) {
      parameters[0].value.data_ptr<float>()[(row - kept.begin) * kDim + c] =
          static_cast<float>(10 * row + c);
    }
  }
  return parameters;
}

TEST(TableShards, RangesCoverEveryRowOnceAndDifferByOne) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int64_t rows = 2; rows <= 40; ++rows) {
      int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const RowRange range = rows_of_rank(rank, ranks, rows);
        EXPECT_EQ(range.begin, next);
        EXPECT_TRUE(range.size() == rows / ranks || range.size() == rows / ranks + 1);
        next = range.end;
      }
      EXPECT_EQ(next, rows);
    }
  }
}

TEST(TableShards, FetchesRowsFromWhoeverKeepsThem) {
  test::with_ranks(3, [](Ranks& ranks) {
    ParameterSet parameters = numbered_table(ranks);
    ASSERT_TRUE(parameters.divided());
    TableShards shards(parameters, ranks);
    std::vector<std::vector<int32_t>> ids = {{10, 0, 5, 0, 4}, {}, {7}};
    int64_t caught_up = 0;
    shards.fetch(0, ids[ranks.rank()], [&](std::span<const int32_t> rows) {
      caught_up += std::ssize(rows);
      for (const int32_t row : rows) EXPECT_LT(row, parameters[0].kept.size());
    });
    std::vector<int32_t>& mine = ids[ranks.rank()];
    std::sort(mine.begin(), mine.end());
    mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
    ASSERT_TRUE(parameters[0].fetched);
    const FetchedRows& fetched = *parameters[0].fetched;
    EXPECT_EQ(fetched.numbers.rows(), mine);
    for (const int32_t id : mine) {
      const float* row = fetched.values.data_ptr<float>() + fetched.numbers.place(id) * kDim;
      EXPECT_EQ(row[2], static_cast<float>(10 * id + 2));
    }
    // Rows 0 to 2, 3 to 6 and 7 to 10: the first is asked for 0, the second for 4 and 5, the last
    // for 10 and 7.
    EXPECT_EQ(caught_up, ranks.rank() == 0 ? 1 : 2);
  });
}

/// Gradient of the loss of one rank, of fetched rows 0 and 10: `value` everywhere in row 0, twice
/// that in row 10.
TileGradients<float> two_rows(const Parameter& table, float value) {
  TileGradients<float> gradients;
  gradients.loss = 1;
  gradients.dense.resize(1);
  gradients.tables.emplace_back(table.readable().size(0), kDim, kRows);
  std::vector<float> values(static_cast<size_t>(2 * kDim), value);
  for (int64_t c = 0; c < kDim; ++c) values[kDim + c] = 2 * value;
  const std::vector<int32_t> rows = {table.fetched->numbers.place(0),
                                     table.fetched->numbers.place(10)};
  gradients.tables[0].add_rows(rows, values.data());
  return gradients;
}

TEST(TableShards, GradientsReachTheirRowInTheOrderOfTheTree) {
  // The tree adds (1 + 2) + (1e8 - 1e8); one after the other the 3 would be lost.
  const float values[] = {1.0f, 2.0f, 1e8f, -1e8f};
  test::with_ranks(4, [&](Ranks& ranks) {
    ParameterSet parameters = numbered_table(ranks);
    TableShards shards(parameters, ranks);
    const std::vector<int32_t> ids = {10, 3, 0};
    shards.fetch(0, ids, [](std::span<const int32_t>) {});
    const TileGradients<float> total = shards.sum(two_rows(parameters[0], values[ranks.rank()]));
    EXPECT_FALSE(parameters[0].fetched);
    EXPECT_EQ(total.loss, 4);
    TableGradient<float> kept = total.tables[0];
    EXPECT_EQ(kept.num_rows(), parameters[0].kept.size());
    const std::span<const float> all = kept.make_dense();
    const float sum = std::accumulate(all.begin(), all.end(), 0.0f);
    const float expected[] = {3.0f * kDim, 0, 0, 6.0f * kDim};
    EXPECT_EQ(sum, expected[ranks.rank()]);
    EXPECT_EQ(shards.add_squares(0.5, total.tables[0]), 0.5 + kDim * (9 + 36));
  });
}

/// A ring of 40 items that users repeat, in a catalogue of 640: tiles touch few rows, some of them
/// several times.
std::filesystem::path large_dataset(const test::TemporaryFolder& folder) {
  std::string log = test::ring_log(60, 40, 12);
  for (int i = 0; i < 600; ++i) {
    log += fmt::format("v{} i{}\n", i / 20, 40 + i);
  }
  write_file_atomically(folder / "log.txt", log);
  PrepareOptions options;
  options.source.path = (folder / "log.txt").string();
  options.source.format = "pairs";
  options.out = folder / "data";
  prepare_dataset(options);
  return folder / "data";
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
    test::with_ranks(ranks, [&](Ranks& mine) {
      try {
        Trainer(request, mine).fit();
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
        std::abort();  // the others wait for this rank
      }
    });
  }
  /// Weights and optimiser state, as the last checkpoint holds them.
  std::string tensors(const std::string& run) const {
    std::string all;
    const SafetensorsFile file(folder_ / run / "checkpoint" / "last.safetensors");
    for (const auto& [name, tensor] : file.tensors()) {
      all.append(name).append(reinterpret_cast<const char*>(tensor.bytes.data()),
                              tensor.bytes.size());
    }
    return all;
  }
  std::string bytes(const std::string& run) const {
    return read_file(folder_ / run / "model.safetensors") + tensors(run);
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

  test::TemporaryFolder folder_{"shards"};
  std::filesystem::path data_ = large_dataset(folder_);
};

void few_negatives(TrainRequest& r) {
  r.config.model.tie_embeddings = true;
  r.config.objective.negatives = 2;
  r.config.train.epochs = 2;
}

TEST_F(ShardedTraining, EveryOptimiserGivesTheBitsOfWholeTables) {
  const auto rule = [](const char* name, int64_t deferred_rows) {
    return [=](TrainRequest& r) {
      few_negatives(r);
      r.config.train.table_optimizer = name;
      r.config.train.weight_decay = 0.01;
      r.config.train.l2 = 1e-3;
      r.config.train.clip_norm = 0.5;
      r.config.train.schedule = "cosine";
      r.deferred_rows = deferred_rows;
    };
  };
  expect_same_bits({{"dense", rule("adam", 1 << 20)},
                    {"deferred", rule("adam", 1)},
                    {"lazy", rule("lazy-adam", 1)},
                    {"adagrad", rule("rowwise-adagrad", 1)}});
}

TEST_F(ShardedTraining, EveryWayToSampleGivesTheBitsOfWholeTables) {
  const auto drawn = [](const char* candidates, const char* share) {
    return [=](TrainRequest& r) {
      few_negatives(r);
      r.config.objective.candidates = candidates;
      r.config.objective.share = share;
      r.config.objective.exclude = "positive";
      r.config.objective.criterion = "softmax";
      r.config.objective.log_q = std::string(share) == "batch";
      r.deferred_rows = 1;
    };
  };
  expect_same_bits({{"popularity", drawn("popularity", "position")},
                    {"sequence", drawn("uniform", "sequence")},
                    {"batch", drawn("batch", "batch")},
                    {"axis", [](TrainRequest& r) {
                       few_negatives(r);
                       r.config.objective.criterion = "bpr-published";
                       r.config.objective.compat = "axis-error";
                     }}});
}

TEST_F(ShardedTraining, EveryModelGivesTheBitsOfWholeTables) {
  expect_same_bits({{"two-tables",
                     [](TrainRequest& r) {
                       few_negatives(r);
                       r.config.model.tie_embeddings = false;
                       r.config.model.init = "xavier-normal";
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
  const test::TemporaryFolder ring("shards_ring");
  data_ = test::ring_dataset(ring);
  expect_same_bits({{"own",
                     [](TrainRequest& r) {
                       r.config.model.tie_embeddings = true;
                       r.deferred_rows = 1;
                     }},
                    {"shared", [](TrainRequest& r) { r.config.objective.share = "sequence"; }}});
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
  EXPECT_TRUE(tensors("straight") == tensors("cut"));
}

TEST_F(ShardedTraining, AProcessHoldsItsRowsOnly) {
  for (const bool tied : {true, false}) {
    RunConfig config = test::small_training(folder_ / "none", data_).config;
    config.model.tie_embeddings = tied;
    const auto held = [&](TableShare share) {
      const TrainingParts parts(config, 1, 1, share);
      const ParameterSet& parameters = parts.model->parameters();
      int64_t bytes = 0;
      for (int64_t i = 0; i < parameters.size(); ++i) {
        if (i != parts.model->input_table() && i != parts.model->output_table()) continue;
        bytes += static_cast<int64_t>(parameters[i].value.nbytes());
        for (const auto& [name, tensor] : parts.adam.state(i)) {
          bytes += static_cast<int64_t>(tensor.nbytes());
        }
      }
      return bytes;
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
  for (const char* candidates : {"full", "buckets"}) {
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
}  // namespace upnext
