// SPDX-License-Identifier: Apache-2.0
// S3-Rec's pretraining through the code of Li et al. 2023: the four sums of eight rows on a shipped
// checkpoint, and losses, gradients and Adam steps of a tiny model. All rows of their table,
// padding and mask too, are items here; their mask row is our mask_embedding besides.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "inference/safetensors.h"
#include "net/model.h"
#include "support/gradients.h"
#include "support/s3rec_names.h"
#include "train/optimise/optimizer.h"
#include "train/steps/pretext_step.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kFolder = fs::path(TRUENEXT_SHARED_DATA) / "s3rec";
constexpr const char* kMask = "mask_embedding";

test::TensorPairs tensor_names() {
  test::TensorPairs names = {{"item_embedding.weight", "item_embeddings.weight"},
                             {"pretraining.attribute_embedding", "attribute_embeddings.weight"},
                             {kMask, "item_embeddings.weight"}};
  test::add_s3rec_transformer(names);
  for (const std::string head : {"aap", "mip", "map", "sp"}) {
    test::add_tensor_pair(names, "pretraining." + head, head + "_norm");
  }
  return names;
}

using Values = std::function<std::vector<float>(const std::string& tensor)>;

/// Rows of their padded lists as a tile, and a model of the same shape.
class Golden {
 public:
  Golden(const json& rows, int32_t mask, JaggedView<int32_t> attributes, int64_t num_attributes,
         const PretextOptions& options, int64_t dim, int64_t inner, const Values& values)
      : mask_(mask),
        pretext_(options, attributes, num_attributes),
        model_(make(attributes.size(), std::ssize(rows.at("pos_items")[0]), dim, inner)) {
    for (int64_t i = 0; i < model_->parameters().size(); ++i) {
      const std::vector<float> from = shown(i, values);
      expect_size(from.size(), i);
      std::copy(from.begin(), from.end(), model_->parameters()[i].value.data());
    }
    for (size_t row = 0; row < rows.at("pos_items").size(); ++row) add_row(rows, row);
  }

  PretextLosses run() {
    PretextLosses losses;
    gradients_ = run_pretext_tile(*model_, model_->parameters().readable(), pretext_, tile_,
                                  {1, 1, 1}, &losses);
    return losses;
  }
  Model& model() { return *model_; }
  TileGradients<float>& gradients() { return gradients_; }

  /// Ours as theirs: where a tensor of ours is a row of theirs, that row.
  std::vector<float> shown(int64_t parameter, const Values& values) const {
    const std::string& name = model_->parameters()[parameter].name;
    std::vector<float> all = values(tensor_names().at(name));
    if (name != kMask) return all;
    const int64_t dim = model_->options().hidden_size;
    return {all.begin() + mask_ * dim, all.begin() + (mask_ + 1) * dim};
  }
  /// Whether the entry belongs to their mask row, of which the table's part is compared with ours.
  bool is_mask_row(int64_t parameter, size_t entry) const {
    return parameter == model_->input_table() &&
           static_cast<int64_t>(entry) / model_->options().hidden_size == mask_;
  }

 private:
  void expect_size(size_t size, int64_t i) const {
    EXPECT_EQ(static_cast<int64_t>(size), model_->parameters()[i].value.size())
        << model_->parameters()[i].name;
  }

  std::unique_ptr<Model> make(int64_t items, int64_t length, int64_t dim, int64_t inner) const {
    ModelOptions options;
    options.block = "post-norm";
    options.hidden_size = dim;
    options.num_blocks = 2;
    options.num_heads = 2;
    options.inner_size = inner;
    options.max_length = length;
    options.dropout = 0;
    options.tie_embeddings = true;
    options.resolve();
    return make_model(options, items, 1, {}, pretext_.tensors(options));
  }

  static std::vector<int32_t> unpadded(const std::vector<int32_t>& row, size_t length) {
    return {row.end() - static_cast<std::ptrdiff_t>(length), row.end()};
  }

  /// A sequence whose places that hold the mask are hidden; their true items stand in `items`.
  void add_sequence(const std::vector<int32_t>& shown_items, const std::vector<int32_t>& items) {
    std::vector<int32_t> told = items;
    for (size_t i = 0; i < told.size(); ++i) {
      const bool hidden = shown_items[i] == mask_;
      tile_.hidden.push_back(hidden ? 1 : 0);
      if (!hidden) told[i] = shown_items[i];
    }
    tile_.sequences.add_row(told);
    tile_.streams.push_back(static_cast<uint64_t>(tile_.sequences.size()));
  }

  void add_row(const json& rows, size_t row) {
    const std::vector<int32_t> all = rows.at("pos_items")[row];
    const auto length = static_cast<size_t>(
        std::count_if(all.begin(), all.end(), [](int32_t item) { return item != 0; }));
    const auto list = [&](const char* key) {
      return unpadded(rows.at(key)[row].get<std::vector<int32_t>>(), length);
    };
    const std::vector<int32_t> items = list("pos_items"), negatives = list("neg_items");
    const auto first = static_cast<int32_t>(tile_.tokens());
    add_sequence(list("masked_item_sequence"), items);
    PretextTargets& targets = tile_.pretext;
    ++targets.examples;
    for (size_t i = 0; i < length; ++i) {
      const int32_t token = first + static_cast<int32_t>(i);
      if (!tile_.hidden[static_cast<size_t>(token)]) {
        targets.known.push_back(token);
        continue;
      }
      targets.hidden.push_back(token);
      targets.negatives.push_back(negatives[i]);
    }
    const auto segment = [&](const char* key, std::vector<int32_t>& newest) {
      add_sequence(list(key), std::vector<int32_t>(length, 0));
      newest.push_back(static_cast<int32_t>(tile_.tokens()) - 1);
    };
    segment("masked_segment_sequence", targets.around);
    segment("pos_segment", targets.segment);
    segment("neg_segment", targets.other);
  }

  int32_t mask_;
  Pretext pretext_;
  std::unique_ptr<Model> model_;
  Tile tile_;
  TileGradients<float> gradients_;
};

/// Attributes by item of a file {"item": [attribute, ...]}, for items 0 .. items - 1.
Jagged<int32_t> attribute_rows(const json& by_item, int64_t items) {
  Jagged<int32_t> rows;
  for (int64_t item = 0; item < items; ++item) {
    const auto found = by_item.find(std::to_string(item));
    rows.add_row(found == by_item.end() ? std::vector<int32_t>()
                                        : found->get<std::vector<int32_t>>());
  }
  return rows;
}

json read_json(const fs::path& path) {
  std::ifstream stream(path);
  return json::parse(stream);
}

PretextOptions published() {
  PretextOptions options;
  options.scores = PairScores::probabilities;
  return options;
}

TEST(PretextGolden, TheFourSumsOfAShippedCheckpoint) {
  const fs::path file = kFolder / "golden" / "pretrain_lastfm.json";
  if (!fs::exists(file)) GTEST_SKIP() << file << " is not there";
  const json golden = read_json(file);
  const int64_t items = golden["item_size"], attributes = golden["attribute_size"];
  const Jagged<int32_t> rows =
      attribute_rows(read_json(kFolder / "LastFM_item2attributes.json"), items);
  const SafetensorsFile checkpoint(kFolder / "checkpoints" / "LastFM-epochs-150.safetensors");
  PretextOptions options = published();
  options.aap = options.mip = options.map = options.sp = 1;
  Golden example(golden, golden["mask_id"], rows, attributes, options, 64, 256,
                 [&](const std::string& name) {
                   const std::vector<int64_t>& shape = checkpoint.tensors().at(name).shape;
                   const std::span<const float> values = checkpoint.floats(name, shape);
                   return std::vector<float>(values.begin(), values.end());
                 });
  const PretextLosses losses = example.run();
  const std::vector<std::pair<double, const char*>> wanted = {
      {losses.aap, "aap"}, {losses.mip, "mip"}, {losses.map, "map"}, {losses.sp, "sp"}};
  for (const auto& [found, key] : wanted) {
    const double value = golden[key];
    EXPECT_NEAR(found, value, 1e-4 * value) << key;
  }
  EXPECT_NEAR(0.2 * losses.aap + losses.mip + losses.map + 0.5 * losses.sp, 2897.199, 0.28);
}

TEST(PretextSteps, GiveTheGoldenLossesGradientsAndWeights) {
  const fs::path file = kFolder / "golden" / "train_steps.json";
  if (!fs::exists(file)) GTEST_SKIP() << file << " is not there";
  const json golden = read_json(file)["cases"]["s3rec_pretrain"];
  const json& inputs = golden["inputs"];
  const auto values = [&](const char* key) {
    return Values([&golden, key](const std::string& name) {
      return golden[key].at(name).get<std::vector<float>>();
    });
  };
  const auto shape = [&](const char* name) {
    return golden["shapes"].at(name).get<std::vector<int64_t>>();
  };
  const std::vector<int64_t> table = shape("item_embeddings.weight");
  const Jagged<int32_t> rows = attribute_rows(inputs["attributes_by_item"], table[0]);
  Golden example(inputs, inputs["mask_id"], rows, shape("attribute_embeddings.weight")[0],
                 published(), table[1],
                 shape("item_encoder.layer.0.intermediate.dense_1.weight")[0], values("initial"));
  Adam adam(example.model().parameters(), TrainOptions{});
  WorkerPool pool(1);

  const std::vector<double> four = golden["four_losses_at_start_[aap,mip,map,sp]"];
  const PretextLosses start = example.run();
  EXPECT_NEAR(start.aap, 0.2 * four[0], 1e-5 * four[0]);
  EXPECT_NEAR(start.mip, four[1], 1e-5 * four[1]);
  EXPECT_NEAR(start.map, four[2], 1e-5 * four[2]);
  EXPECT_NEAR(start.sp, 0.5 * four[3], 1e-5 * four[3]);

  const std::vector<double> losses = golden["loss_before_each_step_and_after_last"];
  ASSERT_EQ(losses.size(), 4u);
  for (size_t step = 0; step < losses.size(); ++step) {
    EXPECT_NEAR(example.run().sum(), losses[step], 1e-5 * losses[step]) << step;
    for (int64_t i = 0; i < example.model().parameters().size(); ++i) {
      const Parameter& parameter = example.model().parameters()[i];
      const std::vector<float> first = example.shown(i, values("gradients"));
      const std::vector<double> ours = test::gradient_of(example.model(), i, example.gradients());
      const char* after = step == 1 ? "after_1_steps" : step == 3 ? "after_3_steps" : nullptr;
      const std::vector<float> wanted = example.shown(i, values(after ? after : "initial"));
      for (size_t e = 0; e < first.size(); ++e) {
        if (example.is_mask_row(i, e)) continue;
        if (step == 0) {
          EXPECT_NEAR(ours[e], first[e], 1e-6f + 1e-4f * std::abs(first[e]))
              << parameter.name << " " << e;
        }
        // Where the first gradient is rounding noise Adam makes steps of it.
        if (after && std::abs(first[e]) > 1e-6f) {
          EXPECT_NEAR(parameter.value.data()[e], wanted[e], 1e-5f) << parameter.name << " " << e;
        }
      }
    }
    adam.step(example.gradients(), 1e-3, pool);
  }
}

}  // namespace
}  // namespace truenext
