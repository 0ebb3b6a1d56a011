// SPDX-License-Identifier: Apache-2.0
// Runs under each description of scores, through their files: whoever ranks items agrees.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/thread_pool.h"
#include "eval/answers.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"
#include "interop/model_export.h"
#include "net/scoring.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

struct Case {
  const char* name;
  bool tied, bias, cosine, learned;
};

class ScoringTraining : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.model.tie_embeddings = GetParam().tied;
    r.config.model.output_bias = GetParam().bias;
    if (GetParam().cosine) r.config.model.similarity = Similarity::cosine;
    r.config.model.temperature = 0.1;
    r.config.model.learned_temperature = GetParam().learned;
    r.config.objective.criterion = "softmax";
    r.config.objective.candidates = CandidateSet::full;
    r.config.train.learning_rate = 0.01;
    return r;
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::prepare_pairs(folder_, test::ring_log(60, 40, 12), "data");
};

/// Scores of a state before it is made for scores, by the tensors of the file, in double.
std::vector<double> scores_by_hand(const ModelFile& file, const std::vector<float>& state) {
  const ModelOptions& options = file.description().model;
  const auto d = static_cast<size_t>(options.hidden_size);
  const float* table = file.weights().at(options.tie_embeddings ? kInputTable : kOutputTable).data;
  double length = 0;
  for (const float x : state) length += static_cast<double>(x) * x;
  std::vector<double> scores;
  for (size_t item = 0; item < static_cast<size_t>(file.num_items()); ++item) {
    double product = 0, of_item = 0;
    for (size_t c = 0; c < d; ++c) {
      const double e = table[item * d + c];
      product += state[c] * e;
      of_item += e * e;
    }
    if (options.similarity == Similarity::cosine) {
      const double gain = options.learned_temperature ? file.weights().at(kScoreGain).data[0] : 1;
      product *= gain / options.temperature / std::sqrt(length * of_item);
    }
    if (options.output_bias) product += file.weights().at(kOutputBias).data[item];
    scores.push_back(product);
  }
  return scores;
}

/// The network of a file without what is made of its states for scores.
std::unique_ptr<SequenceEncoder> plain_encoder(const ModelFile& file) {
  ModelOptions options = file.description().model;
  options.similarity = Similarity::product;
  options.output_bias = options.learned_temperature = false;
  TensorMap weights = file.weights();
  weights.erase(kOutputBias);
  weights.erase(kScoreGain);
  return make_encoder(options, weights);
}

TEST_P(ScoringTraining, EveryListIsExactlyTheOneByHand) {
  const TrainResult trained = Trainer(request("run")).fit();
  const ModelFile file = ModelFile::open(folder_ / "run");
  const Dataset dataset = Dataset::open(data_);
  Protocol protocol;
  protocol.part = SplitPart::valid;
  const Queries queries = make_queries(dataset, protocol);
  WorkerPool pool(2);
  const auto scorer = make_encoder_scorer(file.encoder());
  const auto ranks = rank_targets(*scorer, queries, protocol, pool);
  EXPECT_EQ(compute_metrics(parse_metrics("ndcg@10"), ranks).metrics[0].mean, trained.best_value);
  EXPECT_GT(trained.best_value, 0.2);  // it learned something to agree about

  const auto lists = top_items(*scorer, queries, 40, false, pool);
  const auto compact =
      top_items(*make_query_scorer(file.encoder(), pool), queries, 40, false, pool);
  const auto plain = plain_encoder(file);
  std::vector<float> states(static_cast<size_t>(queries.histories.size() * 16));
  plain->encode_last(queries.histories, states.data());
  for (int64_t row = 0; row < lists.size(); ++row) {
    const auto wanted =
        scores_by_hand(file, {states.begin() + row * 16, states.begin() + row * 16 + 16});
    ASSERT_EQ(lists.row_size(row), 40);
    for (int64_t i = 0; i < 40; ++i) {
      const ScoredItem one = lists.row(row)[i];
      EXPECT_NEAR(one.score, wanted[static_cast<size_t>(one.item)], 1e-4) << row << " " << i;
      EXPECT_EQ(compact.row(row)[i].item, one.item);
      EXPECT_EQ(compact.row(row)[i].score, one.score);
      if (i == 0) continue;
      const ScoredItem before = lists.row(row)[i - 1];
      EXPECT_GE(wanted[static_cast<size_t>(before.item)],
                wanted[static_cast<size_t>(one.item)] - 1e-4);
    }
  }
}

// The table that is handed out is the one that is scored with.
TEST_P(ScoringTraining, SimilarItemsAreThoseOfTheTable) {
  TrainRequest r = request("run");
  r.config.train.epochs = 1;
  Trainer(r).fit();
  const ModelFile file = ModelFile::open(folder_ / "run");
  const SequenceEncoder& encoder = file.encoder();
  std::vector<float> cosines(40);
  Queries one;
  one.histories.add_row(std::vector<int32_t>{3});
  make_cosine_scorer(encoder)->score(one, 0, 1, cosines.data());
  const auto row = [&](int64_t item) { return encoder.item_table().data() + item * encoder.dim(); };
  for (int64_t item = 0; item < 40; ++item) {
    double product = 0, of_item = 0, of_three = 0;
    for (int64_t c = 0; c < encoder.vector_dim(); ++c) {
      product += static_cast<double>(row(item)[c]) * row(3)[c];
      of_item += static_cast<double>(row(item)[c]) * row(item)[c];
      of_three += static_cast<double>(row(3)[c]) * row(3)[c];
    }
    EXPECT_NEAR(cosines[static_cast<size_t>(item)], product / std::sqrt(of_item * of_three), 1e-6);
    if (GetParam().cosine) {
      EXPECT_NEAR(of_item, 1, 1e-6) << item;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ScoringTraining,
                         testing::Values(Case{"product", true, false, false, false},
                                         Case{"product_untied", false, false, false, false},
                                         Case{"bias", true, true, false, false},
                                         Case{"cosine", true, false, true, false},
                                         Case{"cosine_untied", false, false, true, false},
                                         Case{"cosine_learned", true, false, true, true}),
                         [](const auto& given) { return std::string(given.param.name); });

class CosineTraining : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }
  TrainRequest request(const std::string& run) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.model.tie_embeddings = true;
    r.config.model.similarity = Similarity::cosine;
    r.config.model.learned_temperature = true;
    r.config.objective.criterion = "softmax";
    r.config.train.learning_rate = 0.01;
    return r;
  }
  test::TemporaryFolder folder_;
  fs::path data_ = test::prepare_pairs(folder_, test::ring_log(60, 40, 12), "data");
};

TEST_F(CosineTraining, MovesItsTemperatureWhereItIsLearned) {
  Trainer(request("run")).fit();
  const ModelFile file = ModelFile::open(folder_ / "run");
  const float gain = file.weights().at(kScoreGain).data[0];
  EXPECT_GT(std::abs(gain - 1), 0.01);
  EXPECT_GT(gain, 0);
}

TEST_F(CosineTraining, SaysWhatDoesNotGoWithIt) {
  Trainer(request("run")).fit();
  const ModelFile file = ModelFile::open(folder_ / "run");
  const test::Caught names =
      test::caught([&] { export_state_dict(file, "pmixer", folder_ / "pmixer.safetensors"); });
  EXPECT_EQ(names.code, ExitCode::usage);
  EXPECT_TRUE(names.says("model.similarity = \"cosine\"")) << names.message;

  TrainRequest pretraining = request("pretraining");
  pretraining.config.train.task = TrainTask::pretraining;
  const test::Caught task = test::caught([&] { Trainer(pretraining).fit(); });
  EXPECT_EQ(task.code, ExitCode::usage);
  EXPECT_TRUE(task.says("a pretraining compares vectors by their products")) << task.message;
}

}  // namespace
}  // namespace truenext
