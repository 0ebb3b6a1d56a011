// SPDX-License-Identifier: Apache-2.0
#include "data/dataset_summary.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace truenext {
namespace {

/// Linear between the two nearest, as most programs have it.
double quantile(const std::vector<int64_t>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double weight = at - static_cast<double>(below);
  return (1 - weight) * static_cast<double>(sorted[below]) +
         weight * static_cast<double>(sorted[above]);
}

int64_t mode_of(const std::vector<int64_t>& sorted) {
  int64_t mode = 0;
  size_t most = 0;
  for (size_t begin = 0; begin < sorted.size();) {
    size_t end = begin;
    while (end < sorted.size() && sorted[end] == sorted[begin]) ++end;
    if (end - begin > most) {
      most = end - begin;
      mode = sorted[begin];
    }
    begin = end;
  }
  return mode;
}

class Summariser {
 public:
  explicit Summariser(const Dataset& dataset)
      : dataset_(dataset),
        items_(static_cast<size_t>(dataset.num_items())),
        trained_(items_.size()),
        last_user_(items_.size(), -1),
        last_group_(items_.size(), -1) {}

  DatasetSummary run() {
    summary_.users = dataset_.num_users();
    summary_.items = dataset_.num_items();
    summary_.events = dataset_.num_events();
    count_events();
    count_training();
    summary_.valid = targets(&SplitPoint::valid_begin, &SplitPoint::valid_end);
    summary_.test = targets(&SplitPoint::test_begin, &SplitPoint::test_end);
    return summary_;
  }

 private:
  void count_events() {
    std::vector<int64_t> lengths;
    for (int64_t user = 0; user < summary_.users; ++user) {
      lengths.push_back(dataset_.histories().row_size(user));
      count_repeats(user);
      if (dataset_.has_times()) count_ties(user);
    }
    const double cells = static_cast<double>(summary_.users) * static_cast<double>(summary_.items);
    summary_.distinct_pairs = summary_.events - summary_.repeated_pairs;
    summary_.sparsity = 1 - static_cast<double>(summary_.distinct_pairs) / cells;
    summary_.history_lengths = CountSummary::of(std::move(lengths));
    summary_.item_counts = CountSummary::of(items_);
    if (dataset_.has_times()) {
      const auto times = dataset_.times().values;
      const auto [first, last] = std::minmax_element(times.begin(), times.end());
      summary_.first_time = *first;
      summary_.last_time = *last;
    }
  }

  void count_repeats(int64_t user) {
    const int64_t before = summary_.repeated_pairs;
    for (const int32_t item : dataset_.histories().row(user)) {
      ++items_[item];
      summary_.repeated_pairs += std::exchange(last_user_[item], user) == user;
    }
    summary_.users_with_repeats += summary_.repeated_pairs > before;
  }

  void count_ties(int64_t user) {
    const auto times = dataset_.times().row(user);
    const auto items = dataset_.histories().row(user);
    const int64_t before = summary_.ties;
    for (size_t i = 0; i < times.size(); ++i) {
      const bool tie = i > 0 && times[i] == times[i - 1];
      summary_.ties += tie;
      if (!tie) ++group_;
      summary_.duplicates += std::exchange(last_group_[items[i]], group_) == group_;
    }
    summary_.users_with_ties += summary_.ties > before;
  }

  void count_training() {
    std::vector<int64_t> lengths;
    std::fill(last_user_.begin(), last_user_.end(), -1);
    for (int64_t user = 0; user < summary_.users; ++user) {
      const int64_t end = dataset_.splits()[user].train_end;
      if (end == 0) continue;
      lengths.push_back(end);
      const int64_t begin = dataset_.histories().offsets[user];
      for (int64_t at = begin; at < begin + end; ++at) {
        const int32_t item = dataset_.histories().values[at];
        trained_[item] = true;
        summary_.train_repeats += std::exchange(last_user_[item], user) == user;
        if (dataset_.has_times()) {
          newest_training_ = std::max(newest_training_, dataset_.times().values[at]);
        }
      }
    }
    summary_.train_lengths = CountSummary::of(std::move(lengths));
    summary_.items_never_trained = std::count(trained_.begin(), trained_.end(), false);
  }

  TargetSummary targets(int64_t SplitPoint::*begin, int64_t SplitPoint::*end) {
    TargetSummary summary;
    std::vector<bool> seen(items_.size());
    std::fill(last_user_.begin(), last_user_.end(), -1);
    for (int64_t user = 0; user < summary_.users; ++user) {
      const SplitPoint& cut = dataset_.splits()[user];
      if (cut.*begin == cut.*end) continue;
      ++summary.users;
      const auto items = dataset_.histories().row(user);
      for (int64_t at = 0; at < cut.*begin; ++at) last_user_[items[at]] = user;
      for (int64_t at = cut.*begin; at < cut.*end; ++at) {
        ++summary.targets;
        seen[items[at]] = true;
        summary.in_history += last_user_[items[at]] == user;
        summary.never_trained += !trained_[items[at]];
        if (dataset_.has_times()) {
          summary.before_training += dataset_.times().row(user)[at] < newest_training_;
        }
      }
    }
    summary.items = std::count(seen.begin(), seen.end(), true);
    return summary;
  }

  const Dataset& dataset_;
  std::vector<int64_t> items_;  // events of each
  std::vector<bool> trained_;
  std::vector<int64_t> last_user_, last_group_;
  int64_t group_ = 0;
  int64_t newest_training_ = std::numeric_limits<int64_t>::min();
  DatasetSummary summary_;
};

}  // namespace

CountSummary CountSummary::of(std::vector<int64_t> values) {
  CountSummary summary;
  if (values.empty()) return summary;
  std::sort(values.begin(), values.end());
  summary.count = static_cast<int64_t>(values.size());
  summary.total = std::accumulate(values.begin(), values.end(), int64_t{0});
  summary.min = values.front();
  summary.max = values.back();
  summary.mode = mode_of(values);
  summary.mean = static_cast<double>(summary.total) / static_cast<double>(summary.count);
  summary.median = quantile(values, 0.5);
  summary.lower_quartile = quantile(values, 0.25);
  summary.upper_quartile = quantile(values, 0.75);
  double squares = 0;
  for (const int64_t value : values) {
    squares += std::pow(static_cast<double>(value) - summary.mean, 2);
  }
  summary.deviation = std::sqrt(squares / static_cast<double>(summary.count));
  return summary;
}

DatasetSummary summarise(const Dataset& dataset) {
  return Summariser(dataset).run();
}

}  // namespace truenext
