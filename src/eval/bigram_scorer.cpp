// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "eval/evaluator.h"

namespace truenext {
namespace {

/// Popularity of every item as places in the order of counts: 0, 1, 2, ... without gaps.
struct Popularity {
  std::vector<int32_t> place;
  int32_t places = 0;
};

Popularity popularity_places(const std::vector<int64_t>& counts) {
  std::vector<int64_t> distinct(counts);
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  Popularity popularity;
  popularity.places = static_cast<int32_t>(distinct.size());
  for (const int64_t count : counts) {
    popularity.place.push_back(static_cast<int32_t>(
        std::lower_bound(distinct.begin(), distinct.end(), count) - distinct.begin()));
  }
  return popularity;
}

/// Calls body(item, successor) for every neighbouring pair of the training parts.
template <typename Body>
void for_each_pair(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                   const Body& body) {
  for (int64_t user = 0; user < histories.size(); ++user) {
    const auto items =
        histories.row(user).first(static_cast<size_t>(splits[static_cast<size_t>(user)].train_end));
    for (size_t i = 1; i < items.size(); ++i) body(items[i - 1], items[i]);
  }
}

/// All successors of every item, sorted by item number, with repetitions.
Jagged<int32_t> sorted_successors(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                                  int64_t num_items) {
  Jagged<int32_t> successors;
  successors.offsets.assign(static_cast<size_t>(num_items) + 1, 0);
  for_each_pair(histories, splits, [&](int32_t item, int32_t) {
    ++successors.offsets[static_cast<size_t>(item) + 1];
  });
  for (size_t i = 1; i < successors.offsets.size(); ++i) {
    successors.offsets[i] += successors.offsets[i - 1];
  }
  successors.values.resize(static_cast<size_t>(successors.offsets.back()));
  std::vector<int64_t> next(successors.offsets.begin(), successors.offsets.end() - 1);
  for_each_pair(histories, splits, [&](int32_t item, int32_t successor) {
    successors.values[static_cast<size_t>(next[static_cast<size_t>(item)]++)] = successor;
  });
  for (int64_t item = 0; item < num_items; ++item) {
    std::sort(successors.values.begin() + successors.offsets[static_cast<size_t>(item)],
              successors.values.begin() + successors.offsets[static_cast<size_t>(item) + 1]);
  }
  return successors;
}

struct Counted {
  int64_t count = 0;
  int32_t item = 0;
};

class BigramScorer : public Scorer {
 public:
  BigramScorer(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
               int64_t num_items) {
    const Popularity popularity =
        popularity_places(count_items(histories, splits, num_items, &SplitPoint::train_end));
    popularity_.assign(popularity.place.begin(), popularity.place.end());
    const Jagged<int32_t> successors = sorted_successors(histories, splits, num_items);
    std::vector<Counted> row;
    for (int64_t item = 0; item < num_items; ++item) {
      row.clear();
      for (const int32_t successor : successors.row(item)) {
        if (row.empty() || row.back().item != successor) row.push_back({0, successor});
        ++row.back().count;
      }
      add_row(&row, popularity);
    }
  }

  int64_t num_items() const override { return static_cast<int64_t>(popularity_.size()); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    for (int64_t query = begin; query < end; ++query) {
      float* row = scores + (query - begin) * num_items();
      std::copy(popularity_.begin(), popularity_.end(), row);
      const auto history = queries.histories.row(query);
      if (history.empty()) continue;
      for (const ScoredItem& successor : rows_.row(history.back())) {
        row[successor.item] = successor.score;
      }
    }
  }

 private:
  /// Successors stand above every popularity place, in the order of (count, popularity).
  void add_row(std::vector<Counted>* row, const Popularity& popularity) {
    const auto key = [&](const Counted& c) {
      return std::pair(c.count, popularity.place[static_cast<size_t>(c.item)]);
    };
    std::sort(row->begin(), row->end(),
              [&](const Counted& a, const Counted& b) { return key(a) < key(b); });
    int32_t place = popularity.places;
    for (size_t i = 0; i < row->size(); ++i) {
      if (i > 0 && key((*row)[i]) != key((*row)[i - 1])) ++place;
      rows_.values.push_back({(*row)[i].item, static_cast<float>(place)});
    }
    rows_.offsets.push_back(static_cast<int64_t>(rows_.values.size()));
  }

  std::vector<float> popularity_;
  Jagged<ScoredItem> rows_;
};

}  // namespace

std::unique_ptr<Scorer> make_bigram_scorer(JaggedView<int32_t> histories,
                                           std::span<const SplitPoint> splits, int64_t num_items) {
  return std::make_unique<BigramScorer>(histories, splits, num_items);
}

std::unique_ptr<Scorer> make_bigram_scorer(const Dataset& dataset) {
  return make_bigram_scorer(dataset.histories(), dataset.splits(), dataset.num_items());
}

}  // namespace truenext
