// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace truenext {

/// A set of items of a catalogue, a bit each.
class ItemSet {
 public:
  /// All items of the catalogue, or none.
  explicit ItemSet(int64_t items, bool all = false);

  int64_t num_items() const { return items_; }
  int64_t size() const;  ///< items in the set
  bool contains(int64_t item) const {
    return (words_[static_cast<size_t>(item >> 6)] >> (item & 63) & 1U) != 0;
  }
  void insert(int64_t item) { words_[static_cast<size_t>(item >> 6)] |= bit(item); }
  void remove(int64_t item) { words_[static_cast<size_t>(item >> 6)] &= ~bit(item); }
  /// Keeps what is in the other set of the same catalogue, too.
  void intersect(const ItemSet& other);

  /// Whether any of the items first..last-1 is in the set.
  bool any(int64_t first, int64_t last) const;
  /// Writes `value` into the scores of those of the items first..last-1 that are not in the set.
  void mask(int64_t first, int64_t last, float value, float* scores) const;

 private:
  static uint64_t bit(int64_t item) { return uint64_t{1} << (item & 63); }
  /// The bits of the items first..last-1, which lie in one word, with ones beside them.
  uint64_t bits(int64_t first, int64_t last) const;

  int64_t items_;
  std::vector<uint64_t> words_;  ///< bits behind the catalogue are 0
};

}  // namespace truenext
