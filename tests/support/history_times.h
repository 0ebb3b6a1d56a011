// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "net/encoder.h"

namespace truenext::test {

/// When the newest event of every history below was.
inline constexpr int64_t kNewestTime = 1'000'000'000;

/// Times of histories by places from the end alone, so that those of a history do not depend on
/// what else there is, nor on where it is cut: gaps of no time to weeks, and a request 40 s after
/// the newest event.
struct TestTimes {
  std::vector<int64_t> events, requests;

  explicit TestTimes(std::span<const int64_t> offsets) {
    static constexpr std::array<int64_t, 7> kGaps = {17, 0, 3600, 1, 250'000, 90, 2'000'000};
    if (offsets.empty()) return;
    events.resize(static_cast<size_t>(offsets.back()), 0);
    for (size_t s = 0; s + 1 < offsets.size(); ++s) {
      int64_t time = kNewestTime;
      for (int64_t i = offsets[s + 1]; i-- > offsets[s];) {
        events[i] = time;
        time -= kGaps[(offsets[s + 1] - 1 - i) % kGaps.size()];
      }
      requests.push_back(kNewestTime + 40);
    }
  }
  HistoryTimes view() const { return {events, requests}; }
  /// When the next item of every event was asked for.
  std::vector<int64_t> query_times(std::span<const int64_t> offsets) const {
    std::vector<int64_t> asked;
    for (size_t s = 0; s < requests.size(); ++s) {
      for (int64_t i = offsets[s]; i + 1 < offsets[s + 1]; ++i) asked.push_back(events[i + 1]);
      if (offsets[s + 1] > offsets[s]) asked.push_back(requests[s]);
    }
    return asked;
  }
};

}  // namespace truenext::test
