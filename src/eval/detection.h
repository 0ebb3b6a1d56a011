// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace truenext {

/// How well scores tell what is sought from what is not.
struct Detection {
  int64_t sought = 0, others = 0;
  /// Area under the ROC curve: how often one that is sought has a higher score than one that is
  /// not; equal scores count half. Exact. 0 where there are none of either.
  double auc = 0;
  /// Average precision: over the scores from the highest on, equal ones at once, the precision down
  /// to there times the share of the sought that it adds. 0 where nothing is sought.
  double average_precision = 0;

  bool is_defined() const { return sought > 0 && others > 0; }
};

/// scores [n], none NaN, and whether each is sought [n].
Detection detect(std::span<const float> scores, std::span<const uint8_t> sought);

}  // namespace truenext
