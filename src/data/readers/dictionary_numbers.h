// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace truenext {

/// The numbers that ids of a column got, by their places in the dictionary of the batch at hand: 8
/// bytes for each place up to the highest that was kept. Dictionaries may differ from batch to
/// batch.
class DictionaryNumbers {
 public:
  /// Another batch: no number is known.
  void forget() { ++batch_; }
  /// Where the number of a place stands, null when it is not known.
  int32_t* known(int64_t place) {
    const auto at = static_cast<size_t>(place);
    const bool kept = at < slots_.size() && slots_[at].batch == batch_ && slots_[at].number >= 0;
    return kept ? &slots_[at].number : nullptr;
  }
  /// Announces that a place, maybe none, is asked for soon.
  [[gnu::always_inline]] void prefetch(int64_t place) const {
    if (static_cast<size_t>(place) < slots_.size()) __builtin_prefetch(&slots_[place]);
  }
  /// Where the number of a place is to be put, now -1; valid until the next call.
  int32_t* keep(int64_t place) {
    const auto at = static_cast<size_t>(place);
    if (at >= slots_.size()) slots_.resize(std::max(at + 1, 2 * slots_.size()));
    slots_[at] = {batch_, -1};
    return &slots_[at].number;
  }
  /// A place for a number that is not kept.
  int32_t* pass() {
    passed_ = -1;
    return &passed_;
  }

 private:
  struct Slot {
    uint32_t batch = 0;
    int32_t number = -1;
  };
  std::vector<Slot> slots_;
  uint32_t batch_ = 1;
  int32_t passed_ = -1;
};

}  // namespace truenext
