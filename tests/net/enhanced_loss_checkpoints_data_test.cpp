// SPDX-License-Identifier: Apache-2.0
// Trained checkpoints of the CCE paper's code: hidden states, best items and test ranks as that
// code gives them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "inference/model_weights.h"
#include "inference/safetensors.h"
#include "kernels/kernels.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(TRUENEXT_SHARED_DATA) / "s3rec";

/// One checkpoint: row 0 of its table is padding, row r is our item r - 1.
class Checkpoint {
 public:
  explicit Checkpoint(const std::string& name)
      : file_(kFolder / "checkpoints" / (name + ".safetensors")) {
    const StoredTensor& table = file_.tensors().at("item_embeddings.weight");
    rows_ = table.shape[0];
    options_.hidden_size = 64;
    options_.max_length = 50;
    options_.tie_embeddings = true;
    take("item_embedding.weight", "item_embeddings.weight");
    TensorView& items = weights_["item_embedding.weight"];
    padding_ = items.data;
    items.data += 64;
    items.shape[0] -= 1;
    if (name.starts_with("GRU4Rec")) {
      map_gru4rec();
    } else {
      map_sasrec();
    }
    encoder_ = make_encoder(options_, weights_);
  }

  const SequenceEncoder& encoder() const { return *encoder_; }

  /// Scores of all rows, the padding row included.
  std::vector<float> scores(const float* state) const {
    std::vector<float> result(static_cast<size_t>(rows_));
    kernels::gemm_nt(1, rows_, 64, state, 64, padding_, 64, result.data(), rows_, false);
    return result;
  }

 private:
  void take(const std::string& ours, const std::string& theirs) {
    const StoredTensor& tensor = file_.tensors().at(theirs);
    weights_[ours] = {tensor.shape, file_.floats(theirs, tensor.shape).data()};
  }
  void take_pair(const std::string& ours, const std::string& theirs) {
    take(ours + ".weight", theirs + ".weight");
    take(ours + ".bias", theirs + ".bias");
  }
  void map_gru4rec() {
    options_.name = "gru4rec";
    options_.padding = PaddingUse::attend;
    weights_["padding_embedding"] = {{64}, padding_};
    take("gru.0.input_weight", "gru_layers.weight_ih_l0");
    take("gru.0.hidden_weight", "gru_layers.weight_hh_l0");
    take_pair("dense", "dense");
  }
  void map_sasrec() {
    options_.block = "post-norm";
    take("position_embedding.weight", "position_embeddings.weight");
    take_pair("embedding_norm", "LayerNorm");
    for (const std::string b : {"0", "1"}) {
      const std::string ours = "blocks." + b + ".";
      const std::string attention = "item_encoder.layer." + b + ".attention.";
      const std::string inner = "item_encoder.layer." + b + ".intermediate.";
      for (const std::string part : {"query", "key", "value"}) {
        take_pair(ours + part, attention + part);
      }
      take_pair(ours + "output", attention + "dense");
      take_pair(ours + "attention_norm", attention + "LayerNorm");
      take_pair(ours + "ffn1", inner + "dense_1");
      take_pair(ours + "ffn2", inner + "dense_2");
      take_pair(ours + "ffn_norm", inner + "LayerNorm");
    }
  }

  SafetensorsFile file_;
  ModelOptions options_;
  TensorMap weights_;
  const float* padding_ = nullptr;
  int64_t rows_ = 0;
  std::unique_ptr<SequenceEncoder> encoder_;
};

class EnhancedLossCheckpoint : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::exists(kFolder)) GTEST_SKIP() << kFolder << " is not there";
  }
};

TEST_P(EnhancedLossCheckpoint, GivesTheGoldenHiddenStatesAndBestItems) {
  const Checkpoint checkpoint(GetParam());
  std::ifstream stream(kFolder / "golden" / ("forward_" + std::string(GetParam()) + ".json"));
  const nlohmann::json golden = nlohmann::json::parse(stream);
  ASSERT_GE(golden["users"].size(), 10u);
  for (const auto& user : golden["users"]) {
    Jagged<int32_t> history;
    std::vector<int32_t> items;
    for (const int32_t id : user["input_ids_unpadded"]) items.push_back(id - 1);
    history.add_row(items);
    const std::vector<float> state = last_states(checkpoint.encoder(), history);
    const auto wanted = user["last_hidden"].get<std::vector<float>>();
    ASSERT_EQ(wanted.size(), state.size());
    for (size_t c = 0; c < wanted.size(); ++c) {
      EXPECT_NEAR(state[c], wanted[c], 2e-5) << "user " << user["user_line"] << " column " << c;
    }
    const std::vector<float> scores = checkpoint.scores(state.data());
    EXPECT_NEAR(scores[user["target"].get<size_t>()], user["target_score"].get<float>(), 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EnhancedLossCheckpoint,
                         testing::Values("SASRec-Beauty-0-CCE", "SASRec-Beauty-0-BCE",
                                         "S3Rec-Beauty-150-CCE", "GRU4Rec-Beauty-0-CCE",
                                         "S3Rec-LastFM-150-BCE", "SASRec-LastFM-0-CCE",
                                         "GRU4Rec-LastFM-0-CE"));

class EnhancedLossRanks : public EnhancedLossCheckpoint {};

// Protocol of the original: all rows are candidates, items of the history score 0, strictly greater
// scores count. Float noise may move deep ranks a little.
TEST_P(EnhancedLossRanks, AgreeForAllTestUsers) {
  const Checkpoint checkpoint(GetParam());
  std::ifstream lines(kFolder / "LastFM.txt");
  std::ifstream ranks(kFolder / "golden" / ("ranks_" + std::string(GetParam()) + ".txt"));
  int64_t users = 0, equal = 0, top_changes = 0;
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream stream(line);
    int32_t user = 0, id = 0;
    stream >> user;
    std::vector<int32_t> items;
    while (stream >> id) items.push_back(id - 1);
    const int32_t target = items.back() + 1;
    items.pop_back();
    Jagged<int32_t> history;
    history.add_row(items);
    std::vector<float> scores =
        checkpoint.scores(last_states(checkpoint.encoder(), history).data());
    for (const int32_t item : items) scores[static_cast<size_t>(item) + 1] = 0;
    const float own = scores[static_cast<size_t>(target)];
    const auto rank =
        std::count_if(scores.begin(), scores.end(), [&](float score) { return score > own; });
    int64_t wanted = -1;
    ASSERT_TRUE(ranks >> wanted);
    ++users;
    equal += rank == wanted;
    top_changes += (rank < 20) != (wanted < 20);
    EXPECT_LE(std::abs(rank - wanted), 3) << "user " << user;
  }
  EXPECT_EQ(users, 1090);
  EXPECT_GE(static_cast<double>(equal), 0.97 * static_cast<double>(users));
  EXPECT_LE(top_changes, 3);
}

INSTANTIATE_TEST_SUITE_P(LastFM, EnhancedLossRanks,
                         testing::Values("S3Rec-LastFM-150-BCE", "SASRec-LastFM-0-CCE",
                                         "GRU4Rec-LastFM-0-CE"));

}  // namespace
}  // namespace truenext
