// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <utility>
#include <vector>

#include "eval/evaluator.h"

namespace truenext {
namespace {

class NextScorer final : public Scorer {
 public:
  explicit NextScorer(NextCounts counts) : counts_(std::move(counts)) {
    double all = static_cast<double>(counts_.num_items());
    for (const int64_t count : counts_.popular) all += static_cast<double>(count);
    for (const int64_t count : counts_.popular) {
      popularity_.push_back(static_cast<double>(count + 1) / all);
      log_popularity_.push_back(static_cast<float>(std::log(popularity_.back())));
    }
  }

  int64_t num_items() const override { return counts_.num_items(); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    for (int64_t query = begin; query < end; ++query, scores += num_items()) {
      const auto history = queries.histories.row(query);
      const auto followers = history.empty() ? std::span<const NextCounts::Follower>()
                                             : counts_.followers.row(history.back());
      double sum = 0;
      for (const auto& follower : followers) sum += follower.times;
      const double back_off = std::log(sum + 1);
      for (int64_t i = 0; i < num_items(); ++i) {
        scores[i] = static_cast<float>(static_cast<double>(log_popularity_[i]) - back_off);
      }
      for (const auto& [item, times] : followers) {
        scores[item] = static_cast<float>(std::log(times + popularity_[item]) - back_off);
      }
    }
  }

 private:
  NextCounts counts_;
  std::vector<double> popularity_;
  std::vector<float> log_popularity_;
};

}  // namespace

std::unique_ptr<Scorer> make_next_scorer(NextCounts counts) {
  return std::make_unique<NextScorer>(std::move(counts));
}

}  // namespace truenext
