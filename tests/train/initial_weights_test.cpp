// SPDX-License-Identifier: Apache-2.0
// Runs that start from the weights of an earlier one (train.init_from).
#include "train/loop/initial_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "inference/model_file.h"
#include "inference/safetensors.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

using Values = std::map<std::string, std::vector<float>>;

class InitialWeights : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run) const {
    return test::small_training(folder_ / run, data_);
  }
  TrainRequest from(const std::string& old, const std::string& run) const {
    TrainRequest r = request(run);
    r.config.train.init_from = folder_ / old;
    return r;
  }
  /// Weights and optimiser state of a run's last checkpoint.
  Values checkpoint(const std::string& run) const {
    const SafetensorsFile file(folder_ / run / "checkpoint" / "last.safetensors");
    Values values;
    for (const auto& [name, tensor] : file.tensors()) {
      const auto floats = file.floats(name, tensor.shape);
      values[name] = {floats.begin(), floats.end()};
    }
    return values;
  }
  static Values weights(const ModelFile& model) {
    Values values;
    for (const auto& [name, tensor] : model.weights()) {
      values[name] = {tensor.data, tensor.data + tensor.size()};
    }
    return values;
  }
  ModelFile model(const std::string& run) const { return ModelFile::open(folder_ / run); }
  std::string refusal(const TrainRequest& r) const {
    const test::Caught error = test::caught([&] { Trainer(r).fit(); });
    EXPECT_EQ(error.code, ExitCode::data);
    return error.message;
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::ring_dataset(folder_);
};

void expect_within(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(InitialWeights, BeforeTheFirstStepTheModelIsTheOldOneAndTheOptimiserIsNew) {
  Trainer(request("old")).fit();
  TrainRequest r = from("old", "new");
  r.config.train.epochs = 0;
  r.config.train.seed = 7;  // other random start values
  Trainer(r).fit();
  const Values old = weights(model("old"));
  size_t states = 0;
  for (const auto& [name, values] : checkpoint("new")) {
    if (old.contains(name)) {
      EXPECT_EQ(values, old.at(name)) << name;
    } else {
      ++states;
      EXPECT_EQ(std::count(values.begin(), values.end(), 0.0F), std::ssize(values)) << name;
    }
  }
  EXPECT_EQ(states, 2 * old.size());  // two moments
  RunConfig recorded;
  apply_file(recorded, folder_ / "new" / "config.toml");
  EXPECT_EQ(recorded.train.init_from, folder_ / "old");
  EXPECT_EQ(recorded.train.init_fingerprint, weights_fingerprint(model("old")));
  EXPECT_EQ(recorded.train.init_fingerprint.size(), 32U);
}

TEST_F(InitialWeights, EveryModelKeepsItsWeightsWhenNothingIsLearned) {
  const std::map<std::string, std::function<void(TrainRequest&)>> cases = {
      {"two-tables", [](TrainRequest& r) { r.config.model.tie_embeddings = false; }},
      {"tied", [](TrainRequest& r) { r.config.model.tie_embeddings = true; }},
      {"deferred", [](TrainRequest& r) { r.deferred_rows = 1; }},
      {"gru4rec", [](TrainRequest& r) {
         r.config.model = ModelOptions();
         r.config.model.name = "gru4rec";
         r.config.model.hidden_size = 16;
         r.config.model.gru_hidden_size = 12;
       }}};
  for (const auto& [name, change] : cases) {
    TrainRequest old = request(name);
    change(old);
    Trainer(old).fit();
    TrainRequest same = from(name + "/model.safetensors", name + "-same");
    change(same);
    same.config.train.epochs = 1;
    same.config.train.learning_rate = 0;
    Trainer(same).fit();
    EXPECT_TRUE(weights(model(name)) == weights(model(name + "-same"))) << name;
  }
}

TEST_F(InitialWeights, ItemsAreMatchedByRawId) {
  Trainer(request("old")).fit();
  // The ring again, backwards, behind users of new items; i39 is gone.
  std::string log;
  for (int user = 0; user < 20; ++user) {
    for (int i = 0; i < 8; ++i) log += fmt::format("n{} fresh{}\n", user, (user + i) % 10);
  }
  for (int user = 0; user < 60; ++user) {
    for (int i = 0; i < 10; ++i) log += fmt::format("u{} i{}\n", user, (99 + user - i) % 39);
  }
  data_ = test::prepare_pairs(folder_, log, "other");
  TrainRequest fresh = request("fresh"), matched = from("old", "matched");
  for (TrainRequest* r : {&fresh, &matched}) {
    r->config.train.epochs = 0;
    Trainer(*r).fit();
  }
  const Dataset dataset = Dataset::open(data_);
  ASSERT_EQ(dataset.num_items(), 49);
  const ModelFile old = model("old");
  int64_t moved = 0, known = 0;
  const Values now = checkpoint("matched"), random = checkpoint("fresh"), then = weights(old);
  const auto row = [](const std::vector<float>& table, int64_t item) {
    return std::vector<float>(table.begin() + item * 16, table.begin() + (item + 1) * 16);
  };
  for (const char* table : {"item_embedding.weight", "output_embedding.weight"}) {
    for (int64_t item = 0; item < dataset.num_items(); ++item) {
      const std::optional<int32_t> source = old.find_item(dataset.items().raw(item));
      EXPECT_EQ(source.has_value(), dataset.items().raw(item).front() == 'i');
      const std::vector<float> mine = row(now.at(table), item);
      if (source) {
        EXPECT_EQ(mine, row(then.at(table), *source));
      } else {  // those of a new model with this seed may be where the old one's items started
        EXPECT_NE(mine, row(random.at(table), item));
      }
      known += source ? 1 : 0;
      moved += source && *source != item ? 1 : 0;
    }
  }
  EXPECT_EQ(known, 2 * 39);
  EXPECT_GT(moved, 39);
  EXPECT_EQ(now.at("position_embedding.weight"), then.at("position_embedding.weight"));

  TrainRequest again = request("again");
  TrainingParts parts(again.config, 1, 1 << 20);
  const ItemMatch match = copy_weights(old, "old", parts.dataset, *parts.model);
  EXPECT_EQ(parts.dataset.num_items(), 49);
  EXPECT_EQ(match.unknown_to_model, 10);
  EXPECT_EQ(match.unknown_to_data, 1);
}

/// Rows of the input table of a run that has made no step, by raw id.
std::map<std::string, std::vector<float>> rows_by_id(const Values& values, const Dataset& dataset) {
  std::map<std::string, std::vector<float>> rows;
  const std::vector<float>& table = values.at("item_embedding.weight");
  for (int64_t item = 0; item < dataset.num_items(); ++item) {
    rows[std::string(dataset.items().raw(item))].assign(table.begin() + item * 16,
                                                        table.begin() + (item + 1) * 16);
  }
  return rows;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * double{b[i]};
    aa += double{a[i]} * double{a[i]};
    bb += double{b[i]} * double{b[i]};
  }
  return ab / std::sqrt(aa * bb);
}

TEST_F(InitialWeights, RowsOfNewItemsComeFromNoStreamOfTheOldRun) {
  TrainRequest old = request("old");
  old.config.train.epochs = 1;
  old.config.train.learning_rate = 0;  // its rows are where they started
  Trainer(old).fit();
  const auto then = rows_by_id(checkpoint("old"), Dataset::open(data_));
  std::string log = test::ring_log(60, 40, 12);
  for (int user = 0; user < 20; ++user) {
    for (int i = 0; i < 8; ++i) log += fmt::format("n{} fresh{}\n", user, (user + i) % 10);
  }
  for (const bool first : {false, true}) {  // whichever numbers the new items get
    const std::string head = first ? "a fresh0\na fresh1\na fresh2\n" : "";
    data_ = test::prepare_pairs(folder_, head + log, first ? "first" : "last");
    for (const StartValues init : {StartValues::small, StartValues::torch}) {
      TrainRequest r = from("old", "new");
      r.config.model.init = init;
      r.config.train.epochs = 0;
      Trainer(r).fit();
      const auto now = rows_by_id(checkpoint("new"), Dataset::open(data_));
      for (const auto& [id, row] : now) {
        for (const auto& [other, start] : then) {
          if (id.front() != 'f') continue;
          EXPECT_LT(std::abs(cosine(row, start)), 0.9) << id << other;
        }
        for (const auto& [other, start] : now) {
          if (id.front() != 'f' || other == id) continue;
          EXPECT_NE(row, start) << id << other;
        }
      }
    }
  }
}

TEST_F(InitialWeights, NewItemsCanStartAtTheMeanOfAllRows) {
  Trainer(request("old")).fit();
  const Values then = weights(model("old"));
  std::string log = test::ring_log(60, 40, 12);
  for (int i = 0; i < 8; ++i) log += fmt::format("u{} fresh\n", i);
  data_ = test::prepare_pairs(folder_, log, "more");
  TrainRequest r = from("old", "new");
  r.config.train.epochs = 0;
  r.config.train.new_items = NewItems::mean;
  Trainer(r).fit();
  const std::vector<float> row = rows_by_id(checkpoint("new"), Dataset::open(data_)).at("fresh");
  const std::vector<float>& table = then.at("item_embedding.weight");
  for (size_t column = 0; column < 16; ++column) {
    double sum = 0;
    for (size_t i = column; i < table.size(); i += 16) sum += double{table[i]};
    EXPECT_FLOAT_EQ(row[column],
                    static_cast<float>(sum / (static_cast<double>(table.size()) / 16)));
  }
}

TEST_F(InitialWeights, ProcessesStartWithTheirRowsOfTheSameWeights) {
  Trainer(request("old")).fit();
  TrainRequest alone = from("old", "alone");
  alone.config.train.epochs = 1;
  Trainer(alone).fit();
  for (const int ranks : {2, 3}) {
    for (const bool shard : {false, true}) {
      TrainRequest r = alone;
      const std::string name = fmt::format("ranks{}{}", ranks, shard ? "-sharded" : "");
      r.run = folder_ / name;
      r.shard_tables = shard;
      test::with_ranks(ranks, [&](Ranks& mine) { Trainer(r, mine).fit(); });
      EXPECT_TRUE(test::trained_bytes(r.run) == test::trained_bytes(alone.run)) << name;
    }
  }
}

TEST_F(InitialWeights, AResumedRunDoesNotStartAgain) {
  Trainer(request("old")).fit();
  Trainer(from("old", "straight")).fit();
  TrainRequest cut = from("old", "cut");
  cut.config.train.epochs = 1;
  Trainer(cut).fit();
  fs::remove_all(folder_ / "old");
  cut.resume = true;
  cut.config.train.epochs = 3;
  Trainer(cut).fit();
  EXPECT_TRUE(test::trained_bytes(cut.run) == test::trained_bytes(folder_ / "straight"));
}

TEST_F(InitialWeights, WhatDoesNotFitIsNamed) {
  TrainRequest old = request("old");
  old.config.train.epochs = 1;
  Trainer(old).fit();
  const auto with = [&](const std::function<void(ModelOptions&)>& change) {
    TrainRequest r = from("old", "refused");
    change(r.config.model);
    return refusal(r);
  };
  expect_within(with([](ModelOptions& m) { m.max_length = 12; }),
                {"old: tensor position_embedding.weight is 8 x 16, but 12 x 16 in the configured",
                 "model.max_length=8 (here 12)"});
  expect_within(
      with([](ModelOptions& m) { m.hidden_size = 24; }),
      {"item_embedding.weight is 40 x 16, but 40 x 24", "model.hidden_size=16 (here 24)"});
  expect_within(with([](ModelOptions& m) { m.num_blocks = 3; }),
                {"has no tensor blocks.2.", "16 in the configured", "model.num_blocks=2 (here 3)"});
  expect_within(with([](ModelOptions& m) { m.tie_embeddings = true; }),
                {"tensor output_embedding.weight (40 x 16) has no place",
                 "model.tie_embeddings=false (here true)"});
  EXPECT_FALSE(fs::exists(folder_ / "refused"));
  expect_within(refusal(from("nothing", "refused")), {"nothing: no such file or folder"});

  std::string log = test::ring_log(60, 40, 12);
  std::replace(log.begin(), log.end(), 'i', 'j');
  data_ = test::prepare_pairs(folder_, log, "renamed");
  expect_within(refusal(from("old", "refused")),
                {"knows none of the 40 items", "matched by raw id"});
}

TEST_F(InitialWeights, AnotherNetworkOfTheSameShapesIsNoticed) {
  const ModelOptions one = request("any").config.model;
  ModelOptions other = one;
  other.dropout = 0.9;
  EXPECT_EQ(network_differences(one, other), "");
  other.num_heads = 4;
  EXPECT_EQ(network_differences(one, other), "model.num_heads=2 (here 4)");

  TrainRequest old = request("old");
  old.config.train.epochs = 1;
  Trainer(old).fit();
  TrainRequest r = from("old", "heads");
  r.config.model.num_heads = 4;
  r.config.train.epochs = 0;
  testing::internal::CaptureStderr();
  Trainer(r).fit();
  expect_within(testing::internal::GetCapturedStderr(),
                {"belong to another network: model.num_heads=2 (here 4)"});
}

TEST_F(InitialWeights, TheFingerprintIsOfWeightsAndIds) {
  TrainRequest old = request("old");
  old.config.train.epochs = 1;
  Trainer(old).fit();
  const ModelFile one = model("old");
  std::vector<std::string> ids;
  for (int64_t item = 0; item < one.num_items(); ++item) ids.emplace_back(one.item_id(item));
  ModelDescription description = one.description();
  description.validation = "another text";
  const auto written = [&](const std::string& name) {
    write_model_file(folder_ / name, description, one.weights(), ids, {});
    return weights_fingerprint(ModelFile::open(folder_ / name));
  };
  EXPECT_EQ(written("same.safetensors"), weights_fingerprint(one));
  std::swap(ids[3], ids[4]);
  EXPECT_NE(written("swapped.safetensors"), weights_fingerprint(one));
}

}  // namespace
}  // namespace truenext
