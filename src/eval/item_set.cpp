// SPDX-License-Identifier: Apache-2.0
#include "eval/item_set.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace truenext {
namespace {

/// Ones at the places of the items first..last-1 of one word.
uint64_t places(int64_t first, int64_t last) {
  const uint64_t low = ~uint64_t{0} << (first & 63);
  const uint64_t high = (last & 63) == 0 ? ~uint64_t{0} : (uint64_t{1} << (last & 63)) - 1;
  return low & high;
}

/// visit(first, last) for the pieces of first..last-1 that lie in one word each, until it is false.
template <typename Visit>
void for_each_word(int64_t first, int64_t last, const Visit& visit) {
  while (first < last) {
    const int64_t end = std::min(last, (first | 63) + 1);
    if (!visit(first, end)) return;
    first = end;
  }
}

}  // namespace

ItemSet::ItemSet(int64_t items, bool all)
    : items_(items), words_(static_cast<size_t>((items + 63) / 64), all ? ~uint64_t{0} : 0) {
  if (all && (items & 63) != 0) words_.back() = places(0, items);
}

int64_t ItemSet::size() const {
  int64_t count = 0;
  for (const uint64_t word : words_) count += std::popcount(word);
  return count;
}

void ItemSet::intersect(const ItemSet& other) {
  assert(items_ == other.items_);
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

uint64_t ItemSet::bits(int64_t first, int64_t last) const {
  return words_[static_cast<size_t>(first >> 6)] | ~places(first, last);
}

bool ItemSet::any(int64_t first, int64_t last) const {
  bool found = false;
  for_each_word(first, last, [&](int64_t begin, int64_t end) {
    found = (words_[static_cast<size_t>(begin >> 6)] & places(begin, end)) != 0;
    return !found;
  });
  return found;
}

void ItemSet::mask(int64_t first, int64_t last, float value, float* scores) const {
  for_each_word(first, last, [&](int64_t begin, int64_t end) {
    uint64_t missing = ~bits(begin, end);
    if (std::popcount(missing) == end - begin) {
      std::fill(scores + (begin - first), scores + (end - first), value);
      return true;
    }
    for (; missing != 0; missing &= missing - 1) {
      const int64_t item = (begin & ~int64_t{63}) + std::countr_zero(missing);
      scores[item - first] = value;
    }
    return true;
  });
}

}  // namespace truenext
