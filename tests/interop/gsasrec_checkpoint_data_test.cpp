// SPDX-License-Identifier: Apache-2.0
// A trained checkpoint of gSASRec-pytorch with the hidden states, ranks and metrics that the
// original module gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "inference/model_weights.h"
#include "interop/model_export.h"
#include "interop/model_import.h"
#include "kernels/kernels.h"
#include "support/test_files.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(TRUENEXT_SHARED_DATA) / "ml1m-gsasrec";

std::vector<std::vector<int32_t>> read_lines(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::vector<int32_t>> lines;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream stream(line);
    int32_t id = 0;
    lines.emplace_back();
    while (stream >> id) lines.back().push_back(id - 1);
  }
  return lines;
}

class GsasrecCheckpoint : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kFolder)) GTEST_SKIP() << kFolder << " is not there";
    std::ifstream stream(kFolder / "checkpoints/gsasrec-d32-h1-L50.json");
    golden_ = nlohmann::json::parse(stream);
    ImportOptions options;
    options.heads = 1;
    model_ = import_model(*open_state_dict(kFolder / "checkpoints/gsasrec-d32-h1-L50.pt"), options);
    weights_ = model_.weights();
    encoder_ = make_encoder(model_.description.model, weights_);
  }

  nlohmann::json golden_;
  ImportedModel model_;
  TensorMap weights_;
  std::unique_ptr<SequenceEncoder> encoder_;
};

TEST_F(GsasrecCheckpoint, HasTheSizesOfItsConfiguration) {
  const ModelOptions& options = model_.description.model;
  EXPECT_EQ(options.hidden_size, 32);
  EXPECT_EQ(options.max_length, 50);
  EXPECT_EQ(options.num_blocks, 2);
  EXPECT_FALSE(options.tie_embeddings);
  EXPECT_EQ(model_.item_ids.size(), 3416u);
}

TEST_F(GsasrecCheckpoint, GivesTheHiddenStatesOfTheOriginal) {
  const auto lines = read_lines(kFolder / "test/input.txt");
  const auto wanted = golden_["first_five_last_hidden"].get<std::vector<std::vector<float>>>();
  Jagged<int32_t> histories;
  for (size_t i = 0; i < wanted.size(); ++i) histories.add_row(lines[i]);
  const auto states = last_states(*encoder_, histories);
  for (size_t i = 0; i < wanted.size(); ++i) {
    for (size_t c = 0; c < 32; ++c) EXPECT_NEAR(states[i * 32 + c], wanted[i][c], 1e-5);
  }
}

TEST_F(GsasrecCheckpoint, GivesTheRanksAndMetricsOfTheOriginal) {
  const auto lines = read_lines(kFolder / "test/input.txt");
  const auto answers = read_lines(kFolder / "test/output.txt");
  Jagged<int32_t> histories;
  for (const auto& line : lines) histories.add_row(line);
  const auto states = last_states(*encoder_, histories);
  const int64_t items = encoder_->num_items();
  std::vector<float> scores(static_cast<size_t>(items));
  double hits1 = 0, hits10 = 0, ndcg10 = 0;
  for (size_t user = 0; user < lines.size(); ++user) {
    kernels::gemm_nt(1, items, 32, states.data() + user * 32, 32, encoder_->item_table().data(), 32,
                     scores.data(), items, false);
    const float own = scores[static_cast<size_t>(answers[user][0])];
    for (const int32_t seen : lines[user]) scores[static_cast<size_t>(seen)] = -INFINITY;
    const auto rank =
        std::count_if(scores.begin(), scores.end(), [&](float score) { return score > own; });
    if (user < 50) {
      EXPECT_EQ(rank, golden_["ranks_first_50"][user].get<int64_t>()) << user;
    }
    hits1 += rank < 1;
    hits10 += rank < 10;
    ndcg10 += rank < 10 ? 1 / std::log2(static_cast<double>(rank) + 2) : 0;
  }
  const auto& wanted = golden_["test_full_ranking_history_removed"];
  const double users = static_cast<double>(lines.size());
  EXPECT_EQ(users, wanted["users"].get<double>());
  EXPECT_NEAR(hits1 / users, wanted["R1"].get<double>(), 1e-4);
  EXPECT_NEAR(hits10 / users, wanted["R10"].get<double>(), 1e-4);
  EXPECT_NEAR(ndcg10 / users, wanted["nDCG10"].get<double>(), 1e-4);
}

TEST_F(GsasrecCheckpoint, ComesBackFromAnExportInAnyOrderOfItems) {
  const test::TemporaryFolder folder;
  Catalogue backwards;
  backwards.ids.assign(model_.item_ids.rbegin(), model_.item_ids.rend());
  ImportOptions options;
  options.heads = 1;
  options.catalogue = &backwards;
  const auto state = open_state_dict(kFolder / "checkpoints/gsasrec-d32-h1-L50.pt");
  import_model(*state, options).write(folder / "model");
  const ModelFile file = ModelFile::open(folder / "model");
  EXPECT_TRUE(export_state_dict(file, "gsasrec", folder / "exported").rows_by_number);
  options.catalogue = nullptr;
  const ImportedModel back = import_model(*open_state_dict(folder / "exported"), options);
  EXPECT_EQ(back.values, model_.values);
}

}  // namespace
}  // namespace truenext
