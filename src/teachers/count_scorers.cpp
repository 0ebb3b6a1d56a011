// SPDX-License-Identifier: Apache-2.0
#include "teachers/count_scorers.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace truenext {
namespace {

std::vector<int64_t> training_counts(const Dataset& dataset) {
  return count_items(dataset.histories(), dataset.splits(), dataset.num_items(),
                     &SplitPoint::train_end);
}

/// Rows of the items that followed each item, and how often.
class ItemToItem final : public Scorer {
 public:
  explicit ItemToItem(const Dataset& dataset) {
    const int64_t items = dataset.num_items();
    count_pairs(dataset);
    const std::vector<int64_t> counts = training_counts(dataset);
    double all = static_cast<double>(items);
    for (const int64_t count : counts) all += static_cast<double>(count);
    for (const int64_t count : counts) {
      popularity_.push_back(static_cast<double>(count + 1) / all);
      log_popularity_.push_back(static_cast<float>(std::log(popularity_.back())));
    }
  }

  int64_t num_items() const override { return std::ssize(popularity_); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    for (int64_t q = begin; q < end; ++q, scores += num_items()) {
      const int32_t newest = queries.histories.row(q).back();
      const int64_t first = offsets_[newest], last = offsets_[newest + 1];
      double sum = 0;
      for (int64_t i = first; i < last; ++i) sum += followers_[i].times;
      const double back_off = std::log(sum + 1);
      for (int64_t i = 0; i < num_items(); ++i) {
        scores[i] = static_cast<float>(log_popularity_[i] - back_off);
      }
      for (int64_t i = first; i < last; ++i) {
        const auto [item, times] = followers_[i];
        scores[item] = static_cast<float>(std::log(times + popularity_[item]) - back_off);
      }
    }
  }

 private:
  struct Follower {
    int32_t item;
    double times;
  };

  void count_pairs(const Dataset& dataset) {
    std::vector<std::pair<int32_t, int32_t>> pairs;
    for (int64_t user = 0; user < dataset.num_users(); ++user) {
      const auto history = dataset.histories().row(user);
      for (int64_t i = 1; i < dataset.splits()[user].train_end; ++i) {
        pairs.emplace_back(history[i - 1], history[i]);
      }
    }
    std::ranges::sort(pairs);
    offsets_.assign(static_cast<size_t>(dataset.num_items() + 1), 0);
    for (size_t i = 0; i < pairs.size();) {
      size_t j = i;
      while (j < pairs.size() && pairs[j] == pairs[i]) ++j;
      followers_.push_back({pairs[i].second, static_cast<double>(j - i)});
      offsets_[pairs[i].first + 1] = std::ssize(followers_);
      i = j;
    }
    for (size_t i = 1; i < offsets_.size(); ++i)
      offsets_[i] = std::max(offsets_[i], offsets_[i - 1]);
  }

  std::vector<double> popularity_;
  std::vector<float> log_popularity_;
  std::vector<int64_t> offsets_;  ///< [items + 1], into followers_
  std::vector<Follower> followers_;
};

}  // namespace

std::unique_ptr<Scorer> make_popularity_teacher(const Dataset& dataset) {
  const std::vector<int64_t> counts = training_counts(dataset);
  const auto most = static_cast<double>(std::max<int64_t>(1, *std::ranges::max_element(counts)));
  std::vector<float> scores;
  for (const int64_t count : counts) {
    scores.push_back(static_cast<float>(5 * (2 * static_cast<double>(count) / most - 1)));
  }
  return make_item_scorer(std::move(scores));
}

std::unique_ptr<Scorer> make_item_to_item_teacher(const Dataset& dataset) {
  return std::make_unique<ItemToItem>(dataset);
}

}  // namespace truenext
