// SPDX-License-Identifier: Apache-2.0
#include "eval/detection.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace truenext {

Detection detect(std::span<const float> scores, std::span<const uint8_t> sought) {
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  Detection result;
  for (const uint8_t is : sought) ++(is != 0 ? result.sought : result.others);
  int64_t found = 0, passed = 0;  // of the sought and the others, with scores down to here
  int64_t twice_below = 0;        // pairs in the right order, equal ones counted once
  for (size_t i = 0; i < order.size();) {
    int64_t more = 0, less = 0;
    const float score = scores[order[i]];
    for (; i < order.size() && scores[order[i]] == score; ++i) {
      ++(sought[order[i]] != 0 ? more : less);
    }
    twice_below += more * (2 * (result.others - passed - less) + less);
    found += more;
    passed += less;
    result.average_precision += static_cast<double>(more) * static_cast<double>(found) /
                                static_cast<double>(found + passed);
  }
  if (result.sought > 0) result.average_precision /= static_cast<double>(result.sought);
  if (result.is_defined()) {
    result.auc = static_cast<double>(twice_below) / 2 / static_cast<double>(result.sought) /
                 static_cast<double>(result.others);
  }
  return result;
}

}  // namespace truenext
