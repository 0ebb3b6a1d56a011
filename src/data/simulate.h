// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace truenext {

/// A synthetic world; docs/simulate.md defines every term. Counts are per user where not said
/// otherwise, rates are probabilities.
struct SimulateOptions {
  int64_t users = 2000;
  int64_t items = 500;
  double events = 30;  ///< mean genuine events of a user (at least 5; cut at items / 2)
  uint64_t seed = 42;
  int64_t interests = 10;  ///< groups of items; a user follows one at a time
  double drift = 0.1;      ///< a new event leaves the present interest
  double chain = 0.8;      ///< inside an interest: follows from the last three items
  double zipf = 1.0;       ///< popularity of the r-th item of an interest is r^-zipf
  double repeat = 0.0;  ///< event repeats one of the user's last eight; all others are new to him
  double noise_random = 0.0;  ///< share of the log that is clicks on uniformly random items
  double noise_mix = 0.0;     ///< share of the log that belongs to another user of the account
  double noise_swap = 0.0;    ///< share of events that changed places with a neighbour

  /// Usage Error naming the option that is out of range.
  void check() const;
};

/// What was written.
struct SimulateReport {
  int64_t users = 0, events = 0;
  int64_t repeats = 0;  ///< among genuine events
  int64_t random_clicks = 0, mixed_in = 0, swapped = 0;
  std::filesystem::path truth;
};

/// Writes `log` (CSV: user,item,time; users in order, each in time order) and beside it the truth,
/// the same path with the extension .truth. Users are 1..users, items 1..items. Equal options give
/// equal bytes for any number of threads; memory is bounded by the number of items. Both files
/// appear only when complete. Interrupted: Error with ExitCode::interrupted.
SimulateReport simulate(const SimulateOptions& options, const std::filesystem::path& log,
                        int threads = 1);

/// The truth of a simulated log: for every user the exact distribution of his last event, given the
/// state that produced it. Memory-mapped, thread-safe.
class SimulatedTruth {
 public:
  /// Data Error when the file is no truth file, is damaged or of another version.
  static SimulatedTruth open(const std::filesystem::path& path);
  SimulatedTruth(SimulatedTruth&&) noexcept;
  SimulatedTruth& operator=(SimulatedTruth&&) noexcept;
  ~SimulatedTruth();

  /// Ids here are 0-based: user u and item i of the log are u - 1 and i - 1.
  int64_t num_users() const;
  int64_t num_items() const;
  const SimulateOptions& options() const;
  /// The user's genuine events before the last one, oldest first: without noise, the log's.
  std::span<const int32_t> history(int64_t user) const;
  /// Probabilities [num_items] of the last event; they sum to 1.
  void distribution(int64_t user, std::span<float> probabilities) const;
  /// One entry of distribution(), at the same cost.
  double probability(int64_t user, int64_t item) const;

 private:
  struct Parts;
  explicit SimulatedTruth(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace truenext
