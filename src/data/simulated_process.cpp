// SPDX-License-Identifier: Apache-2.0
#include "data/simulated_process.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/error.h"

namespace truenext {
namespace {

constexpr double kLagWeights[] = {0.4, 0.35, 0.25};
constexpr double kBranchWeights[] = {0.6, 0.3, 0.1};
constexpr int kTries = 64;  // before the exact but slow way of drawing an unseen item

void check_rate(double value, std::string_view name, double high) {
  check_usage(value >= 0 && value <= high, "simulate: {} = {} is out of range, want 0 to {}", name,
              value, high);
}

template <typename Weights>
int choose(const Weights& weights, int count, double u) {
  for (int i = 0; i + 1 < count; ++i) {
    if (u < weights[i]) return i;
    u -= weights[i];
  }
  return count - 1;
}

}  // namespace

void SimulateOptions::check() const {
  const auto check_count = [](int64_t value, std::string_view name, int64_t low, int64_t high) {
    check_usage(value >= low && value <= high, "simulate: {} = {} is out of range, want {} to {}",
                name, value, low, high);
  };
  check_count(users, "users", 1, int64_t{1} << 31);
  check_count(items, "items", 2 * SimulatedProcess::kShortest, 1000000000);
  check_count(interests, "interests", 1, items);
  check_usage(events >= SimulatedProcess::kShortest && events <= 1e6,
              "simulate: events = {} is out of range, want {} to 1000000", events,
              SimulatedProcess::kShortest);
  check_usage(zipf >= 0 && zipf <= 5, "simulate: zipf = {} is out of range, want 0 to 5", zipf);
  check_rate(drift, "drift", 1);
  check_rate(chain, "chain", 1);
  check_rate(repeat, "repeat", 0.95);
  check_rate(noise_random, "noise-random", 0.9);
  check_rate(noise_mix, "noise-mix", 0.9);
  check_rate(noise_random + noise_mix, "noise-random + noise-mix", 0.9);
  check_rate(noise_swap, "noise-swap", 0.9);
}

SimulatedProcess::SimulatedProcess(const SimulateOptions& options)
    : options_(options),
      interests_(options.interests),
      genuine_key_(random_key(options.seed, Purpose::simulate, 0)),
      length_key_(random_key(options.seed, Purpose::simulate, 1)),
      successor_key_(random_key(options.seed, Purpose::simulate, 3)) {
  options.check();
  const auto items = static_cast<size_t>(options.items);
  item_at_.resize(items);
  place_.resize(items);
  shuffled_indices(random_key(options.seed, Purpose::simulate, 2), item_at_.data(),
                   static_cast<uint32_t>(items));
  for (size_t place = 0; place < items; ++place) {
    place_[item_at_[place]] = static_cast<uint32_t>(place);
  }
  double sum = 0;
  for (int64_t rank = 0; rank < interest_size(0); ++rank) {
    sum += std::pow(static_cast<double>(rank + 1), -options.zipf);
    item_mass_.push_back(sum);
  }
  sum = 0;
  for (int64_t interest = 0; interest < interests_; ++interest) {
    // Interests differ less than items do, or one of them would be the whole log.
    sum += std::pow(static_cast<double>(interest + 1), -0.5 * options.zipf);
    interest_mass_.push_back(sum);
  }
  for (double& mass : interest_mass_) mass /= sum;
}

int64_t SimulatedProcess::length(int64_t user) const {
  RandomStream random(length_key_, static_cast<uint64_t>(user));
  const double more = options_.events - kShortest;
  if (more <= 0) return kShortest;
  const double geometric = std::floor(std::log1p(-random.uniform()) / std::log(more / (more + 1)));
  const int64_t longest = options_.items / 2;
  return geometric >= static_cast<double>(longest - kShortest)
             ? longest
             : kShortest + static_cast<int64_t>(geometric);
}

int64_t SimulatedProcess::interest_size(int64_t interest) const {
  return (options_.items - interest + interests_ - 1) / interests_;
}

double SimulatedProcess::item_share(int64_t rank, int64_t size) const {
  const double below = rank == 0 ? 0 : item_mass_[static_cast<size_t>(rank) - 1];
  return (item_mass_[static_cast<size_t>(rank)] - below) /
         item_mass_[static_cast<size_t>(size) - 1];
}

int32_t SimulatedProcess::successor(int32_t item, uint32_t branch) const {
  const int64_t interest = interest_of(item);
  const uint64_t bits = philox({static_cast<uint32_t>(item), branch, 0, 0}, successor_key_)[0];
  const uint64_t rank = (bits * static_cast<uint64_t>(interest_size(interest))) >> 32;
  return static_cast<int32_t>(
      item_at_[rank * static_cast<uint64_t>(interests_) + static_cast<uint64_t>(interest)]);
}

int32_t SimulatedProcess::draw_popular(int64_t interest, RandomStream& random) const {
  const auto end = item_mass_.begin() + static_cast<std::ptrdiff_t>(interest_size(interest));
  const auto found = std::upper_bound(item_mass_.begin(), end, random.uniform() * *(end - 1));
  const int64_t rank = std::min(found, end - 1) - item_mass_.begin();
  return static_cast<int32_t>(item_at_[static_cast<size_t>(rank * interests_ + interest)]);
}

int64_t SimulatedProcess::draw_interest(RandomStream& random) const {
  const auto found =
      std::upper_bound(interest_mass_.begin(), interest_mass_.end() - 1, random.uniform());
  return found - interest_mass_.begin();
}

SimulatedProcess::Lags SimulatedProcess::lags_within(std::span<const int32_t> history,
                                                     int64_t interest) const {
  Lags lags;
  double sum = 0;
  for (size_t lag = 0; lag < std::size(kLagWeights) && lag < history.size(); ++lag) {
    const int32_t item = history[history.size() - 1 - lag];
    if (interest_of(item) != interest) continue;
    lags.item[lags.count] = item;
    lags.weight[lags.count++] = kLagWeights[lag];
    sum += kLagWeights[lag];
  }
  for (int i = 0; i < lags.count; ++i) lags.weight[i] /= sum;
  return lags;
}

int32_t SimulatedProcess::draw_following(const Lags& lags, RandomStream& random) const {
  const int32_t item = lags.item[choose(lags.weight, lags.count, random.uniform())];
  const int branch = choose(kBranchWeights, std::size(kBranchWeights), random.uniform());
  return successor(item, static_cast<uint32_t>(branch));
}

int32_t SimulatedProcess::draw_unrestricted(const Lags& lags, int64_t interest,
                                            RandomStream& random) const {
  if (random.uniform() < options_.drift) {
    const bool neighbour = random.uniform() < 0.5;
    return draw_popular(neighbour ? (interest + 1) % interests_ : draw_interest(random), random);
  }
  if (lags.count > 0 && random.uniform() < options_.chain) return draw_following(lags, random);
  return draw_popular(interest, random);
}

int32_t SimulatedProcess::draw_new(std::span<const int32_t> history, int64_t interest,
                                   const std::vector<uint8_t>& seen, RandomStream& random) const {
  const Lags lags = lags_within(history, interest);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const int32_t item = draw_unrestricted(lags, interest, random);
    if (seen[static_cast<size_t>(item)] == 0) return item;
  }
  // Nearly everything in reach was consumed. Same distribution, by its cumulative sum.
  std::vector<double> probabilities;
  new_item_distribution(history, interest, seen, probabilities);
  double u = random.uniform();
  int32_t last = 0;
  for (size_t item = 0; item < probabilities.size(); ++item) {
    if (probabilities[item] <= 0) continue;
    last = static_cast<int32_t>(item);
    if (u < probabilities[item]) break;
    u -= probabilities[item];
  }
  return last;
}

std::vector<int32_t> SimulatedProcess::draw(int64_t user, std::vector<uint8_t>& seen) const {
  RandomStream random(genuine_key_, static_cast<uint64_t>(user));
  const auto count = static_cast<size_t>(length(user));
  std::vector<int32_t> events{draw_popular(draw_interest(random), random)};
  events.reserve(count);
  seen[static_cast<size_t>(events[0])] = 1;
  int64_t interest = interest_of(events[0]);
  while (events.size() < count) {
    if (options_.repeat > 0 && random.uniform() < options_.repeat) {
      const auto window = std::min<size_t>(events.size(), kRepeatWindow);
      events.push_back(events[events.size() - 1 - random.below(static_cast<uint32_t>(window))]);
      continue;
    }
    const int32_t item = draw_new(events, interest, seen, random);
    seen[static_cast<size_t>(item)] = 1;
    interest = interest_of(item);
    events.push_back(item);
  }
  for (const int32_t item : events) seen[static_cast<size_t>(item)] = 0;
  return events;
}

void SimulatedProcess::new_item_distribution(std::span<const int32_t> history, int64_t interest,
                                             const std::vector<uint8_t>& seen,
                                             std::vector<double>& out) const {
  const Lags lags = lags_within(history, interest);
  const double stay = 1 - options_.drift;
  const double follow = lags.count > 0 ? options_.chain : 0;
  out.assign(static_cast<size_t>(options_.items), 0.0);
  for (int64_t c = 0; c < interests_; ++c) {
    const double share = interest_mass_[static_cast<size_t>(c)] -
                         (c == 0 ? 0 : interest_mass_[static_cast<size_t>(c) - 1]);
    const bool neighbour = c == (interest + 1) % interests_;
    double weight = options_.drift * 0.5 * (share + (neighbour ? 1 : 0));
    if (c == interest) weight += stay * (1 - follow);
    const int64_t size = interest_size(c);
    for (int64_t rank = 0; rank < size; ++rank) {
      out[item_at_[static_cast<size_t>(rank * interests_ + c)]] = weight * item_share(rank, size);
    }
  }
  for (int lag = 0; lag < lags.count; ++lag) {
    for (size_t branch = 0; branch < std::size(kBranchWeights); ++branch) {
      out[static_cast<size_t>(successor(lags.item[lag], static_cast<uint32_t>(branch)))] +=
          stay * follow * lags.weight[lag] * kBranchWeights[branch];
    }
  }
  double sum = 0;
  double unseen = 0;
  for (size_t item = 0; item < out.size(); ++item) {
    if (seen[item] != 0) out[item] = 0;
    sum += out[item];
    unseen += seen[item] == 0 ? 1 : 0;
  }
  for (size_t item = 0; item < out.size(); ++item) {
    // Nothing in reach is left (possible without drift): any unseen item.
    out[item] = sum > 0 ? out[item] / sum : (seen[item] == 0 ? 1 / unseen : 0);
  }
}

void SimulatedProcess::next_distribution(std::span<const int32_t> history,
                                         std::vector<double>& probabilities) const {
  std::vector<uint8_t> seen(static_cast<size_t>(options_.items));
  int64_t interest = 0;
  for (const int32_t item : history) {
    uint8_t& known = seen[static_cast<size_t>(item)];
    if (known == 0) interest = interest_of(item);
    known = 1;
  }
  new_item_distribution(history, interest, seen, probabilities);
  for (double& probability : probabilities) probability *= 1 - options_.repeat;
  const auto window = std::min<size_t>(history.size(), kRepeatWindow);
  for (const int32_t item : history.last(window)) {
    probabilities[static_cast<size_t>(item)] += options_.repeat / static_cast<double>(window);
  }
}

}  // namespace truenext
