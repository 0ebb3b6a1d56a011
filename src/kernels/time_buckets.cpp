// SPDX-License-Identifier: Apache-2.0
#include "kernels/time_buckets.h"

#include <cassert>
#include <cmath>
#include <limits>

namespace truenext::kernels {
namespace {

constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

/// The smallest gap with ln(gap) / width >= bucket: a guess, then steps until it is exact.
uint64_t first_gap(int64_t bucket, double width, uint64_t largest) {
  const auto reached = [&](uint64_t gap) {
    return std::log(static_cast<double>(gap)) / width >= static_cast<double>(bucket);
  };
  if (!reached(largest)) return kNever;
  const double guess = std::ceil(std::exp(static_cast<double>(bucket) * width));
  uint64_t gap = guess < static_cast<double>(largest) ? static_cast<uint64_t>(guess) : largest;
  while (gap > 1 && reached(gap - 1)) --gap;
  while (!reached(gap)) ++gap;
  return gap;
}

}  // namespace

TimeBuckets::TimeBuckets(int64_t buckets, double width) : buckets_(buckets), width_(width) {
  assert(buckets >= 1 && buckets <= kMost && width > 0);
  starts_.fill(kNever);
  for (int64_t b = 0; b < buckets; ++b) {
    starts_[static_cast<size_t>(b)] = first_gap(b, width, kLargest);
  }
  one_step_ = true;
  size_t bucket = 0;
  for (size_t c = 0; c < kCells; ++c) {
    const size_t before = bucket;
    const uint64_t bits = (uint64_t{1} << kBits) + c % (size_t{1} << kBits);
    const uint64_t first = (bits << (c >> kBits)) >> kBits;
    // One step within the cell before, another to the first gap of this one.
    while (first >= starts_[bucket + 1]) ++bucket;
    cells_[c] = static_cast<uint8_t>(bucket);
    if (bucket > before + 1) one_step_ = false;
  }
}

const TimeBuckets& time_buckets(int64_t buckets, double width) {
  thread_local TimeBuckets last;
  if (last.buckets_ != buckets || last.width_ != width) last = TimeBuckets(buckets, width);
  return last;
}

}  // namespace truenext::kernels
