// SPDX-License-Identifier: Apache-2.0
// Scores of listed candidates and their gradients.
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/candidates.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace upnext::kernels {
namespace HWY_NAMESPACE {
namespace {

HWY_INLINE float row_dot(int64_t dim, const float* x, const float* y) {
  V sum = zero();
  for_each(dim, [&](int64_t c, auto part)
                    HWY_ATTR { sum = hn::MulAdd(part.load(x + c), part.load(y + c), sum); });
  return sum_of(sum);
}

HWY_INLINE void row_axpy(int64_t dim, float factor, const float* x, float* y) {
  for_each(dim, [&](int64_t c, auto part) HWY_ATTR {
    part.store(hn::MulAdd(all(factor), part.load(x + c), part.load(y + c)), y + c);
  });
}

}  // namespace

void gather_scores(int64_t rows, int64_t count, int64_t dim, const float* states,
                   const float* table, const int32_t* ids, float* scores) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t j = 0; j < count; ++j) {
      scores[r * count + j] =
          row_dot(dim, states + r * dim, table + int64_t{ids[r * count + j]} * dim);
    }
  }
}

void gather_scores_backward(int64_t rows, int64_t count, int64_t dim, const float* states,
                            const float* table, const int32_t* ids, const float* score_grad,
                            float* state_grad, float* table_grad) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t j = 0; j < count; ++j) {
      const int64_t item = int64_t{ids[r * count + j]} * dim;
      const float g = score_grad[r * count + j];
      row_axpy(dim, g, table + item, state_grad + r * dim);
      row_axpy(dim, g, states + r * dim, table_grad + item);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upnext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upnext::kernels {

HWY_EXPORT(gather_scores);
HWY_EXPORT(gather_scores_backward);

void gather_scores(int64_t rows, int64_t count, int64_t dim, const float* states,
                   const float* table, const int32_t* ids, float* scores) {
  HWY_DYNAMIC_DISPATCH(gather_scores)(rows, count, dim, states, table, ids, scores);
}

void gather_scores_backward(int64_t rows, int64_t count, int64_t dim, const float* states,
                            const float* table, const int32_t* ids, const float* score_grad,
                            float* state_grad, float* table_grad) {
  HWY_DYNAMIC_DISPATCH(gather_scores_backward)
  (rows, count, dim, states, table, ids, score_grad, state_grad, table_grad);
}

}  // namespace upnext::kernels
#endif  // HWY_ONCE
