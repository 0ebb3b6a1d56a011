// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 with one counter per lane. Included once per instruction set.
#if defined(UPNEXT_KERNELS_DROPOUT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef UPNEXT_KERNELS_DROPOUT_INL_H_
#undef UPNEXT_KERNELS_DROPOUT_INL_H_
#else
#define UPNEXT_KERNELS_DROPOUT_INL_H_
#endif

#include "kernels/kernels.h"
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace upnext::kernels {
namespace HWY_NAMESPACE {

/// Columns that one round of counters serves.
constexpr int64_t kDropoutColumns = 8 * kLanes;

/// The row of a mask that is wanted.
struct MaskRow {
  uint64_t stream;
  uint32_t row;
};

#if HWY_TARGET == HWY_SCALAR

/// words: the four outputs of kLanes consecutive counters, one counter after the other.
HWY_INLINE void random_words(PhiloxKey key, MaskRow mask, uint32_t counter, uint32_t* words) {
  const PhiloxCounter out = philox({counter, mask.row, static_cast<uint32_t>(mask.stream),
                                    static_cast<uint32_t>(mask.stream >> 32)},
                                   key);
  for (size_t i = 0; i < 4; ++i) words[i] = out[i];
}

HWY_INLINE void factors_of(const uint32_t* words, const Dropout& dropout, float* factors) {
  for (int64_t i = 0; i < 4; ++i) {
    factors[2 * i] = (words[i] & 0xFFFFu) >= dropout.threshold ? dropout.scale : 0.0f;
    factors[2 * i + 1] = (words[i] >> 16) >= dropout.threshold ? dropout.scale : 0.0f;
  }
}

#else

using DU = hn::RebindToUnsigned<D>;
using VU = hn::Vec<DU>;

/// High and low halves of the 64-bit products of all lanes with one constant.
struct Product {
  VU high, low;
};

HWY_INLINE Product multiply(VU x, uint32_t factor) {
  const DU d;
  const hn::RepartitionToWide<DU> wide;
  const VU f = hn::Set(d, factor);
  const auto even = hn::MulEven(x, f);
  const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, x))), f);
  return {hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even))),
          hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even))};
}

/// words: the four outputs of kLanes consecutive counters, one counter after the other.
HWY_INLINE void random_words(PhiloxKey key, MaskRow mask, uint32_t counter, uint32_t* words) {
  const DU d;
  VU c0 = hn::Iota(d, counter);
  VU c1 = hn::Set(d, mask.row);
  VU c2 = hn::Set(d, static_cast<uint32_t>(mask.stream));
  VU c3 = hn::Set(d, static_cast<uint32_t>(mask.stream >> 32));
  for (int round = 0; round < 10; ++round) {
    const Product p0 = multiply(c0, 0xD2511F53u);
    const Product p1 = multiply(c2, 0xCD9E8D57u);
    c0 = hn::Xor(hn::Xor(p1.high, c1), hn::Set(d, key[0]));
    c1 = p1.low;
    c2 = hn::Xor(hn::Xor(p0.high, c3), hn::Set(d, key[1]));
    c3 = p0.low;
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  hn::StoreInterleaved4(c0, c1, c2, c3, d, words);
}

/// The halves of the words as factors, low half first; 8 * kLanes of them.
HWY_INLINE void factors_of(const uint32_t* words, const Dropout& dropout, float* factors) {
  const D d;
  const DU du;
  const hn::Rebind<uint16_t, DU> halves;
  const VU threshold = hn::Set(du, dropout.threshold);
  const V scale = all(dropout.scale);
  const auto* bits = reinterpret_cast<const uint16_t*>(words);  // x86 and ARM: low half first
  for (int64_t i = 0; i < kDropoutColumns; i += kLanes) {
    const VU value = hn::PromoteTo(du, hn::LoadU(halves, bits + i));
    const auto dropped = hn::RebindMask(d, hn::Lt(value, threshold));
    hn::StoreU(hn::IfThenZeroElse(dropped, scale), d, factors + i);
  }
}

#endif

/// Factors of columns first .. last - 1 of a row of a mask, `first` a multiple of 8; written to
/// factors[0 ..), up to kDropoutColumns - 1 more than asked for.
HWY_INLINE void mask_factors(const Dropout& dropout, MaskRow mask, int64_t first, int64_t last,
                             float* factors) {
  HWY_ALIGN uint32_t words[4 * kLanes];
  for (int64_t c = first; c < last; c += kDropoutColumns) {
    random_words(dropout.key, mask, static_cast<uint32_t>(c / 8), words);
    factors_of(words, dropout, factors + (c - first));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upnext::kernels
HWY_AFTER_NAMESPACE();

#endif  // the toggled guard
