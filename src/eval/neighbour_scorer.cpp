// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "eval/baselines.h"

namespace truenext {
namespace {

/// The weight of a neighbour whose newest shared item is the p-th newest of the query (1 = newest)
/// is 1 - p / 10; ten times that, so that scores are sums of whole numbers.
constexpr int32_t kDecayPlaces = 10;
/// So many of each keep a sum below 2^31: 40,000 * (100 + 99 + ... + 1) * 9.
constexpr int64_t kMostNewest = 100;
constexpr int64_t kMostNeighbours = 40'000;

/// What a user shares with a query.
struct Shared {
  int32_t similarity = 0;  ///< 0 = nothing
  int32_t age = 0;         ///< of the newest shared item in the query, 0 = its last event
};

/// Memory of a thread while it scores a block.
struct Work {
  std::vector<Shared> shared;       ///< by place in the order of users
  std::vector<int32_t> candidates;  ///< places that share something
  std::vector<int32_t> sums;        ///< by item
};

/// Users with a training part, most recent last training event first. Equal times, and users of
/// data without times: later ones first.
std::vector<int32_t> recent_users(JaggedView<int64_t> times, std::span<const SplitPoint> splits) {
  std::vector<int32_t> users;
  for (size_t user = splits.size(); user-- > 0;) {
    if (splits[user].train_end > 0) users.push_back(static_cast<int32_t>(user));
  }
  if (times.values.empty()) return users;
  const auto newest = [&](int32_t user) {
    const int64_t last = splits[static_cast<size_t>(user)].train_end - 1;
    return times.row(user)[static_cast<size_t>(last)];
  };
  std::stable_sort(users.begin(), users.end(),
                   [&](int32_t a, int32_t b) { return newest(a) > newest(b); });
  return users;
}

class NeighbourScorer : public Scorer {
 public:
  NeighbourScorer(JaggedView<int32_t> histories, JaggedView<int64_t> times,
                  std::span<const SplitPoint> splits, int64_t num_items,
                  const NeighbourOptions& options)
      : options_(options),
        users_(recent_users(times, splits)),
        popularity_(
            count_scores(count_items(histories, splits, num_items, &SplitPoint::train_end))) {
    check_usage(options.newest > 0 && options.newest <= kMostNewest && options.recent > 0 &&
                    options.neighbours > 0 && options.neighbours <= kMostNeighbours,
                "nearest neighbours: want 1 to {} events, 1 to {} neighbours and at least one "
                "candidate; got {}, {} and {}",
                kMostNewest, kMostNeighbours, options.newest, options.neighbours, options.recent);
    if (!popularity_.empty()) {  // below 0, where no sum of neighbours is
      const float most = *std::max_element(popularity_.begin(), popularity_.end());
      for (float& score : popularity_) score -= most + 1;
    }
    collect_items(histories, splits);
    make_index();
  }

  int64_t num_items() const override { return static_cast<int64_t>(popularity_.size()); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    Work work;
    work.shared.resize(users_.size());
    work.sums.resize(popularity_.size());
    for (int64_t query = begin; query < end; ++query) {
      find_candidates(queries.histories.row(query), queries.users[static_cast<size_t>(query)],
                      &work);
      add_neighbours(&work);
      write_row(&work, scores + (query - begin) * num_items());
    }
  }

 private:
  /// The items of every training part once, in the order of users: rows that are read together lie
  /// close, and nothing is looked up while neighbours are added.
  void collect_items(JaggedView<int32_t> histories, std::span<const SplitPoint> splits) {
    std::vector<int32_t> last(popularity_.size(), -1);
    for (const int32_t user : users_) {
      const auto length = static_cast<size_t>(splits[static_cast<size_t>(user)].train_end);
      for (const int32_t item : histories.row(user).first(length)) {
        if (std::exchange(last[static_cast<size_t>(item)], user) != user) {
          items_.values.push_back(item);
        }
      }
      items_.offsets.push_back(std::ssize(items_.values));
    }
  }

  /// The most recent users of every item: whoever is among the m most recent that share anything is
  /// among the m most recent of each shared item, and one more makes up for the user who asks.
  void make_index() {
    std::vector<int64_t> holders(popularity_.size());
    for (const int32_t item : items_.values) ++holders[static_cast<size_t>(item)];
    std::vector<int64_t> next;
    for (const int64_t count : holders) {
      next.push_back(index_.offsets.back());
      index_.offsets.push_back(next.back() + std::min(count, options_.recent + 1));
      weights_.push_back(options_.idf && count > 0 ? std::log(static_cast<double>(users_.size()) /
                                                              static_cast<double>(count))
                                                   : 1.0);
    }
    index_.values.resize(static_cast<size_t>(index_.offsets.back()));
    for (int32_t place = 0; std::cmp_less(place, users_.size()); ++place) {
      for (const int32_t item : items_.row(place)) {
        int64_t& to = next[static_cast<size_t>(item)];
        if (to == index_.offsets[static_cast<size_t>(item) + 1]) continue;
        index_.values[static_cast<size_t>(to++)] = place;
      }
    }
  }

  /// Candidates with what they share. A repeated item of the query counts at its newest place.
  void find_candidates(std::span<const int32_t> history, int32_t user, Work* work) const {
    const auto length = static_cast<int32_t>(std::min(std::ssize(history), options_.newest));
    const auto window = history.last(static_cast<size_t>(length));
    work->candidates.clear();
    for (int32_t age = 0; age < length; ++age) {
      const auto item = window.end() - 1 - age;
      if (std::find(item + 1, window.end(), *item) != window.end()) continue;
      for (const int32_t place : index_.row(*item)) {
        if (users_[static_cast<size_t>(place)] == user) continue;
        Shared& shared = work->shared[static_cast<size_t>(place)];
        if (shared.similarity == 0) {
          work->candidates.push_back(place);
          shared.age = age;
        }
        shared.similarity += length - age;
      }
    }
  }

  /// Keeps the first `count` candidates in an order and forgets the others.
  template <typename Before>
  static void keep_first(int64_t count, const Before& before, Work* work) {
    std::vector<int32_t>& candidates = work->candidates;
    if (std::ssize(candidates) <= count) return;
    const auto end = candidates.begin() + count;
    std::nth_element(candidates.begin(), end, candidates.end(), before);
    std::for_each(end, candidates.end(),
                  [&](int32_t place) { work->shared[static_cast<size_t>(place)] = {}; });
    candidates.erase(end, candidates.end());
  }

  /// The most similar of the most recent candidates, the more recent among equals, each for all of
  /// its items.
  void add_neighbours(Work* work) const {
    keep_first(options_.recent, std::less<>(), work);
    const auto more_similar = [&](int32_t a, int32_t b) {
      const int32_t of_a = work->shared[static_cast<size_t>(a)].similarity;
      const int32_t of_b = work->shared[static_cast<size_t>(b)].similarity;
      return of_a != of_b ? of_a > of_b : a < b;
    };
    keep_first(options_.neighbours, more_similar, work);
    for (const int32_t place : work->candidates) {
      const Shared shared = std::exchange(work->shared[static_cast<size_t>(place)], {});
      const int32_t credit = shared.similarity * std::max(0, kDecayPlaces - 1 - shared.age);
      for (const int32_t item : items_.row(place)) work->sums[static_cast<size_t>(item)] += credit;
    }
  }

  void write_row(Work* work, float* row) const {
    for (size_t item = 0; item < popularity_.size(); ++item) {
      const int32_t sum = std::exchange(work->sums[item], 0);
      row[item] = sum > 0 ? static_cast<float>(static_cast<double>(sum) * weights_[item])
                          : popularity_[item];
    }
  }

  NeighbourOptions options_;
  std::vector<int32_t> users_;  // place to user
  std::vector<float> popularity_;
  std::vector<double> weights_;
  Jagged<int32_t> items_;  // place to items
  Jagged<int32_t> index_;  // item to places, ascending
};

}  // namespace

std::unique_ptr<Scorer> make_neighbour_scorer(JaggedView<int32_t> histories,
                                              JaggedView<int64_t> times,
                                              std::span<const SplitPoint> splits, int64_t num_items,
                                              const NeighbourOptions& options) {
  return std::make_unique<NeighbourScorer>(histories, times, splits, num_items, options);
}

std::unique_ptr<Scorer> make_neighbour_scorer(const Dataset& dataset) {
  return make_neighbour_scorer(dataset.histories(), dataset.times(), dataset.splits(),
                               dataset.num_items());
}

}  // namespace truenext
