// SPDX-License-Identifier: Apache-2.0
// Scores of listed candidates and their gradients. Microseconds per row of 257 candidates, d = 128,
// 512 rows, 3,416 items, one Zen 5 core with AVX-512, forward / backward:
//   a loop of dot and axpy over memory                                  2.49 / 7.89
//   state (or its gradient) in registers, table rows streamed           1.14 / -
//   the same, rows of the next candidates prefetched                    0.93 / -
//   and 16 scores reduced at once by transposing                        0.93 / -      not worth it
//   table gradients in registers over pairs sorted by item                -  / 2.4    chosen
// A table that fits the second-level cache (1,000 items) is only 5 to 25 % faster per pass, so the
// table is not worked in blocks, which would cost a partition of the pairs.
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/candidates.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <hwy/cache_control.h>

#include <cstring>
#include <type_traits>

#include "kernels/scratch.h"
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {
namespace {

/// Columns are worked in slices of at most this many vectors, which stay in registers.
constexpr int64_t kSlice = 8;
/// How many pairs ahead a table row is fetched; 4 to 16 are equal within noise.
constexpr int64_t kAhead = 12;
/// Pairs are sorted by item when an item is expected in at least half of these pairs per entry.
constexpr int64_t kItemsPerPair = 2;
/// Rows of a call are worked in groups of about this many pairs: 256 KB of sorted pairs. With four
/// times as many the sort leaves the second-level cache (2.13 instead of 1.88 us).
constexpr int64_t kGroupPairs = 1 << 15;

/// The candidates of a call; pointers are at the slice's first column.
struct Lists {
  int64_t rows, count, dim;
  const float* states;
  const float* table;
  const int32_t* ids;

  int64_t pairs() const { return rows * count; }
  const float* item(int64_t pair) const { return table + int64_t{ids[pair]} * dim; }
  int64_t ahead(int64_t pair) const { return HWY_MIN(pair + kAhead, pairs() - 1); }
};

/// kN vectors of one row, the last one perhaps shorter.
template <int kN>
struct Row {
  V v[kN];

  HWY_INLINE static Row load(const float* p, M last) {
    Row row;
    HWY_UNROLL(8) for (int i = 0; i + 1 < kN; ++i) row.v[i] = hn::LoadU(D(), p + i * kLanes);
    row.v[kN - 1] = hn::MaskedLoad(last, D(), p + (kN - 1) * kLanes);
    return row;
  }
  HWY_INLINE void store(float* p, M last) const {
    HWY_UNROLL(8) for (int i = 0; i + 1 < kN; ++i) hn::StoreU(v[i], D(), p + i * kLanes);
    hn::BlendedStore(v[kN - 1], last, D(), p + (kN - 1) * kLanes);
  }
  HWY_INLINE void add(V factor, const Row& other) {
    HWY_UNROLL(8) for (int i = 0; i < kN; ++i) v[i] = hn::MulAdd(factor, other.v[i], v[i]);
  }
  HWY_INLINE float dot(const Row& other) const {
    V even = hn::Mul(v[0], other.v[0]);
    V odd = zero();
    HWY_UNROLL(8) for (int i = 1; i < kN; ++i) {
      V& sum = i % 2 == 0 ? even : odd;
      sum = hn::MulAdd(v[i], other.v[i], sum);
    }
    return sum_of(hn::Add(even, odd));
  }
  HWY_INLINE static void fetch(const float* p) {
    constexpr int64_t kLine = 16;  // floats
    HWY_UNROLL(8) for (int64_t i = 0; i < kN * kLanes; i += kLine) hwy::Prefetch(p + i);
  }
};

template <int kN>
void scores_slice(const Lists& lists, M last, bool add, float* scores) {
  int64_t pair = 0;
  for (int64_t r = 0; r < lists.rows; ++r) {
    const auto state = Row<kN>::load(lists.states + r * lists.dim, last);
    for (int64_t j = 0; j < lists.count; ++j, ++pair) {
      Row<kN>::fetch(lists.item(lists.ahead(pair)));
      const float score = state.dot(Row<kN>::load(lists.item(pair), last));
      scores[pair] = add ? scores[pair] + score : score;
    }
  }
}

template <int kN>
void state_grad_slice(const Lists& lists, M last, const float* score_grad, float* state_grad) {
  int64_t pair = 0;
  for (int64_t r = 0; r < lists.rows; ++r) {
    float* out = state_grad + r * lists.dim;
    auto sum = Row<kN>::load(out, last);
    for (int64_t j = 0; j < lists.count; ++j, ++pair) {
      Row<kN>::fetch(lists.item(lists.ahead(pair)));
      sum.add(all(score_grad[pair]), Row<kN>::load(lists.item(pair), last));
    }
    sum.store(out, last);
  }
}

/// One entry of the pairs sorted by item.
struct Pair {
  int32_t row;
  float grad;
};

/// Pairs sorted by item, within an item by row; ends[i] is where item i ends.
struct SortedPairs {
  int64_t items;
  const int32_t* ends;
  const Pair* pairs;
};

SortedPairs sort_pairs(const Lists& lists, int64_t items, const float* score_grad) {
  auto* bytes = static_cast<char*>(
      scratch_bytes(Scratch::candidate_lists, static_cast<size_t>(lists.pairs()) * sizeof(Pair) +
                                                  static_cast<size_t>(items) * sizeof(int32_t)));
  auto* pairs = reinterpret_cast<Pair*>(bytes);
  auto* ends =
      reinterpret_cast<int32_t*>(bytes + static_cast<size_t>(lists.pairs()) * sizeof(Pair));
  std::memset(ends, 0, static_cast<size_t>(items) * sizeof(int32_t));
  for (int64_t p = 0; p < lists.pairs(); ++p) ++ends[lists.ids[p]];
  int32_t sum = 0;
  for (int64_t i = 0; i < items; ++i) {
    const int32_t begin = sum;
    sum += ends[i];
    ends[i] = begin;
  }
  int64_t p = 0;
  for (int32_t r = 0; r < lists.rows; ++r) {
    for (int64_t j = 0; j < lists.count; ++j, ++p) {
      pairs[ends[lists.ids[p]]++] = {r, score_grad[p]};
    }
  }
  return {items, ends, pairs};
}

template <int kN>
void table_grad_slice(const Lists& lists, const SortedPairs& sorted, M last, float* table_grad) {
  int32_t p = 0;
  for (int64_t i = 0; i < sorted.items; ++i) {
    const int32_t end = sorted.ends[i];
    if (p == end) continue;
    float* out = table_grad + i * lists.dim;
    auto sum = Row<kN>::load(out, last);
    for (; p < end; ++p) {
      const Pair& pair = sorted.pairs[p];
      sum.add(all(pair.grad), Row<kN>::load(lists.states + pair.row * lists.dim, last));
    }
    sum.store(out, last);
  }
}

/// Pair by pair, for items that hardly ever meet twice.
template <int kN>
void unsorted_slice(const Lists& lists, M last, const float* score_grad, float* table_grad) {
  int64_t pair = 0;
  for (int64_t r = 0; r < lists.rows; ++r) {
    const auto state = Row<kN>::load(lists.states + r * lists.dim, last);
    for (int64_t j = 0; j < lists.count; ++j, ++pair) {
      Row<kN>::fetch(table_grad + int64_t{lists.ids[lists.ahead(pair)]} * lists.dim);
      float* out = table_grad + int64_t{lists.ids[pair]} * lists.dim;
      auto sum = Row<kN>::load(out, last);
      sum.add(all(score_grad[pair]), state);
      sum.store(out, last);
    }
  }
}

/// call(first column, mask of the last vector, number of vectors as a constant) for all slices.
template <class Call>
void for_each_slice(int64_t dim, const Call& call) {
  for (int64_t c = 0; c < dim; c += kSlice * kLanes) {
    const int64_t columns = HWY_MIN(dim - c, kSlice * kLanes);
    const int64_t vectors = (columns + kLanes - 1) / kLanes;
    const M last = hn::FirstN(D(), static_cast<size_t>(columns - (vectors - 1) * kLanes));
    with_constant<kSlice>(vectors, [&](auto constant) HWY_ATTR { call(c, last, constant); });
  }
}

int64_t item_count(const Lists& lists) {
  int32_t largest = 0;
  for (int64_t p = 0; p < lists.pairs(); ++p) largest = HWY_MAX(largest, lists.ids[p]);
  return int64_t{largest} + 1;
}

void group_table_grad(const Lists& lists, const float* score_grad, float* table_grad) {
  const int64_t items = item_count(lists);
  const bool sorts = items <= kItemsPerPair * lists.pairs();
  const SortedPairs sorted = sorts ? sort_pairs(lists, items, score_grad) : SortedPairs{};
  for_each_slice(lists.dim, [&](int64_t c, M last, auto vectors) HWY_ATTR {
    constexpr int kN = decltype(vectors)::value;
    Lists slice = lists;
    slice.states += c;
    if (sorts) {
      table_grad_slice<kN>(slice, sorted, last, table_grad + c);
    } else {
      unsorted_slice<kN>(slice, last, score_grad, table_grad + c);
    }
  });
}

}  // namespace

void gather_scores(int64_t rows, int64_t count, int64_t dim, const float* states,
                   const float* table, const int32_t* ids, float* scores) {
  for_each_slice(dim, [&](int64_t c, M last, auto vectors) HWY_ATTR {
    const Lists slice{rows, count, dim, states + c, table + c, ids};
    scores_slice<decltype(vectors)::value>(slice, last, c > 0, scores);
  });
}

void gather_state_grad(int64_t rows, int64_t count, int64_t dim, const float* table,
                       const int32_t* ids, const float* score_grad, float* state_grad) {
  for_each_slice(dim, [&](int64_t c, M last, auto vectors) HWY_ATTR {
    const Lists slice{rows, count, dim, nullptr, table + c, ids};
    state_grad_slice<decltype(vectors)::value>(slice, last, score_grad, state_grad + c);
  });
}

void gather_table_grad(int64_t rows, int64_t count, int64_t dim, const float* states,
                       const int32_t* ids, const float* score_grad, float* table_grad) {
  if (count <= 0) return;
  const int64_t group = HWY_MAX(kGroupPairs / count, int64_t{1});
  for (int64_t r = 0; r < rows; r += group) {
    const Lists lists{HWY_MIN(group, rows - r), count,   dim,
                      states + r * dim,         nullptr, ids + r * count};
    group_table_grad(lists, score_grad + r * count, table_grad);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(gather_scores);
HWY_EXPORT(gather_state_grad);
HWY_EXPORT(gather_table_grad);

void gather_scores(int64_t rows, int64_t count, int64_t dim, const float* states,
                   const float* table, const int32_t* ids, float* scores) {
  HWY_DYNAMIC_DISPATCH(gather_scores)(rows, count, dim, states, table, ids, scores);
}

void gather_state_grad(int64_t rows, int64_t count, int64_t dim, const float* table,
                       const int32_t* ids, const float* score_grad, float* state_grad) {
  HWY_DYNAMIC_DISPATCH(gather_state_grad)(rows, count, dim, table, ids, score_grad, state_grad);
}

void gather_table_grad(int64_t rows, int64_t count, int64_t dim, const float* states,
                       const int32_t* ids, const float* score_grad, float* table_grad) {
  HWY_DYNAMIC_DISPATCH(gather_table_grad)(rows, count, dim, states, ids, score_grad, table_grad);
}

void gather_scores_backward(int64_t rows, int64_t count, int64_t dim, const float* states,
                            const float* table, const int32_t* ids, const float* score_grad,
                            float* state_grad, float* table_grad) {
  gather_state_grad(rows, count, dim, table, ids, score_grad, state_grad);
  gather_table_grad(rows, count, dim, states, ids, score_grad, table_grad);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
