// SPDX-License-Identifier: Apache-2.0
// Runs with model.attributes and model.output_bias, through their files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/thread_pool.h"
#include "eval/answers.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"
#include "inference/safetensors.h"
#include "interop/model_export.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "train/loop/initial_weights.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

class ComposedTraining : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }

  /// Tied, with attributes and biases, which move visibly.
  TrainRequest request(const std::string& run) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.model.tie_embeddings = true;
    r.config.model.attributes = AttributeUse::add;
    r.config.model.output_bias = true;
    r.config.objective.criterion = "softmax";
    r.config.objective.candidates = CandidateSet::full;
    r.config.train.learning_rate = 0.01;
    return r;
  }
  fs::path attributed(const std::string& name, const std::string& attributes) const {
    return test::prepare_pairs(folder_, test::ring_log(60, 40, 12), name, attributes);
  }
  ModelFile model(const std::string& run) const { return ModelFile::open(folder_ / run); }

  test::TemporaryFolder folder_;
  fs::path data_ = attributed("data", test::ring_attributes(40));
};

/// Vector of an item by hand, in double.
std::vector<double> vector_of(const ModelFile& model, int64_t item) {
  const AttributeLists& lists = model.description().attributes.lists;
  const float* row = model.weights().at(kInputTable).data + item * 16;
  std::vector<double> vector(row, row + 16);
  for (const int32_t a : lists.rows.row(item)) {
    const float* part = model.weights().at(kAttributeTable).data + a * 16;
    for (size_t c = 0; c < 16; ++c) {
      vector[c] += part[c] / static_cast<double>(lists.rows.row_size(item));
    }
  }
  return vector;
}

TEST_F(ComposedTraining, ScoresAreProductsWithComposedVectorsPlusABias) {
  const TrainResult trained = Trainer(request("run")).fit();
  const ModelFile file = model("run");
  const Dataset dataset = Dataset::open(data_);
  Protocol protocol;
  protocol.part = SplitPart::valid;
  const Queries queries = make_queries(dataset, protocol);
  const auto scorer = make_encoder_scorer(file.encoder());
  WorkerPool pool(2);
  const auto ranks = rank_targets(*scorer, queries, protocol, pool);
  const auto metrics = compute_metrics(parse_metrics("ndcg@10"), ranks).metrics;
  EXPECT_EQ(metrics[0].mean, trained.best_value);  // what validation saw is what the file holds

  const int64_t dim = file.encoder().dim();
  ASSERT_EQ(dim, 17);
  std::vector<float> states(static_cast<size_t>(queries.histories.size() * dim));
  file.encoder().encode_last(queries.histories, states.data());
  const float* biases = file.weights().at(kOutputBias).data;
  std::vector<float> scores(40);
  double largest = 0;
  for (int64_t query = 0; query < queries.histories.size(); query += 7) {
    scorer->score(queries, query, query + 1, scores.data());
    for (int64_t item = 0; item < 40; ++item) {
      const std::vector<double> vector = vector_of(file, item);
      double wanted = biases[item];
      for (size_t c = 0; c < 16; ++c) {
        wanted += vector[c] * states[static_cast<size_t>(query * dim) + c];
      }
      EXPECT_NEAR(scores[static_cast<size_t>(item)], wanted, 1e-5);
      largest = std::max(largest, std::abs(static_cast<double>(biases[item])));
    }
  }
  EXPECT_GT(largest, 0.001);  // they were trained
}

// A compact table and one of cosines are made of the same rows.
TEST_F(ComposedTraining, EveryKindOfListAgrees) {
  Trainer(request("run")).fit();
  const ModelFile file = model("run");
  const Dataset dataset = Dataset::open(data_);
  const Queries queries = make_queries(dataset, {});
  WorkerPool pool(1);
  const auto plain = top_items(*make_encoder_scorer(file.encoder()), queries, 10, true, pool);
  const auto query = top_items(*make_query_scorer(file.encoder(), pool), queries, 10, true, pool);
  ASSERT_EQ(plain.size(), query.size());
  for (int64_t list = 0; list < plain.size(); ++list) {
    for (int64_t i = 0; i < plain.row_size(list); ++i) {
      EXPECT_EQ(plain.row(list)[i].item, query.row(list)[i].item);
    }
  }
  Queries one;
  one.histories.add_row(std::vector<int32_t>{3});
  std::vector<float> cosines(40);
  make_cosine_scorer(file.encoder())->score(one, 0, 1, cosines.data());
  EXPECT_NEAR(cosines[3], 1, 1e-6);
  const std::vector<double> a = vector_of(file, 3), b = vector_of(file, 8);
  double product = 0, of_a = 0, of_b = 0;
  for (size_t c = 0; c < 16; ++c) {
    product += a[c] * b[c];
    of_a += a[c] * a[c];
    of_b += b[c] * b[c];
  }
  EXPECT_NEAR(cosines[8], product / std::sqrt(of_a * of_b), 1e-6);  // without the bias
}

// Sampled candidates do not reach an item that occurs nowhere in training.
TEST_F(ComposedTraining, AnItemThatIsNeverTrainedHasItsAttributes) {
  std::string log = test::ring_log(60, 40, 12);
  log += "u0 cold\n";  // the newest: held out for the test
  data_ = test::prepare_pairs(folder_, log, "cold", test::ring_attributes(40) + "cold,a1\n");
  TrainRequest r = request("run");
  r.config.model.output_bias = false;
  r.config.objective.criterion = "bce";
  r.config.objective.candidates = CandidateSet::batch;
  TrainRequest start = r;
  start.run = folder_ / "start";
  start.config.train.epochs = 0;
  r.config.train.table_optimizer = TableOptimizer::lazy_adam;
  Trainer(r).fit();
  Trainer(start).fit();
  const ModelFile trained = model("run");
  const SafetensorsFile before(folder_ / "start" / "checkpoint" / "last.safetensors");
  const int64_t cold = *trained.find_item("cold");
  const int64_t warm = *trained.find_item("i1");  // has a1 alone, too
  const std::vector<int64_t> shape = trained.weights().at(kInputTable).shape;
  const float* then = before.floats(kInputTable, shape).data();
  const float* now = trained.weights().at(kInputTable).data;
  const auto list = [&](int64_t item) {
    const auto row = trained.description().attributes.lists.rows.row(item);
    return std::vector<int32_t>(row.begin(), row.end());
  };
  ASSERT_EQ(list(cold), list(warm));
  ASSERT_EQ(list(cold).size(), 1u);
  const float* attribute = trained.weights().at(kAttributeTable).data + list(cold)[0] * 16;
  const std::vector<int64_t> kinds = trained.weights().at(kAttributeTable).shape;
  const float* attribute_then = before.floats(kAttributeTable, kinds).data() + list(cold)[0] * 16;
  double moved = 0, warm_moved = 0;
  for (int64_t c = 0; c < 16; ++c) {
    EXPECT_EQ(now[cold * 16 + c], then[cold * 16 + c]);  // its own row was not
    EXPECT_EQ(trained.encoder().item_table()[static_cast<size_t>(cold * 16 + c)],
              now[cold * 16 + c] + attribute[c]);
    moved += std::abs(attribute[c] - attribute_then[c]);
    warm_moved += std::abs(now[warm * 16 + c] - then[warm * 16 + c]);
  }
  EXPECT_GT(moved, 0.01);
  EXPECT_GT(warm_moved, 0.01);
}

// Attributes stand in another order in the other data, and one is new.
TEST_F(ComposedTraining, AnotherRunStartsFromAttributesByRawId) {
  Trainer(request("old")).fit();
  std::string lines = "i39,fresh\n";
  for (int item = 38; item >= 0; --item) {
    lines += "i" + std::to_string(item) + ",a" + std::to_string(item % 6) + "\n";
  }
  data_ = attributed("other", lines);
  TrainRequest r = request("new");
  r.config.train.init_from = folder_ / "old";
  r.config.train.epochs = 0;
  Trainer(r).fit();
  const ModelFile old = model("old");
  const Dataset dataset = Dataset::open(data_);
  const SafetensorsFile now(folder_ / "new" / "checkpoint" / "last.safetensors");
  const std::vector<int64_t> shape{dataset.attribute_ids().size(), 16}, items{40};
  ASSERT_EQ(shape[0], 7);
  const auto table = now.floats(kAttributeTable, shape);
  const std::vector<std::string>& ids = old.description().attributes.ids;
  int known = 0;
  for (int64_t a = 0; a < shape[0]; ++a) {
    const auto found = std::ranges::find(ids, dataset.attribute_ids().raw(a));
    if (found == ids.end()) {
      EXPECT_EQ(dataset.attribute_ids().raw(a), "fresh");
      EXPECT_NE(table[static_cast<size_t>(a * 16)], 0);
      continue;
    }
    ++known;
    const float* row = old.weights().at(kAttributeTable).data + (found - ids.begin()) * 16;
    EXPECT_TRUE(std::equal(row, row + 16, table.begin() + a * 16)) << *found;
  }
  EXPECT_EQ(known, 6);
  const auto biases = now.floats(kOutputBias, items);
  const float* then = old.weights().at(kOutputBias).data;
  EXPECT_TRUE(std::equal(biases.begin(), biases.end(), then));  // the items are the same
  EXPECT_NE(then[0], 0);
}

TEST_F(ComposedTraining, NewItemsStartWithoutABias) {
  Trainer(request("old")).fit();
  data_ = test::prepare_pairs(folder_, test::ring_log(60, 40, 12) + "u1 fresh\nu1 i0\nu1 i1\n",
                              "more", test::ring_attributes(40));
  TrainRequest r = request("new");
  r.config.train.init_from = folder_ / "old";
  r.config.train.epochs = 0;
  Trainer(r).fit();
  const Dataset dataset = Dataset::open(data_);
  const std::vector<int64_t> items{41};
  const SafetensorsFile now(folder_ / "new" / "checkpoint" / "last.safetensors");
  const auto biases = now.floats(kOutputBias, items);
  const ModelFile old = model("old");
  for (int32_t item = 0; item < 41; ++item) {
    const auto there = old.find_item(dataset.items().raw(item));
    const float wanted = there ? old.weights().at(kOutputBias).data[*there] : 0.0f;
    EXPECT_EQ(biases[static_cast<size_t>(item)], wanted) << item;
  }
}

TEST_F(ComposedTraining, RecordsWhichAttributesTheyWere) {
  TrainRequest r = request("run");
  r.config.train.epochs = 1;
  Trainer(r).fit();
  RunConfig recorded;
  apply_file(recorded, folder_ / "run" / "config.toml");
  EXPECT_EQ(recorded.data.attribute_fingerprint, Dataset::open(data_).attribute_fingerprint());
  TrainRequest without = request("without");
  without.config.model.attributes = AttributeUse::none;
  without.config.train.epochs = 0;
  Trainer(without).fit();
  apply_file(recorded, folder_ / "without" / "config.toml");
  EXPECT_EQ(recorded.data.attribute_fingerprint, "");
}

TEST_F(ComposedTraining, SaysWhatDoesNotFit) {
  TrainRequest old = request("old");
  old.config.train.epochs = 1;
  Trainer(old).fit();
  const fs::path bare = attributed("bare", "");
  const fs::path other = attributed("other", test::ring_attributes(40) + "i0,a1\n");
  const fs::path renamed = attributed("renamed", test::ring_attributes(40, "x"));
  RunConfig recorded;
  apply_file(recorded, folder_ / "old" / "config.toml");
  const struct {
    const char* name;
    std::function<void(TrainRequest&)> change;
    ExitCode code;
    std::vector<const char*> parts;
  } cases[] = {
      {"no attributes",
       [&](TrainRequest& r) { r.config.data.path = bare.string(); },
       ExitCode::data,
       {"bare: has no attributes", "--attributes FILE", "model.attributes=none"}},
      {"others on resume",
       [&](TrainRequest& r) {
         r.config = recorded;
         r.config.data.path = other.string();
         r.run = folder_ / "old";
         r.resume = true;
       },
       ExitCode::data,
       {"other: attribute fingerprint", "resume with the data it began with"}},
      {"divided, attributes",
       [](TrainRequest& r) {
         r.shard_tables = true;
         r.config.objective.candidates = CandidateSet::uniform;
       },
       ExitCode::usage,
       {"--shard-tables: model.attributes = \"add\"", "leave --shard-tables out"}},
      {"divided, bias",
       [](TrainRequest& r) {
         r.shard_tables = true;
         r.config.objective.candidates = CandidateSet::uniform;
         r.config.model.attributes = AttributeUse::none;
       },
       ExitCode::usage,
       {"--shard-tables: model.output_bias = true", "set it to false"}},
      {"start without attributes",
       [&](TrainRequest& r) {
         r.config.train.init_from = folder_ / "old";
         r.config.model.attributes = AttributeUse::none;
       },
       ExitCode::data,
       {"tensor attribute_embedding.weight (6 x 16) has no place",
        "model.attributes='add' (here 'none')"}},
      {"start without bias",
       [&](TrainRequest& r) {
         r.config.train.init_from = folder_ / "old";
         r.config.model.output_bias = false;
       },
       ExitCode::data,
       {"tensor output_bias (40) has no place", "model.output_bias=true (here false)"}},
      {"start of other attributes",
       [&](TrainRequest& r) {
         r.config.train.init_from = folder_ / "old";
         r.config.data.path = renamed.string();
       },
       ExitCode::data,
       {"knows none of the 6 attributes", "matched by raw id"}},
  };
  for (const auto& c : cases) {
    TrainRequest r = request("refused");
    c.change(r);
    const test::Caught error = test::caught([&] { Trainer(r).fit(); });
    EXPECT_EQ(error.code, c.code) << c.name;
    for (const char* part : c.parts) EXPECT_TRUE(error.says(part)) << c.name << error.message;
  }
  EXPECT_FALSE(fs::exists(folder_ / "refused"));
}

/// The file again, with other bytes for one of its tensors or, when there are none, without it.
void rewrite(const SafetensorsFile& file, const std::string& name, std::span<const std::byte> bytes,
             const fs::path& path) {
  SafetensorsWriter writer;
  for (const auto& [key, value] : file.metadata()) writer.set_metadata(key, value);
  for (const auto& [key, tensor] : file.tensors()) {
    if (key != name) {
      writer.add(key, tensor.dtype, tensor.shape, tensor.bytes);
    } else if (!bytes.empty()) {
      writer.add(key, tensor.dtype, tensor.shape, bytes);
    }
  }
  writer.write(path);
}

TEST_F(ComposedTraining, DamagedFilesAreRefused) {
  TrainRequest r = request("run");
  r.config.train.epochs = 1;
  Trainer(r).fit();
  const SafetensorsFile file(folder_ / "run" / kModelFileName);
  const AttributeLists lists = model("run").description().attributes.lists;
  std::vector<int32_t> stranger = lists.rows.values;
  stranger.back() = 6;
  std::vector<int64_t> backwards = lists.rows.offsets, longer = backwards;
  std::swap(backwards[3], backwards[9]);
  ++longer.back();
  using Bytes = std::span<const std::byte>;
  const struct {
    const char* name;
    Bytes bytes;
    const char* what;
  } cases[] = {
      {"item_attributes.values", std::as_bytes(std::span(stranger)), "has the attribute 6"},
      {"item_attributes.offsets", std::as_bytes(std::span(backwards)), "the file is damaged"},
      {"item_attributes.offsets", std::as_bytes(std::span(longer)), "the file is damaged"},
      {"item_attributes.values", {}, "item_attributes.values"},
      {"attribute_ids.offsets", {}, "attribute_ids.offsets"},
      {"attribute_embedding.weight", {}, "attribute_embedding.weight is missing"},
      {"output_bias", {}, "output_bias of shape [40] is missing"}};
  for (const auto& c : cases) {
    rewrite(file, c.name, c.bytes, folder_ / "damaged.safetensors");
    const test::Caught error =
        test::caught([&] { ModelFile::open(folder_ / "damaged.safetensors"); });
    EXPECT_EQ(error.code, ExitCode::data) << c.name;
    EXPECT_TRUE(error.says("damaged.safetensors") && error.says(c.what)) << error.message;
  }
}

TEST_F(ComposedTraining, OtherProjectsHaveNoPlaceForIt) {
  TrainRequest r = request("run");
  r.config.train.epochs = 1;
  for (const bool attributes : {true, false}) {
    r.config.model.attributes = attributes ? AttributeUse::add : AttributeUse::none;
    r.config.model.output_bias = !attributes;
    r.replace = true;
    r.config.data.attribute_fingerprint.clear();
    Trainer(r).fit();
    const ModelFile file = model("run");
    const test::Caught error =
        test::caught([&] { export_state_dict(file, "gsasrec", folder_ / "x.safetensors"); });
    EXPECT_EQ(error.code, ExitCode::usage);
    EXPECT_TRUE(error.says(attributes ? "model.attributes = \"add\"" : "model.output_bias = true"))
        << error.message;
    EXPECT_TRUE(error.says("--names truenext")) << error.message;
    export_state_dict(file, kOwnNames, folder_ / "own.safetensors");
    const SafetensorsFile own(folder_ / "own.safetensors");
    EXPECT_EQ(own.tensors().contains(kAttributeTable), attributes);
    EXPECT_EQ(own.tensors().contains("item_attributes.values"), attributes);
    EXPECT_EQ(own.tensors().contains(kOutputBias), !attributes);
  }
}

}  // namespace
}  // namespace truenext
