// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/split_point.h"

namespace truenext {

/// Names of the files of a folder of soft labels; docs/data-formats.md describes them.
namespace label_files {
inline constexpr const char* kDescription = "labels.json";
inline constexpr const char* kOffsets = "offsets.bin";
inline constexpr const char* kItems = "items.bin";
inline constexpr const char* kProbabilities = "probabilities.bin";
inline constexpr const char* kRest = "rest.bin";
}  // namespace label_files

inline constexpr const char* kLabelKind = "truenext labels";
inline constexpr int64_t kLabelVersion = 1;

/// The least history of a user that is labelled, where the newest so many targets are (0 = all).
inline int64_t first_end(const SplitPoint& split, int64_t newest) {
  const int64_t first = newest > 0 ? split.train_end - newest : 1;
  return first > 1 ? first : 1;
}

}  // namespace truenext
