// SPDX-License-Identifier: Apache-2.0
// What the forward and the backward pass of attention share. Included once per instruction set.
#if defined(UPNEXT_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef UPNEXT_KERNELS_ATTENTION_INL_H_
#undef UPNEXT_KERNELS_ATTENTION_INL_H_
#else
#define UPNEXT_KERNELS_ATTENTION_INL_H_
#endif

#include "kernels/attention_block.h"
#include "kernels/dropout-inl.h"
#include "kernels/kernels.h"
#include "kernels/scratch.h"
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace upnext::kernels {
namespace HWY_NAMESPACE {

/// Dropout factors of one query. Masks count keys from the end of the window, so the factors lie in
/// memory in the reverse order of the keys.
class KeyFactors {
 public:
  /// Draws the factors of `seen` keys and of the virtual keys behind them.
  HWY_INLINE KeyFactors(const AttentionShape& shape, uint64_t stream, const AttentionBlock& block,
                        int64_t row, int64_t head) {
    const int64_t query = block.first_row + row;
    const int64_t end = block.length + block.padding;
    const int64_t first = (block.length - block.seen(row)) / 8 * 8;
    // A whole vector may reach kLanes - 1 elements below the newest key.
    float* factors =
        scratch<float>(Scratch::attention_factors, kLanes + end - first + kDropoutColumns);
    hn::Store(zero(), D(), factors);
    factors += kLanes;
    const auto mask_row = static_cast<uint32_t>((block.length - 1 - query) * shape.heads + head);
    mask_factors(shape.dropout, {stream, mask_row}, first, end, factors);
    oldest_ = factors + (block.length - 1 - first);
    if (block.padding > 0) {
      V sum = zero();
      for_each(block.padding, [&](int64_t j, auto part)
                                  HWY_ATTR { sum = hn::Add(sum, part.load(oldest_ + 1 + j)); });
      padding_ = sum_of(sum) / static_cast<float>(block.padding);
    }
  }

  /// Factors of keys j .. j + kLanes - 1; lanes beyond the last seen key hold anything finite.
  HWY_INLINE V load(int64_t j) const {
    return hn::Reverse(D(), hn::LoadU(D(), oldest_ - j - (kLanes - 1)));
  }
  /// Mean factor of the virtual keys.
  float padding() const { return padding_; }

 private:
  const float* oldest_ = nullptr;  // the factor of key 0; key j is at oldest_[-j]
  float padding_ = 1.0f;
};

}  // namespace HWY_NAMESPACE
}  // namespace upnext::kernels
HWY_AFTER_NAMESPACE();

#endif  // the toggled guard
