// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/jagged.h"
#include "base/random.h"
#include "data/dataset.h"
#include "data/noise.h"

namespace truenext {

/// Origin of an event that nobody has in the source.
inline constexpr int64_t kInjected = -1;

/// The training part of one user with noise in it, oldest first.
struct NoisyPart {
  std::vector<int32_t> items;
  std::vector<int64_t> times;    ///< empty without times
  std::vector<int64_t> origins;  ///< events of the source, counted over all users, or kInjected
  int64_t partner = -1;          ///< owner of the events that are not the user's own
  int64_t left_out = 0;          ///< events of the partner that the user must not have

  void clear();
};

/// The training parts of a dataset, and what lies behind them.
class CleanHistories {
 public:
  explicit CleanHistories(const Dataset& source);

  int64_t users() const { return histories_.size(); }
  int64_t events() const { return events_; }  ///< of all training parts
  int64_t begin(int64_t user) const { return histories_.offsets[user]; }
  int64_t length(int64_t user) const { return splits_[user].train_end; }
  int32_t item(int64_t event) const { return histories_.values[event]; }
  int64_t time(int64_t event) const { return times_[event]; }  ///< only with times
  bool has_times() const { return !times_.empty(); }
  bool has_held_out(int64_t user) const { return length(user) < histories_.row_size(user); }
  /// Items of the user's events behind his training part, ascending, each once.
  std::vector<int32_t> held_out_items(int64_t user) const;
  /// Adds an event of the source to a part.
  void add(int64_t event, NoisyPart* part) const;

 private:
  JaggedView<int32_t> histories_;
  std::span<const int64_t> times_;
  std::span<const SplitPoint> splits_;
  int64_t events_ = 0;
};

/// One kind of noise over one dataset.
class NoiseMaker {
 public:
  virtual ~NoiseMaker() = default;
  /// The user's training part with noise, into an empty `part`. Users are asked for once each, in
  /// ascending order.
  virtual void make(int64_t user, NoisyPart* part) = 0;
};

/// `parts` must outlive what is made. Weights of items: how often each is clicked, relatively.
std::unique_ptr<NoiseMaker> make_clicks(const CleanHistories& parts, const NoiseOptions& options,
                                        std::span<const int64_t> weights);
std::unique_ptr<NoiseMaker> make_swaps(const CleanHistories& parts, const NoiseOptions& options);
std::unique_ptr<NoiseMaker> make_drops(const CleanHistories& parts, const NoiseOptions& options);
std::unique_ptr<NoiseMaker> make_accounts(const CleanHistories& parts, const NoiseOptions& options);

/// The maker of `options.kind`.
std::unique_ptr<NoiseMaker> make_noise(const CleanHistories& parts, int64_t num_items,
                                       const NoiseOptions& options);

/// Streams of a kind of noise: one of each user, and one for what goes over all users.
RandomStream user_stream(const NoiseOptions& options, int64_t user);
RandomStream common_stream(const NoiseOptions& options);

/// In 0..n-1; n must be positive. Above 2^32 the chances differ by less than 2^-20.
uint64_t draw_below(RandomStream& random, uint64_t n);

/// The whole number nearest to `rate` of `count`.
int64_t nearest_share(double rate, int64_t count);

/// Says of `total` things, one after the other, which `wanted` of them are drawn; every choice is
/// equally likely (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
class Selection {
 public:
  /// `wanted` is cut at `total`.
  Selection(RandomStream random, int64_t wanted, int64_t total);
  bool next();

 private:
  RandomStream random_;
  int64_t wanted_, left_;
};

}  // namespace truenext
