// SPDX-License-Identifier: Apache-2.0
#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "data/windows.h"

namespace truenext {
namespace {

/// All of a user's n events are for training.
SplitPoint train_only(int64_t n) {
  return {n, n, n, n, n};
}

std::vector<SplitPoint> leave_last(std::span<const int64_t> offsets, const SplitOptions& options) {
  std::vector<SplitPoint> split(offsets.size() - 1);
  std::vector<uint32_t> eligible;
  for (size_t user = 0; user < split.size(); ++user) {
    const int64_t n = offsets[user + 1] - offsets[user];
    if (n < options.valid + options.test + 1) {
      split[user] = train_only(n);
      continue;
    }
    eligible.push_back(static_cast<uint32_t>(user));
    const int64_t test = n - options.test;
    split[user] = {test - options.valid, test - options.valid, test, test, n};
  }
  if (options.valid_users <= 0 || options.valid_users >= static_cast<int64_t>(eligible.size())) {
    return split;
  }
  std::vector<uint32_t> order(eligible.size());
  shuffled_indices(random_key(options.seed, Purpose::validation_users), order.data(),
                   static_cast<uint32_t>(order.size()));
  for (size_t i = static_cast<size_t>(options.valid_users); i < order.size(); ++i) {
    SplitPoint& cut = split[eligible[order[i]]];
    cut.train_end = cut.valid_begin = cut.valid_end;
  }
  return split;
}

/// 1 - 0.3 - 0.3 is a little less than 0.4 in binary; of ten it is still four.
int64_t share_of(int64_t count, double share) {
  return static_cast<int64_t>(std::floor(share * static_cast<double>(count) + 1e-6));
}

/// Where the targets in the range [begin, end) of a user lie.
std::pair<int64_t, int64_t> targets_in(int64_t begin, int64_t end, SplitTarget target) {
  if (target == SplitTarget::last) begin = std::max(begin, end - 1);
  if (target == SplitTarget::first) end = std::min(end, begin + 1);
  if (begin == 0) return {end, end};  // no history to predict from
  return {begin, end};
}

std::vector<SplitPoint> temporal(std::span<const int64_t> offsets, std::span<const int64_t> times,
                                 const SplitOptions& options) {
  const auto [valid_time, test_time] = temporal_cut(times, options);
  std::vector<SplitPoint> split(offsets.size() - 1);
  for (size_t user = 0; user < split.size(); ++user) {
    const auto begin = times.begin() + offsets[user];
    const auto end = times.begin() + offsets[user + 1];
    const int64_t valid = std::lower_bound(begin, end, valid_time) - begin;
    const int64_t test = std::lower_bound(begin, end, test_time) - begin;
    SplitPoint& cut = split[user];
    cut.train_end = valid;
    std::tie(cut.valid_begin, cut.valid_end) = targets_in(valid, test, options.target);
    std::tie(cut.test_begin, cut.test_end) = targets_in(test, end - begin, options.target);
  }
  return split;
}

std::vector<SplitPoint> by_user(std::span<const int64_t> offsets, const SplitOptions& options) {
  std::vector<SplitPoint> split(offsets.size() - 1);
  const auto users = static_cast<int64_t>(split.size());
  std::vector<uint32_t> order(split.size());
  shuffled_indices(random_key(options.seed, Purpose::split_users), order.data(),
                   static_cast<uint32_t>(order.size()));
  const auto test_users = static_cast<size_t>(share_of(users, options.test_share));
  const auto valid_users = static_cast<size_t>(share_of(users, options.valid_share));
  for (size_t i = 0; i < order.size(); ++i) {
    const int64_t n = offsets[order[i] + 1] - offsets[order[i]];
    SplitPoint& cut = split[order[i]];
    cut = train_only(n);
    const bool test = i < test_users;
    const int64_t held_out = test ? options.test : options.valid;
    if (i >= test_users + valid_users || n <= held_out) continue;
    cut.train_end = 0;
    (test ? cut.test_begin : cut.valid_begin) = n - held_out;
  }
  return split;
}

}  // namespace

void check_split(const SplitOptions& options) {
  check_usage(options.method != SplitMethod::automatic,
              "unknown split \"auto\"; known: leave-last, temporal, by-user, given, windows");
  check_usage(options.valid >= 0 && options.test >= 0 && options.valid_users >= 0,
              "--valid, --test and --valid-users must not be negative");
  const bool share_ok = options.valid_share >= 0 && options.test_share >= 0 &&
                        options.valid_share + options.test_share < 1;
  check_usage(share_ok,
              "--valid-share {} and --test-share {} must not be negative and must leave "
              "something for training",
              options.valid_share, options.test_share);
}

std::vector<SplitPoint> make_split(std::span<const int64_t> offsets, std::span<const int64_t> times,
                                   const SplitOptions& options) {
  check_split(options);
  if (options.method == SplitMethod::temporal) {
    check_usage(!times.empty(), "the temporal split needs times, which this source does not have");
    return temporal(offsets, times, options);
  }
  return options.method == SplitMethod::by_user ? by_user(offsets, options)
                                                : leave_last(offsets, options);
}

TemporalCut temporal_cut(std::span<const int64_t> times, const SplitOptions& options) {
  const auto events = static_cast<int64_t>(times.size());
  const auto rank = [&](double share) {
    return std::clamp<int64_t>(share_of(events, share), 0, events - 1);
  };
  return {value_at_rank(times, rank(1 - options.valid_share - options.test_share)),
          value_at_rank(times, rank(1 - options.test_share))};
}

std::string split_name(const SplitOptions& options) {
  if (options.method == SplitMethod::given) return "given by the source";
  if (options.method == SplitMethod::windows) {
    return fmt::format("windows of {}, stride {}, {} validation, {} test", options.window_length,
                       window_stride(options), options.valid, options.test);
  }
  if (options.method == SplitMethod::temporal) {
    return fmt::format("temporal, {} of events for validation, {} for test, {} target",
                       options.valid_share, options.test_share, word_of(options.target));
  }
  if (options.method == SplitMethod::by_user) {
    return fmt::format("by user, {} of users for validation, {} for test, {} and {} last items",
                       options.valid_share, options.test_share, options.valid, options.test);
  }
  const std::string sample =
      options.valid_users > 0 ? fmt::format(" of {} users", options.valid_users) : "";
  return fmt::format("leave-last, {} validation{}, {} test", options.valid, sample, options.test);
}

int64_t value_at_rank(std::span<const int64_t> values, int64_t rank) {
  constexpr uint64_t kBins = uint64_t{1} << 16;
  const auto [low_at, high_at] = std::minmax_element(values.begin(), values.end());
  // As unsigned distances from the smallest, so that extreme times cannot overflow.
  const auto base = static_cast<uint64_t>(*low_at);
  uint64_t low = 0, width = static_cast<uint64_t>(*high_at) - base;  // of the range, less 1
  std::vector<int64_t> counts;
  while (width > 0) {
    const uint64_t bin_size = width / kBins + 1;
    counts.assign(width / bin_size + 1, 0);
    for (const int64_t value : values) {
      const uint64_t at = static_cast<uint64_t>(value) - base - low;  // wraps below the range
      if (at <= width) ++counts[at / bin_size];
    }
    uint64_t bin = 0;
    while (rank >= counts[bin]) rank -= counts[bin++];
    low += bin * bin_size;
    width = std::min(bin_size - 1, width - bin * bin_size);
  }
  return static_cast<int64_t>(base + low);
}

}  // namespace truenext
