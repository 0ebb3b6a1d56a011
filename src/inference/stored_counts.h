// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/next_counts.h"
#include "inference/safetensors.h"

namespace truenext {

/// What the names of the tensors of counts in a model file begin with: offsets [items + 1], items
/// and times [pairs], popular [items] (docs/checkpoint-format.md).
inline constexpr const char* kStoredCounts = "next_counts.";

/// Counts laid out for a file; must live until it is written.
class StoredCounts {
 public:
  explicit StoredCounts(const std::optional<NextCounts>& counts);
  /// Nothing where there are none.
  void add_to(SafetensorsWriter& writer) const;

 private:
  const std::optional<NextCounts>& counts_;
  std::vector<int32_t> items_, times_;
};

/// Nothing when the file has none; data Error when they do not fit each other or so many items.
std::optional<NextCounts> read_stored_counts(const SafetensorsFile& file, int64_t num_items);

}  // namespace truenext
