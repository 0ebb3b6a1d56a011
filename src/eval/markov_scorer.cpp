// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <compare>
#include <utility>

#include "eval/baselines.h"

namespace truenext {
namespace {

constexpr int32_t kNoItem = -1;  ///< before the first item of a history
constexpr size_t kOrders = 3;

/// An event of a training part with what precedes the item before it.
struct Step {
  int32_t second, third;  ///< second and third item before `next`; kNoItem = none
  int32_t next;
  auto operator<=>(const Step&) const = default;
};

/// body(item, step that follows it) for every neighbouring pair of the training parts.
template <typename Body>
void for_each_step(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                   const Body& body) {
  for (int64_t user = 0; user < histories.size(); ++user) {
    const auto items =
        histories.row(user).first(static_cast<size_t>(splits[static_cast<size_t>(user)].train_end));
    for (size_t i = 1; i < items.size(); ++i) {
      body(items[i - 1],
           Step{i > 1 ? items[i - 2] : kNoItem, i > 2 ? items[i - 3] : kNoItem, items[i]});
    }
  }
}

/// Everything that followed an item, sorted, so that a longer context is a range of its row.
Jagged<Step> sorted_steps(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                          int64_t num_items) {
  Jagged<Step> steps;
  steps.offsets.assign(static_cast<size_t>(num_items) + 1, 0);
  for_each_step(histories, splits,
                [&](int32_t item, const Step&) { ++steps.offsets[static_cast<size_t>(item) + 1]; });
  for (size_t i = 1; i < steps.offsets.size(); ++i) steps.offsets[i] += steps.offsets[i - 1];
  steps.values.resize(static_cast<size_t>(steps.offsets.back()));
  std::vector<int64_t> next(steps.offsets.begin(), steps.offsets.end() - 1);
  for_each_step(histories, splits, [&](int32_t item, const Step& step) {
    steps.values[static_cast<size_t>(next[static_cast<size_t>(item)]++)] = step;
  });
  for (int64_t item = 0; item < num_items; ++item) {
    std::sort(steps.values.begin() + steps.offsets[static_cast<size_t>(item)],
              steps.values.begin() + steps.offsets[static_cast<size_t>(item) + 1]);
  }
  return steps;
}

using Steps = std::span<const Step>;

/// The part of sorted steps whose `field` is an item; those before it must be equal in all.
Steps narrowed(Steps steps, int32_t Step::*field, int32_t item) {
  const auto range = std::ranges::equal_range(steps, item, {}, field);
  return {range.begin(), range.end()};
}

/// How often each item follows in a context.
class Successors {
 public:
  explicit Successors(int64_t num_items) : counts_(static_cast<size_t>(num_items)) {}

  void count(Steps steps) {
    for (const int32_t item : items_) counts_[static_cast<size_t>(item)] = 0;
    items_.clear();
    for (const Step& step : steps) {
      if (counts_[static_cast<size_t>(step.next)]++ == 0) items_.push_back(step.next);
    }
  }
  const std::vector<int32_t>& items() const { return items_; }  ///< each once
  int32_t count_of(int32_t item) const { return counts_[static_cast<size_t>(item)]; }

 private:
  std::vector<int32_t> counts_, items_;
};

/// Successors that were met once and twice, over all contexts of a length.
struct Singles {
  int64_t once = 0, twice = 0;

  void add(Steps steps, Successors* successors) {
    successors->count(steps);
    for (const int32_t item : successors->items()) {
      once += successors->count_of(item) == 1;
      twice += successors->count_of(item) == 2;
    }
  }
  /// What is taken from every count: n1 / (n1 + 2 n2), which leaving one out gives (Ney et al.); a
  /// half where nothing was met once, so that something is left for shorter contexts.
  double discount() const {
    if (once == 0) return 0.5;
    return static_cast<double>(once) / static_cast<double>(once + 2 * twice);
  }
};

class MarkovScorer : public Scorer {
 public:
  MarkovScorer(JaggedView<int32_t> histories, std::span<const SplitPoint> splits, int64_t num_items)
      : steps_(sorted_steps(histories, splits, num_items)) {
    const auto counts = count_items(histories, splits, num_items, &SplitPoint::train_end);
    int64_t events = 0;
    for (const int64_t count : counts) events += count;
    for (const int64_t count : counts) {
      popularity_.push_back(static_cast<double>(count) /
                            static_cast<double>(std::max<int64_t>(1, events)));
    }
    estimate_discounts();
  }

  int64_t num_items() const override { return static_cast<int64_t>(popularity_.size()); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    Successors successors(num_items());
    std::vector<double> probabilities;
    for (int64_t query = begin; query < end; ++query) {
      probabilities = popularity_;
      add_contexts(queries.histories.row(query), &successors, &probabilities);
      std::transform(probabilities.begin(), probabilities.end(),
                     scores + (query - begin) * num_items(),
                     [](double value) { return static_cast<float>(value); });
    }
  }

 private:
  /// From the shortest context to the longest that was met.
  void add_contexts(std::span<const int32_t> history, Successors* successors,
                    std::vector<double>* probabilities) const {
    const size_t longest = std::min(kOrders, history.size());
    Steps steps;
    for (size_t order = 0; order < longest; ++order) {
      const int32_t item = history[history.size() - 1 - order];
      if (order == 0) steps = steps_.row(item);
      if (order == 1) steps = narrowed(steps, &Step::second, item);
      if (order == 2) steps = narrowed(steps, &Step::third, item);
      if (steps.empty()) return;
      successors->count(steps);
      const auto total = static_cast<double>(steps.size());
      const double discount = discounts_[order];
      const double rest = discount * static_cast<double>(successors->items().size()) / total;
      for (double& probability : *probabilities) probability *= rest;
      for (const int32_t next : successors->items()) {
        (*probabilities)[static_cast<size_t>(next)] +=
            (successors->count_of(next) - discount) / total;
      }
    }
  }

  void estimate_discounts() {
    Successors successors(num_items());
    std::array<Singles, kOrders> singles;
    for (int64_t item = 0; item < num_items(); ++item) {
      const Steps row = steps_.row(item);
      singles[0].add(row, &successors);
      for_each_part(row, &Step::second, [&](Steps two) {
        singles[1].add(two, &successors);
        for_each_part(two, &Step::third, [&](Steps three) { singles[2].add(three, &successors); });
      });
    }
    for (size_t order = 0; order < kOrders; ++order) {
      discounts_[order] = singles[order].discount();
    }
  }

  /// body(steps) for every item that `field` has in sorted steps, without those that have none.
  template <typename Body>
  static void for_each_part(Steps steps, int32_t Step::*field, const Body& body) {
    while (!steps.empty()) {
      const int32_t item = steps.front().*field;
      const auto end = std::ranges::upper_bound(steps, item, {}, field);
      if (item != kNoItem) body(Steps(steps.begin(), end));
      steps = Steps(end, steps.end());
    }
  }

  Jagged<Step> steps_;  // by the item before
  std::vector<double> popularity_;
  std::array<double, kOrders> discounts_{};
};

}  // namespace

std::unique_ptr<Scorer> make_markov_scorer(JaggedView<int32_t> histories,
                                           std::span<const SplitPoint> splits, int64_t num_items) {
  return std::make_unique<MarkovScorer>(histories, splits, num_items);
}

std::unique_ptr<Scorer> make_markov_scorer(const Dataset& dataset) {
  return make_markov_scorer(dataset.histories(), dataset.splits(), dataset.num_items());
}

}  // namespace truenext
