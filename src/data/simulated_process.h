// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "data/simulate.h"

namespace truenext {

/// The genuine behaviour of simulated users, both ways: drawing it and stating its distribution.
///
/// Items are dealt to interests by a random permutation; inside an interest item r (from 1) has the
/// weight r^-zipf. With the probability `repeat` an event repeats one of the last kRepeatWindow
/// events, each equally likely. Otherwise it is new to the user and drawn from
///   (1 - drift) * inside(z) + drift * (zipf(z + 1) + sum_c share(c) zipf(c)) / 2
/// restricted to items not yet seen, where z is the interest of the last event that was new, and
///   inside(z) = chain * sum_l lag_weight(l) * successor(item l events ago) + (1 - chain) *
///   zipf(z).
/// Only lags whose item belongs to z count (weights rescaled); without any, inside(z) = zipf(z).
/// This is a mixture transition distribution (Raftery, JRSS B 1985) inside each interest.
class SimulatedProcess {
 public:
  static constexpr int64_t kRepeatWindow = 8;
  static constexpr int64_t kShortest = 5;

  explicit SimulatedProcess(const SimulateOptions& options);

  const SimulateOptions& options() const { return options_; }
  /// Number of genuine events of a user: kShortest + a geometric number, at most items / 2.
  int64_t length(int64_t user) const;
  /// All genuine events of a user. `seen` is scratch: [items] zeros, and left so.
  std::vector<int32_t> draw(int64_t user, std::vector<uint8_t>& seen) const;
  /// Probabilities [items] of the event after `history` (not empty).
  void next_distribution(std::span<const int32_t> history,
                         std::vector<double>& probabilities) const;

 private:
  struct Lags {
    int count = 0;
    int32_t item[3];
    double weight[3];
  };
  int64_t interest_of(int32_t item) const { return place_[static_cast<size_t>(item)] % interests_; }
  int64_t interest_size(int64_t interest) const;
  double item_share(int64_t rank, int64_t size) const;
  int32_t successor(int32_t item, uint32_t branch) const;
  int32_t draw_popular(int64_t interest, RandomStream& random) const;
  int64_t draw_interest(RandomStream& random) const;
  int32_t draw_following(const Lags& lags, RandomStream& random) const;
  int32_t draw_unrestricted(const Lags& lags, int64_t interest, RandomStream& random) const;
  int32_t draw_new(std::span<const int32_t> history, int64_t interest,
                   const std::vector<uint8_t>& seen, RandomStream& random) const;
  Lags lags_within(std::span<const int32_t> history, int64_t interest) const;
  void new_item_distribution(std::span<const int32_t> history, int64_t interest,
                             const std::vector<uint8_t>& seen, std::vector<double>& out) const;

  SimulateOptions options_;
  int64_t interests_;
  PhiloxKey genuine_key_, length_key_, successor_key_;
  std::vector<uint32_t> item_at_;      ///< place -> item; place = rank * interests + interest
  std::vector<uint32_t> place_;        ///< item -> place
  std::vector<double> item_mass_;      ///< cumulative weights of ranks 0..
  std::vector<double> interest_mass_;  ///< cumulative shares of interests, ends with 1
};

}  // namespace truenext
