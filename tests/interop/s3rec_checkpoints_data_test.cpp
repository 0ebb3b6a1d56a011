// SPDX-License-Identifier: Apache-2.0
// The checkpoints of Li et al. (2023), imported: hidden states, ranks and metrics as their code
// gives them, and the way back.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "inference/model_weights.h"
#include "interop/model_export.h"
#include "interop/model_import.h"
#include "kernels/kernels.h"
#include "support/s3rec_checkpoint.h"
#include "support/test_files.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// A checkpoint with the metrics that its own code was measured to have.
struct S3recFile {
  const char* name;
  const char* data;
  const char* network;
  const char* setting;  ///< what weights do not tell, or empty
  double metrics[6];    ///< HIT and NDCG at 5, 10, 20
};
constexpr S3recFile kS3recFiles[] = {
    {"SASRec-Beauty-0-CCE",
     "Beauty",
     "sasrec",
     "",
     {0.067478, 0.048828, 0.092251, 0.056805, 0.125922, 0.065261}},
    {"SASRec-Beauty-0-BCE",
     "Beauty",
     "sasrec",
     "",
     {0.035639, 0.022719, 0.054957, 0.028874, 0.084604, 0.036311}},
    {"GRU4Rec-Beauty-0-CCE",
     "Beauty",
     "gru4rec",
     "",
     {0.046148, 0.031715, 0.069266, 0.039166, 0.097125, 0.046189}},
    {"SRGNN-Beauty-0-CCE",
     "Beauty",
     "sr-gnn",
     "model.readout=improved",
     {0.049591, 0.037415, 0.064347, 0.042181, 0.080669, 0.046294}},
    {"S3Rec-Beauty-150-CCE",
     "Beauty",
     "sasrec",
     "",
     {0.074587, 0.052825, 0.105844, 0.062853, 0.144122, 0.072465}},
    {"Ori-SRGNN-LastFM-0-CE",
     "LastFM",
     "sr-gnn",
     "model.readout=original",
     {0.007339, 0.003874, 0.013761, 0.005798, 0.026606, 0.008950}},
    {"S3Rec-LastFM-150-BCE",
     "LastFM",
     "sasrec",
     "",
     {0.046789, 0.028175, 0.072477, 0.036186, 0.124771, 0.049257}},
    {"SASRec-LastFM-0-CCE",
     "LastFM",
     "sasrec",
     "",
     {0.037615, 0.025627, 0.051376, 0.030079, 0.082569, 0.038101}},
    {"GRU4Rec-LastFM-0-CE",
     "LastFM",
     "gru4rec",
     "",
     {0.021101, 0.013755, 0.031193, 0.017062, 0.049541, 0.021765}}};

void PrintTo(const S3recFile& file, std::ostream* out) {
  *out << file.name;
}

std::vector<float> tensor_named(const StateDict& state, const std::string& name) {
  for (size_t i = 0; i < state.tensors().size(); ++i) {
    if (state.tensors()[i].name == name) return state.read(i);
  }
  ADD_FAILURE() << name;
  return {};
}

class S3recCheckpoint : public testing::TestWithParam<S3recFile> {
 protected:
  void SetUp() override {
    if (!fs::exists(test::kS3rec)) GTEST_SKIP() << test::kS3rec << " is not there";
    std::vector<std::string> settings;
    if (*GetParam().setting != '\0') settings = {GetParam().setting};
    file_ = std::make_unique<test::S3recCheckpoint>(GetParam().name, settings);
    all_rows_ = tensor_named(file_->state(), "item_embeddings.weight");
    num_rows_ = static_cast<int64_t>(all_rows_.size()) / 64;
  }
  /// Of each history against all rows of the file, padding and mask included: row r is id r.
  std::vector<float> scores(JaggedView<int32_t> histories) const {
    const std::vector<float> states = last_states(file_->encoder(), histories);
    std::vector<float> result(static_cast<size_t>(histories.size() * num_rows_));
    kernels::gemm_nt(histories.size(), num_rows_, 64, states.data(), 64, all_rows_.data(), 64,
                     result.data(), num_rows_, false);
    return result;
  }

  std::unique_ptr<test::S3recCheckpoint> file_;
  std::vector<float> all_rows_;
  int64_t num_rows_ = 0;
};

TEST_P(S3recCheckpoint, HasTheSizesOfItsCode) {
  const ModelOptions& options = file_->model().description.model;
  EXPECT_EQ(options.name, GetParam().network);
  EXPECT_EQ(options.hidden_size, 64);
  EXPECT_EQ(options.max_length, 50);
  EXPECT_TRUE(options.tie_embeddings);
  EXPECT_EQ(static_cast<int64_t>(file_->model().item_ids.size()), num_rows_ - 2);
  EXPECT_TRUE(file_->model().warnings.empty());
}

TEST_P(S3recCheckpoint, GivesTheGoldenHiddenStates) {
  std::ifstream stream(test::kS3rec / "golden" /
                       ("forward_" + std::string(GetParam().name) + ".json"));
  const nlohmann::json golden = nlohmann::json::parse(stream);
  ASSERT_GE(golden["users"].size(), 10u);
  for (const auto& user : golden["users"]) {
    Jagged<int32_t> history;
    std::vector<int32_t> items;
    for (const int32_t id : user["input_ids_unpadded"]) items.push_back(id - 1);
    history.add_row(items);
    const std::vector<float> state = last_states(file_->encoder(), history);
    const auto wanted = user["last_hidden"].get<std::vector<float>>();
    ASSERT_EQ(wanted.size(), state.size());
    for (size_t c = 0; c < wanted.size(); ++c) {
      EXPECT_NEAR(state[c], wanted[c], 1e-4) << "user " << user["user_line"] << " column " << c;
    }
    EXPECT_NEAR(scores(history)[user["target"].get<size_t>()], user["target_score"].get<float>(),
                1e-3);
  }
}

/// Test histories and answers of a data set; ids as in the file.
struct S3recUsers {
  Jagged<int32_t> histories;  ///< item numbers: id - 1
  std::vector<int64_t> answers;
};

S3recUsers read_users(const std::string& data) {
  S3recUsers users;
  std::ifstream lines(test::kS3rec / (data + ".txt"));
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream stream(line);
    int32_t user = 0, id = 0;
    stream >> user;
    std::vector<int32_t> items;
    while (stream >> id) items.push_back(id - 1);
    users.answers.push_back(items.back() + 1);
    items.pop_back();
    users.histories.add_row(items);
  }
  return users;
}

int64_t rank_of(std::span<const float> scores, int64_t answer) {
  const float own = scores[static_cast<size_t>(answer)];
  return std::count_if(scores.begin(), scores.end(), [&](float score) { return score > own; });
}

/// HIT and NDCG at 5, 10, 20, as sums.
struct HitSums {
  double values[6] = {};
  void add(int64_t rank) {
    const int64_t depths[] = {5, 10, 20};
    for (size_t k = 0; k < 3; ++k) {
      if (rank >= depths[k]) continue;
      values[2 * k] += 1;
      values[2 * k + 1] += 1 / std::log2(static_cast<double>(rank) + 2);
    }
  }
};

// The published protocol: all rows are candidates, items of the history score 0, strictly greater
// scores count. Ours excludes history, padding and mask. Float noise may move deep ranks a little.
TEST_P(S3recCheckpoint, GivesTheRanksAndMetricsOfItsCode) {
  const S3recUsers users = read_users(GetParam().data);
  std::ifstream golden(test::kS3rec / "golden" /
                       ("ranks_" + std::string(GetParam().name) + ".txt"));
  constexpr int64_t kBatch = 128;
  const auto count = static_cast<int64_t>(users.answers.size());
  ASSERT_GE(count, 1090);
  HitSums published, excluded;
  int64_t equal = 0, top_changes = 0;
  for (int64_t begin = 0; begin < count; begin += kBatch) {
    Jagged<int32_t> histories;
    for (int64_t u = begin; u < std::min(count, begin + kBatch); ++u) {
      histories.add_row(users.histories.row(u));
    }
    std::vector<float> all = scores(histories);
    for (int64_t u = 0; u < histories.size(); ++u) {
      const std::span<float> own(all.data() + u * num_rows_, static_cast<size_t>(num_rows_));
      const int64_t answer = users.answers[static_cast<size_t>(begin + u)];
      for (const int32_t item : histories.row(u)) own[static_cast<size_t>(item) + 1] = 0;
      const int64_t rank = rank_of(own, answer);
      int64_t wanted = -1;
      ASSERT_TRUE(golden >> wanted);
      equal += rank == wanted;
      top_changes += (rank < 20) != (wanted < 20);
      EXPECT_LE(std::abs(rank - wanted), 3) << "user " << begin + u;
      published.add(rank);
      constexpr float kNever = -std::numeric_limits<float>::infinity();
      for (const int32_t item : histories.row(u)) own[static_cast<size_t>(item) + 1] = kNever;
      own.front() = own.back() = kNever;
      excluded.add(rank_of(own, answer));
    }
  }
  EXPECT_GE(static_cast<double>(equal), 0.97 * static_cast<double>(count));
  EXPECT_LE(top_changes, 3);
  for (size_t m = 0; m < 6; ++m) {
    EXPECT_NEAR(published.values[m] / static_cast<double>(count), GetParam().metrics[m], 1e-4) << m;
    EXPECT_NEAR(excluded.values[m], published.values[m], 1e-4 * static_cast<double>(count)) << m;
  }
}

TEST_P(S3recCheckpoint, ComesBackFromAnExportToTheSameBytes) {
  const test::TemporaryFolder folder;
  file_->model().write(folder / "model");
  const ModelFile file = ModelFile::open(folder / "model");
  const ExportReport report = export_state_dict(file, "s3rec", folder / "x.safetensors");
  EXPECT_TRUE(report.rows_by_number);
  const auto back = open_state_dict(folder / "x.safetensors");
  EXPECT_EQ(back->tensors().size() + report.left_out.size(), file_->state().tensors().size());
  for (size_t i = 0; i < back->tensors().size(); ++i) {
    const std::string& name = back->tensors()[i].name;
    const std::vector<float> values = back->read(i);
    std::vector<float> wanted = tensor_named(file_->state(), name);
    if (name == "item_embeddings.weight") {
      // No item: the mask, and padding where the network never sees it.
      std::fill(wanted.end() - 64, wanted.end(), 0.0f);
      if (file_->model().description.model.padding == PaddingUse::none) {
        std::fill(wanted.begin(), wanted.begin() + 64, 0.0f);
      }
    }
    EXPECT_EQ(values, wanted) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, S3recCheckpoint, testing::ValuesIn(kS3recFiles));

}  // namespace
}  // namespace truenext
