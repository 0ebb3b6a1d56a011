// SPDX-License-Identifier: Apache-2.0
// Losses and gradients of a small example as the code of Li et al. 2023 gives them, of its repairs
// too. Its table has a padding row 0 and a mask row, which take part like items.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/overloads.h"
#include "objectives/axis_error.h"
#include "objectives/full_catalogue.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kFile = fs::path(TRUENEXT_SHARED_DATA) / "s3rec" / "golden" / "losses.json";
constexpr int64_t kDim = 4, kRows = 12, kLength = 5;

enum class Candidates { full, one_negative, sampled, axis_error };

struct Case {
  const char* name;       ///< in the file
  const char* criterion;  ///< of ours that must agree
  Candidates candidates;
  bool last_only;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name << " by " << one.criterion;
}

/// All numbers of nested arrays.
template <typename T>
void flatten(const json& value, std::vector<T>& out) {
  if (!value.is_array()) return out.push_back(value.get<T>());
  for (const json& part : value) flatten(part, out);
}

template <typename T>
class Example {
 public:
  Example(const json& file, const Case& which) {
    flatten(file["seq_out"], states_);
    flatten(file["item_table"], table_);
    add_targets(file, which);
    state_grad_.assign(states_.size(), T(0));
    loss_ = evaluate(which.candidates, *find_criterion(which.criterion).make({kRows, kRows - 1}));
  }

  void expect(const json& golden, const Case& which) {
    const double wanted = golden["loss"];
    EXPECT_NEAR(loss_, wanted, 1e-5 * std::abs(wanted));
    std::vector<double> states, table;
    flatten(golden["grad_seq_out"], states);
    flatten(golden["grad_item_table"], table);
    ASSERT_EQ(states.size(), state_grad_.size());
    ASSERT_EQ(table.size(), table_.size());
    for (size_t i = 0; i < states.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(state_grad_[i]), states[i], 1e-5) << "state " << i;
    }
    // The original's lookups give the padding row no gradient, its softmax does.
    const size_t first = which.candidates == Candidates::full ? 0 : kDim;
    const auto dense = table_grad_.make_dense();
    for (size_t i = first; i < table.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(dense[i]), table[i], 1e-5) << "table " << i;
    }
  }

 private:
  void add_targets(const json& file, const Case& which) {
    for (int64_t row = 0; row < 3 * kLength; ++row) {
      const int64_t user = row / kLength, column = row % kLength;
      if (column == 0) {
        tile_.sequences.add_row(
            std::vector<int32_t>(kLength, 1));  // the objective sees states only
        tile_.streams.push_back(static_cast<uint64_t>(user));
      }
      const int32_t target = file["target_pos"][user][column];
      if (target == 0 || (which.last_only && column + 1 < kLength)) continue;
      tile_.targets.rows.push_back(static_cast<int32_t>(row));
      tile_.targets.items.push_back(target);
      tile_.targets.weights.push_back(1);
      tile_.targets.offsets.push_back(tile_.targets.size());
      const size_t first = ids_.size();
      ids_.push_back(target);
      if (which.candidates == Candidates::one_negative) {
        ids_.push_back(file["target_neg"][user][column]);
      } else if (which.last_only) {
        flatten(file["sampled_last_position"][user], ids_);
      } else {
        flatten(file["sampled_all_positions"][user][column], ids_);
      }
      // The original turns a draw of the position's own target into the mask id.
      std::replace(ids_.begin() + static_cast<std::ptrdiff_t>(first) + 1, ids_.end(), target,
                   static_cast<int32_t>(kRows - 1));
    }
  }

  double evaluate(Candidates candidates, const Criterion& criterion) {
    ObjectiveInput<T> input;
    input.states = states_.data();
    input.table = table_.data();
    input.dim = kDim;
    input.tile = &tile_;
    input.divisor = tile_.targets.size();
    if (candidates == Candidates::full) {
      return full_by_rows(criterion, input, state_grad_.data(), table_grad_);
    }
    if (candidates == Candidates::axis_error) {
      return axis_error(criterion, input, ids_, state_grad_.data(), table_grad_);
    }
    const int64_t queries = tile_.targets.size();
    const auto count = static_cast<int64_t>(ids_.size()) / queries;
    const std::vector<int32_t> first = {0};
    double loss = 0;
    for (int64_t q = 0; q < queries; ++q) {
      const int32_t* ids = ids_.data() + q * count;
      const int64_t place = tile_.targets.rows[q] * kDim;
      std::vector<T> scores(static_cast<size_t>(count));
      kernels::gather_scores(1, count, kDim, states_.data() + place, table_.data(), ids,
                             scores.data());
      loss += criterion.apply(ScoreRow<T>{scores, first, tile_.targets.positive_weights(q)});
      kernels::scale(count, T(1) / static_cast<T>(queries), scores.data());
      kernels::gather_scores_backward(1, count, kDim, states_.data() + place, table_.data(), ids,
                                      scores.data(), state_grad_.data() + place,
                                      table_grad_.make_dense().data());
    }
    return loss / static_cast<double>(queries);
  }

  Tile tile_;
  std::vector<int32_t> ids_;  ///< [queries, 1 + negatives]
  std::vector<T> states_, table_, state_grad_;
  TableGradient<T> table_grad_{kRows, kDim};
  double loss_ = 0;
};

class EnhancedLoss : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!fs::exists(kFile)) GTEST_SKIP() << kFile << " is not there";
    std::ifstream stream(kFile);
    file_ = json::parse(stream);
  }
  json file_;
};

TEST_P(EnhancedLoss, GivesTheGoldenLossAndGradients) {
  const json& golden = file_["cases"].at(GetParam().name);
  Example<double>(file_, GetParam()).expect(golden, GetParam());
  Example<float>(file_, GetParam()).expect(golden, GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    All, EnhancedLoss,
    testing::Values(Case{"bce_1neg", "bce-mean", Candidates::one_negative, false},
                    Case{"bce_1neg", "bce-published", Candidates::one_negative, false},
                    Case{"bce_multi", "bce-mean", Candidates::sampled, false},
                    Case{"bce_multi", "bce-published", Candidates::sampled, false},
                    Case{"cce", "softmax", Candidates::full, false},
                    Case{"ce_last", "softmax", Candidates::full, true},
                    Case{"bpr_as_published", "bpr-published", Candidates::axis_error, true},
                    Case{"bpr_max_as_published", "bpr-max-published", Candidates::axis_error, true},
                    Case{"top1_as_published", "top1-published", Candidates::axis_error, true},
                    Case{"top1_max_as_published", "top1-max-published", Candidates::axis_error,
                         true},
                    Case{"bpr_correct", "bpr", Candidates::sampled, true},
                    Case{"bpr_correct", "bpr-published", Candidates::sampled, true},
                    Case{"bpr_max_axis_only", "bpr-max-published", Candidates::sampled, true},
                    Case{"top1_axis_only", "top1-published", Candidates::sampled, true},
                    Case{"top1_max_axis_only", "top1-max-published", Candidates::sampled, true},
                    Case{"bpr_max_textbook", "bpr-max", Candidates::sampled, true},
                    Case{"top1_textbook", "top1", Candidates::sampled, true},
                    Case{"top1_max_textbook", "top1-max", Candidates::sampled, true}));

}  // namespace
}  // namespace truenext
