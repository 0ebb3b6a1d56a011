// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/jagged.h"
#include "data/split_point.h"

namespace truenext {

/// Raw ids (opaque byte strings) both ways. Inside, ids are 0..size-1.
class IdMap {
 public:
  virtual ~IdMap() = default;
  virtual int64_t size() const = 0;
  virtual std::string_view raw(int64_t id) const = 0;
  virtual std::optional<int32_t> find(std::string_view raw) const = 0;
};

/// A prepared dataset folder, memory-mapped and read-only (docs/data-formats.md).
class Dataset {
 public:
  /// Maps the folder and checks sizes, offsets and id ranges. Data Error when it is not a dataset,
  /// is damaged or was written by a newer version.
  static Dataset open(const std::filesystem::path& folder);

  Dataset(Dataset&&) noexcept;
  Dataset& operator=(Dataset&&) noexcept;
  ~Dataset();

  const std::filesystem::path& folder() const;
  int64_t num_users() const;
  int64_t num_items() const;
  int64_t num_events() const;
  bool has_times() const;

  /// Items of every user, oldest first.
  JaggedView<int32_t> histories() const;
  /// Times of every user (same offsets); empty values when has_times() is false.
  JaggedView<int64_t> times() const;
  /// Values (ratings, weights) of every user's events (same offsets), where `prepare --keep-values`
  /// stored them; else empty values.
  bool has_values() const;
  JaggedView<float> values() const;
  std::span<const SplitPoint> splits() const;

  const IdMap& users() const;
  const IdMap& items() const;
  /// Title of an item in UTF-8, empty when none was given.
  std::string_view title(int64_t item) const;

  /// Attributes of every item (categories, tags), as ids into attribute_ids(); no rows when the
  /// dataset has none.
  JaggedView<int32_t> attributes() const;
  const IdMap& attribute_ids() const;
  /// Hash of the attributes, item by item (docs/data-formats.md): what training on them depends on
  /// besides fingerprint(), which knows the events alone. Empty without attributes.
  const std::string& attribute_fingerprint() const;

  /// Hash of the canonical events: raw user, raw item, time in order. 32 hexadecimal digits.
  const std::string& fingerprint() const;
  /// Hash of the fingerprint and the split points: what two comparable runs must share.
  const std::string& split_fingerprint() const;
  /// One line naming the split, e.g. "leave-last, 1 validation, 1 test".
  const std::string& split_name() const;
  /// Whether users are windows of the source's users (`prepare --split windows`, data/windows.h).
  bool has_windows() const;
  /// dataset.json as text.
  const std::string& description() const;

 private:
  struct Parts;
  explicit Dataset(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace truenext
