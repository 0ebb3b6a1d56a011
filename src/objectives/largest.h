// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace truenext {

/// The numbers of the `count` largest scores shown, ties to the lower number. Keeps up to twice as
/// many and throws the smaller half away when full.
template <typename T>
class Largest {
 public:
  explicit Largest(int64_t count) : count_(static_cast<size_t>(count)) {}

  /// Scores of first, first + 1, ...; every number once, in ascending order.
  void show(int64_t first, std::span<const T> scores) {
    for (size_t i = 0; i < scores.size(); ++i) {
      if (full_ && !(scores[i] > threshold_)) continue;
      kept_.push_back({scores[i], static_cast<int32_t>(first + static_cast<int64_t>(i))});
      if (kept_.size() >= 2 * count_) shrink();
    }
  }
  /// Ascending numbers.
  std::vector<int32_t> take() {
    if (kept_.size() > count_) shrink();
    std::vector<int32_t> numbers;
    for (const auto& [score, number] : kept_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

 private:
  void shrink() {
    const auto better = [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    };
    std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(count_) - 1,
                     kept_.end(), better);
    kept_.resize(count_);
    threshold_ = kept_.back().first;
    full_ = true;
  }

  size_t count_;
  std::vector<std::pair<T, int32_t>> kept_;
  T threshold_{};
  bool full_ = false;
};

}  // namespace truenext
