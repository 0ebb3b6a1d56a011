// SPDX-License-Identifier: Apache-2.0
#include "objectives/candidates.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/remaining.h"
#include "kernels/kernels.h"

namespace truenext {
namespace {

constexpr uint32_t kOne = uint32_t{1} << 31;  ///< probability 1 in the alias table
/// Draws of an excluded item are made again so many times, then uniformly among the others: only
/// users whose history holds nearly all of q ever get there.
constexpr uint64_t kAttempts = 64;

/// Of the key of a step's negatives. 0 is for uniform draws and 1 for buckets.
enum KeyIndex : uint64_t { uniform_draws = 0, first_attempt = 2 };

PhiloxKey key_of(const DrawPlace& place, uint64_t index) {
  return random_key(place.seed, Purpose::negatives, place.step, index);
}

/// n words below `choices` for one place.
void words_below(const PhiloxKey& key, const DrawPlace& place, uint32_t choices,
                 std::span<int32_t> out) {
  kernels::uniform_items(key, place.stream, place.row, choices, -1,
                         static_cast<int64_t>(out.size()), out.data());
}

}  // namespace

CandidateSampler::CandidateSampler(const ObjectiveOptions& options, int64_t num_items,
                                   std::span<const int64_t> counts)
    : kind_(options.candidates), num_items_(num_items) {
  popularity_share_ = kind_ == CandidateSet::mixed     ? options.popularity_share
                      : kind_ == CandidateSet::uniform ? 0.0
                                                       : 1.0;
  if (!options.counts_items()) return;
  check_usage(std::ssize(counts) == num_items &&
                  std::any_of(counts.begin(), counts.end(), [](int64_t c) { return c > 0; }),
              "objective.candidates = \"{}\" needs how often the {} items occur in training",
              word_of(kind_), num_items);
  const double power = kind_ == CandidateSet::batch ? 1.0 : options.popularity_power;
  for (const int64_t count : counts) share_.push_back(std::pow(static_cast<double>(count), power));
  const double sum = std::accumulate(share_.begin(), share_.end(), 0.0);
  for (double& share : share_) share /= sum;
  make_alias_table(share_);
}

void CandidateSampler::make_alias_table(std::span<const double> weights) {
  const auto n = static_cast<double>(num_items_);
  std::vector<double> height(weights.begin(), weights.end());
  for (double& h : height) h *= n;
  std::vector<int32_t> small, large;
  for (int32_t i = 0; i < num_items_; ++i) (height[i] < 1 ? small : large).push_back(i);
  keep_.assign(static_cast<size_t>(num_items_), kOne);
  alias_.resize(static_cast<size_t>(num_items_));
  std::iota(alias_.begin(), alias_.end(), 0);
  while (!small.empty() && !large.empty()) {
    const int32_t low = small.back(), high = large.back();
    small.pop_back();
    keep_[low] = static_cast<uint32_t>(std::llround(height[low] * kOne));
    alias_[low] = high;
    height[high] -= 1 - height[low];
    if (height[high] >= 1) continue;
    large.pop_back();
    small.push_back(high);
  }
}

void CandidateSampler::draw(const DrawPlace& place, std::span<const int32_t> excluded,
                            std::span<const int32_t> pool, std::span<int32_t> out) const {
  if (kind_ == CandidateSet::uniform) {
    draw_uniform(place, excluded, out);
    return;
  }
  propose(place, 0, pool, out);
  const auto is_excluded = [&](int32_t item) {
    return std::binary_search(excluded.begin(), excluded.end(), item);
  };
  std::vector<size_t> again;
  for (size_t j = 0; j < out.size(); ++j) {
    if (is_excluded(out[j])) again.push_back(j);
  }
  std::vector<int32_t> fresh(again.empty() ? 0 : again.back() + 1);
  for (uint64_t attempt = 1; !again.empty() && attempt <= kAttempts; ++attempt) {
    if (attempt < kAttempts) {
      propose(place, attempt, pool, fresh);
    } else {
      draw_uniform(place, excluded, fresh);
    }
    for (const size_t j : again) out[j] = fresh[j];
    std::erase_if(again, [&](size_t j) { return !is_excluded(out[j]); });
  }
}

void CandidateSampler::draw_uniform(const DrawPlace& place, std::span<const int32_t> excluded,
                                    std::span<int32_t> out) const {
  const bool single = excluded.size() == 1;  // the most usual case, in one pass
  const auto choices = static_cast<uint32_t>(num_items_ - std::ssize(excluded));
  kernels::uniform_items(key_of(place, uniform_draws), place.stream, place.row, choices,
                         single ? excluded[0] : -1, static_cast<int64_t>(out.size()), out.data());
  if (excluded.size() < 2) return;
  for (int32_t& item : out) item = remaining_at(static_cast<uint32_t>(item), excluded);
}

void CandidateSampler::propose(const DrawPlace& place, uint64_t attempt,
                               std::span<const int32_t> pool, std::span<int32_t> out) const {
  const uint64_t index = first_attempt + 4 * attempt;
  if (kind_ == CandidateSet::batch) {
    words_below(key_of(place, index), place, static_cast<uint32_t>(pool.size()), out);
    for (int32_t& item : out) item = pool[item];
    return;
  }
  std::vector<int32_t> height(out.size()), component(out.size());
  words_below(key_of(place, index), place, static_cast<uint32_t>(num_items_), out);
  words_below(key_of(place, index + 1), place, kOne, height);
  const bool mixed = popularity_share_ < 1;
  if (mixed) words_below(key_of(place, index + 2), place, kOne, component);
  const auto popular = static_cast<uint32_t>(std::llround(popularity_share_ * kOne));
  for (size_t j = 0; j < out.size(); ++j) {
    if (mixed && static_cast<uint32_t>(component[j]) >= popular) continue;  // a uniform draw
    if (static_cast<uint32_t>(height[j]) >= keep_[out[j]]) out[j] = alias_[out[j]];
  }
}

double CandidateSampler::log_expected(int32_t item, int64_t draws) const {
  const double by_popularity = popularity_share_ > 0 ? popularity_share_ * share_[item] : 0;
  const double uniform = (1 - popularity_share_) / static_cast<double>(num_items_);
  return std::log(static_cast<double>(draws) * (by_popularity + uniform));
}

}  // namespace truenext
