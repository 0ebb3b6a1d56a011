// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 with one counter per lane. Included once per instruction set.
#if defined(TRUENEXT_KERNELS_DROPOUT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TRUENEXT_KERNELS_DROPOUT_INL_H_
#undef TRUENEXT_KERNELS_DROPOUT_INL_H_
#else
#define TRUENEXT_KERNELS_DROPOUT_INL_H_
#endif

#include "kernels/kernels.h"
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

/// Columns that one round of the generator serves.
constexpr int64_t kDropoutColumns = 8 * kLanes;

/// kLanes counters: (block of 8 columns, row, stream low, stream high).
struct Counters {
  const uint32_t *blocks, *rows, *low, *high;
};

#if HWY_TARGET == HWY_SCALAR

/// words: the four outputs for kLanes counters, one after the other.
HWY_INLINE void random_words(PhiloxKey key, const Counters& at, uint32_t* words) {
  const PhiloxCounter out = philox({at.blocks[0], at.rows[0], at.low[0], at.high[0]}, key);
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

/// words: the four outputs for kLanes counters, one after the other.
HWY_INLINE void random_words(PhiloxKey key, const Counters& at, uint32_t* words) {
  const DU d;
  VU c0 = hn::LoadU(d, at.blocks);
  VU c1 = hn::LoadU(d, at.rows);
  VU c2 = hn::LoadU(d, at.low);
  VU c3 = hn::LoadU(d, at.high);
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

/// The same for counters of one stream.
HWY_INLINE void random_words(PhiloxKey key, uint64_t stream, const uint32_t* blocks,
                             const uint32_t* rows, uint32_t* words) {
  HWY_ALIGN uint32_t low[kLanes];
  HWY_ALIGN uint32_t high[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) {
    low[i] = static_cast<uint32_t>(stream);
    high[i] = static_cast<uint32_t>(stream >> 32);
  }
  random_words(key, {blocks, rows, low, high}, words);
}

/// factors[8 i .. 8 i + 7]: those of block blocks[i] of row rows[i] of a mask, for i in 0 .. n - 1
/// with n a multiple of kLanes. Blocks of different rows may be mixed: short rows fill the lanes
/// too.
HWY_INLINE void mask_factors(const Dropout& dropout, uint64_t stream, int64_t n,
                             const uint32_t* blocks, const uint32_t* rows, float* factors) {
  HWY_ALIGN uint32_t words[4 * kLanes];
  for (int64_t i = 0; i < n; i += kLanes) {
    random_words(dropout.key, stream, blocks + i, rows + i, words);
    factors_of(words, dropout, factors + 8 * i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#endif  // the toggled guard
