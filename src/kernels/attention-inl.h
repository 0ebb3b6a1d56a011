// SPDX-License-Identifier: Apache-2.0
// What the forward and the backward pass of attention share. Included once per instruction set.
#if defined(TRUENEXT_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TRUENEXT_KERNELS_ATTENTION_INL_H_
#undef TRUENEXT_KERNELS_ATTENTION_INL_H_
#else
#define TRUENEXT_KERNELS_ATTENTION_INL_H_
#endif

#include "kernels/attention_block.h"
#include "kernels/dropout-inl.h"
#include "kernels/kernels.h"
#include "kernels/scratch.h"
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

/// Dropout factors of one query. Masks count keys from the end of the window, so the factors lie in
/// memory in the reverse order of the keys.
class KeyFactors {
 public:
  KeyFactors(const float* oldest, float padding) : oldest_(oldest), padding_(padding) {}

  /// Factors of keys j .. j + kLanes - 1; lanes beyond the last seen key hold anything finite.
  HWY_INLINE V load(int64_t j) const {
    return hn::Reverse(D(), hn::LoadU(D(), oldest_ - j - (kLanes - 1)));
  }
  /// Mean factor of the virtual keys.
  float padding() const { return padding_; }

 private:
  const float* oldest_;  // the factor of key 0; key j is at oldest_[-j]
  float padding_;
};

/// The dropout factors of all queries of a block for one head.
class BlockFactors {
 public:
  HWY_INLINE BlockFactors(const AttentionShape& shape, uint64_t stream, const AttentionBlock& block,
                          int64_t head)
      : block_(block) {
    const int64_t row_blocks = (block.length + block.padding + 7) / 8;
    const int64_t capacity = block.rows * row_blocks + kLanes;
    auto* blocks = scratch<uint32_t>(Scratch::attention_blocks, 2 * capacity);
    uint32_t* rows = blocks + capacity;
    int64_t n = 0;
    for (int64_t i = 0; i < block.rows; ++i) {
      const int64_t query = block.length - 1 - block.place(i);
      const auto mask_row = static_cast<uint32_t>(query * shape.heads + head);
      starts_[i] = n;
      for (int64_t b = first_column(i) / 8; b < row_blocks; ++b, ++n) {
        blocks[n] = static_cast<uint32_t>(b);
        rows[n] = mask_row;
      }
    }
    for (int64_t i = n; i < n + kLanes; ++i) blocks[i] = rows[i] = 0;
    n = (n + kLanes - 1) / kLanes * kLanes;
    // A whole vector may reach kLanes - 1 elements below the newest key of the first row.
    float* factors = scratch<float>(Scratch::attention_factors, kLanes + 8 * n);
    hn::Store(zero(), D(), factors);
    mask_factors(shape.dropout, stream, n, blocks, rows, factors + kLanes);
    factors_ = factors + kLanes;
  }

  HWY_INLINE KeyFactors row(int64_t i) const {
    const float* oldest = factors_ + 8 * starts_[i] + (block_.length - 1 - first_column(i) / 8 * 8);
    if (block_.padding == 0) return {oldest, 1.0f};
    V sum = zero();
    for_each(block_.padding,
             [&](int64_t j, auto part) HWY_ATTR { sum = hn::Add(sum, part.load(oldest + 1 + j)); });
    return {oldest, sum_of(sum) / static_cast<float>(block_.padding)};
  }

 private:
  /// Column of the newest key that row i sees.
  int64_t first_column(int64_t i) const { return block_.length - block_.seen(i); }

  const AttentionBlock& block_;
  const float* factors_ = nullptr;
  int64_t starts_[kAttentionRows];  // in blocks of 8
};

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#endif  // the toggled guard
