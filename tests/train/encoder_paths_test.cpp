// SPDX-License-Identifier: Apache-2.0
// A model's LibTorch path (training) against its kernel path (validation, evaluation, use), and the
// properties both must have.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "net/encoder.h"
#include "net/model.h"
#include "nn/forward.h"
#include "support/tiles.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 30;

class EncoderPaths : public testing::TestWithParam<std::string> {
 protected:
  EncoderPaths() {
    ModelOptions options;
    const bool gru = GetParam() == "gru4rec";
    options.name = gru ? "gru4rec" : "sasrec";
    if (!gru) options.block = GetParam() == "padding" ? "pmixer" : GetParam();
    if (GetParam() == "padding") options.padding = "attend";
    options.hidden_size = 24;
    options.num_heads = 3;
    options.max_length = 10;
    options.gru_hidden_size = 20;
    options.gru_layers = 2;
    options.init = "xavier-normal";
    model_ = make_model(options, kItems, 3);
  }

  at::Tensor states(const std::vector<std::vector<int32_t>>& histories) const {
    std::vector<std::vector<int32_t>> with_target = histories;
    for (auto& history : with_target) history.push_back(0);
    const Tile tile = test::next_item_tile(with_target);
    Forward forward(model_->parameters(), tile, false, 1, 1);
    return model_->encode(forward).detach().contiguous();
  }

  std::unique_ptr<Model> model_;
};

const std::vector<std::vector<int32_t>> kHistories = {
    {4, 9, 1, 29, 3, 3, 8, 15, 2, 7}, {11}, {5, 6, 7, 20}};

TEST_P(EncoderPaths, TrainingAndInferenceAgree) {
  const at::Tensor expected = states(kHistories);
  Jagged<int32_t> histories;
  for (const auto& history : kHistories) histories.add_row(history);
  const auto encoder = make_encoder(model_->options(), model_->parameters().views());
  std::vector<float> all(static_cast<size_t>(expected.numel()));
  encoder->encode_all(histories, all.data());
  const float* e = expected.data_ptr<float>();
  for (int64_t i = 0; i < expected.numel(); ++i) EXPECT_NEAR(all[i], e[i], 2e-5) << i;

  std::vector<float> last(static_cast<size_t>(3 * encoder->dim()));
  encoder->encode_last(histories, last.data());
  for (int64_t row = 0; row < 3; ++row) {
    const int64_t token = histories.offsets[row + 1] - 1;
    for (int64_t c = 0; c < encoder->dim(); ++c) {
      EXPECT_NEAR(last[row * encoder->dim() + c], all[token * encoder->dim() + c], 2e-5);
    }
  }
}

TEST_P(EncoderPaths, TheFutureChangesNothing) {
  std::vector<std::vector<int32_t>> changed = kHistories;
  changed[0][6] = 21;
  const at::Tensor before = states(kHistories);
  const at::Tensor after = states(changed);
  EXPECT_TRUE(at::equal(before.slice(0, 0, 6), after.slice(0, 0, 6)));
  EXPECT_FALSE(at::equal(before.slice(0, 6, 10), after.slice(0, 6, 10)));
}

TEST_P(EncoderPaths, NeighboursInTheTileChangeNothing) {
  const at::Tensor together = states(kHistories);
  const at::Tensor alone = states({kHistories[2]});
  EXPECT_LT((together.slice(0, 11, 15) - alone).abs().max().item<float>(), 1e-5);
}

TEST_P(EncoderPaths, DropoutIsOffInInference) {
  EXPECT_TRUE(at::equal(states(kHistories), states(kHistories)));
}

TEST_P(EncoderPaths, StartValuesFollowFromTheSeed) {
  const auto again = make_model(model_->options(), kItems, 3);
  const auto other = make_model(model_->options(), kItems, 4);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    const at::Tensor& value = model_->parameters()[i].value;
    EXPECT_TRUE(at::equal(value, again->parameters()[i].value));
    if (value.dim() != 2) continue;
    EXPECT_FALSE(at::equal(value, other->parameters()[i].value));
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EncoderPaths,
                         testing::Values("gsasrec", "pmixer", "padding", "post-norm", "csrec",
                                         "gru4rec"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(Parameters, CountsAreThoseOfThePublishedModels) {
  // gsasrec.md 1.5 counts a row 0 and a padding row in both tables, which do not exist here.
  ModelOptions options;
  EXPECT_EQ(make_model(options, 3416, 1)->parameters().count(), 1067008 - 4 * 128);
  options.tie_embeddings = true;
  EXPECT_EQ(make_model(options, 3416, 1)->parameters().count(), 629504 - 2 * 128);
}

}  // namespace
}  // namespace truenext
