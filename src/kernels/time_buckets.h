// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace truenext::kernels {

/// Buckets of a time gap, min(buckets - 1, floor(ln(max(1, gap)) / width)) in double precision, by
/// whole numbers only: the first gap of every bucket, and a table from the leading bits of a gap to
/// the bucket where they begin. Gaps above 2^53 count as 2^53, since doubles skip numbers from
/// there on.
class TimeBuckets {
 public:
  static constexpr int64_t kMost = 256;

  TimeBuckets() = default;
  /// 1 <= buckets <= kMost, width > 0.
  TimeBuckets(int64_t buckets, double width);

  uint8_t of(int64_t a, int64_t b) const {
    const uint64_t difference = a > b ? static_cast<uint64_t>(a) - static_cast<uint64_t>(b)
                                      : static_cast<uint64_t>(b) - static_cast<uint64_t>(a);
    const uint64_t gap = std::clamp<uint64_t>(difference, 1, kLargest);
    size_t bucket = cells_[cell(gap)];
    bucket += gap >= starts_[bucket + 1];
    if (!one_step_) {
      while (gap >= starts_[bucket + 1]) ++bucket;
    }
    return static_cast<uint8_t>(bucket);
  }

 private:
  friend const TimeBuckets& time_buckets(int64_t buckets, double width);

  static constexpr uint64_t kLargest = uint64_t{1} << 53;
  static constexpr int kBits = 4;  // behind the leading one: 16 cells between powers of two
  static constexpr size_t kCells = size_t{54} << kBits;

  /// By the exponent and the first bits of the gap as a double, which is exact. (Counting leading
  /// zeros of the whole number is slow on many processors in code for any x86-64.)
  static size_t cell(uint64_t gap) {
    const auto bits = std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(gap)));
    return static_cast<size_t>((bits >> (52 - kBits)) - (uint64_t{1023} << kBits));
  }

  int64_t buckets_ = 0;
  double width_ = 0;
  bool one_step_ = false;                     // no cell reaches beyond the next bucket
  std::array<uint64_t, kMost + 1> starts_{};  // first gap of a bucket; behind the last: never
  std::array<uint8_t, kCells> cells_{};
};

/// Those of this thread's last call where they are the same, so that building them (some 10
/// microseconds) is paid once. Valid until the thread's next call.
const TimeBuckets& time_buckets(int64_t buckets, double width);

}  // namespace truenext::kernels
