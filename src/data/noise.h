// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/words.h"
#include "data/dataset.h"

namespace truenext {

/// What is done to training parts (docs/noise.md defines each).
enum class NoiseKind { random_click, popular_click, swap, drop, account_mix };
template <>
struct Words<NoiseKind> {
  static constexpr std::array names = {"random-click", "popular-click", "swap", "drop",
                                       "account-mix"};
};

struct NoiseOptions {
  std::filesystem::path source;  ///< a prepared dataset, not of windows and not noisy itself
  std::filesystem::path out;
  NoiseKind kind = NoiseKind::random_click;
  double rate = 0.1;  ///< in [0, 1): of training events, or (account-mix) of users
  uint64_t seed = 42;
  bool overwrite = false;
};

/// Events of this many stay of every training part that `drop` thins out.
inline constexpr int64_t kKeptByDrop = 2;

/// What was asked for and what it came to; part of dataset.json.
struct NoiseReport {
  NoiseKind kind = NoiseKind::random_click;
  double rate = 0;
  uint64_t seed = 0;
  std::string source_fingerprint, source_split_fingerprint;
  int64_t source_training_events = 0, training_events = 0;  ///< before and after
  int64_t injected = 0;                                     ///< clicks of nobody
  int64_t swapped = 0;   ///< events that changed places, two of each pair
  int64_t dropped = 0;   ///< events that are gone
  int64_t mixed_in = 0;  ///< events of the other user of an account
  int64_t left_out = 0;  ///< events that a mix kept from a user whose held-out events they tell
  int64_t users_changed = 0;  ///< whose training part is another one than before
};

/// Writes the dataset `options.source` with noise in its training parts, [0, train_end) of every
/// user, as another dataset folder; users, items, held-out events and attributes are those of the
/// source. Beside it goes the truth (data/noise_truth.h). Nothing exists under `out` until all of
/// it is complete; equal options give equal bytes. Usage Error for a source of windows, a noisy
/// source and a rate outside [0, 1).
NoiseReport add_noise(const NoiseOptions& options);

/// Whether `options.out` holds what add_noise() would write there: kind, rate, seed and the
/// source's fingerprints agree. Data Error when something else is there.
bool holds_noise(const NoiseOptions& options);

/// What add_noise() counted; nothing for a dataset without noise. Data Error when it cannot be
/// read.
std::optional<NoiseReport> noise_report(const Dataset& dataset);

/// "random-click noise, rate 0.1, seed 42".
std::string noise_label(const NoiseReport& report);

}  // namespace truenext
