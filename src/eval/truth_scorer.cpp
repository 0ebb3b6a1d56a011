// SPDX-License-Identifier: Apache-2.0
#include "eval/truth_scorer.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/error.h"

namespace truenext {
namespace {

/// "17" -> 16 when the simulated world has at least 17 of them.
int64_t number_of(std::string_view raw, int64_t count, const char* what) {
  int64_t number = 0;
  const auto parsed = std::from_chars(raw.data(), raw.data() + raw.size(), number);
  check_data(
      parsed.ec == std::errc() && parsed.ptr == raw.data() + raw.size() && number >= 1 &&
          number <= count,
      "the dataset's {} \"{}\" is none of the {} in the truth file: it belongs to another log",
      what, raw, count);
  return number - 1;
}

class TruthScorer : public Scorer {
 public:
  TruthScorer(const SimulatedTruth& truth, const Dataset& dataset)
      : truth_(truth), dataset_(dataset) {
    for (int64_t item = 0; item < dataset.num_items(); ++item) {
      true_item_.push_back(number_of(dataset.items().raw(item), truth.num_items(), "item"));
    }
    for (int64_t user = 0; user < dataset.num_users(); ++user) {
      true_user_.push_back(number_of(dataset.users().raw(user), truth.num_users(), "user"));
    }
    check_same_log();
  }

  int64_t num_items() const override { return dataset_.num_items(); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    std::vector<float> probabilities(static_cast<size_t>(truth_.num_items()));
    for (int64_t query = begin; query < end; ++query) {
      const int32_t user = queries.users[static_cast<size_t>(query)];
      check_usage(queries.histories.row_size(query) + 1 == dataset_.histories().row_size(user),
                  "the truth of a simulated log is about the last event of a user; it goes with "
                  "--part test and a split of one test item per user");
      truth_.distribution(true_user_[static_cast<size_t>(user)], probabilities);
      float* row = scores + (query - begin) * num_items();
      for (size_t item = 0; item < true_item_.size(); ++item) {
        row[item] = probabilities[static_cast<size_t>(true_item_[item])];
      }
    }
  }

 private:
  /// The last genuine event stands in the log, unless a filter dropped its item.
  void check_same_log() const {
    int64_t found = 0;
    for (int64_t user = 0; user < dataset_.num_users(); ++user) {
      const auto genuine = truth_.history(true_user_[static_cast<size_t>(user)]);
      const auto items = dataset_.histories().row(user);
      found += std::any_of(items.begin(), items.end(), [&](int32_t item) {
        return true_item_[static_cast<size_t>(item)] == genuine.back();
      });
    }
    check_data(
        2 * found >= dataset_.num_users(),
        "only {} of {} users of the dataset have the events that the truth file tells of: it "
        "belongs to another log",
        found, dataset_.num_users());
  }

  const SimulatedTruth& truth_;
  const Dataset& dataset_;
  std::vector<int64_t> true_item_;
  std::vector<int64_t> true_user_;
};

}  // namespace

std::unique_ptr<Scorer> make_truth_scorer(const SimulatedTruth& truth, const Dataset& dataset) {
  return std::make_unique<TruthScorer>(truth, dataset);
}

}  // namespace truenext
