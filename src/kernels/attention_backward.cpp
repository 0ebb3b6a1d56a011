// SPDX-License-Identifier: Apache-2.0
// Attention over packed sequences, backward: five matrix products per block of query rows and one
// pass over its weights. Blocks go from the last to the first, because the last one sees every key
// and so overwrites the gradients that the others add to. Dropout factors are drawn again.
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_backward.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <cmath>

#include "kernels/attention-inl.h"

HWY_BEFORE_NAMESPACE();
namespace upnext::kernels {
namespace HWY_NAMESPACE {
namespace {

struct NoFactors {
  HWY_INLINE V load(int64_t) const { return all(1.0f); }
  float padding() const { return 1.0f; }
};

/// One row: gradient of the weights after dropout in, gradient of the raw scores out; `dropped`
/// receives the weights after dropout.
template <class Factors>
HWY_INLINE void softmax_backward_row(const AttentionBlock& block, int64_t seen, float scale,
                                     const Factors& factors, const float* weights, float* dropped,
                                     float* grad) {
  V sum = zero();
  for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
    const V factor = factors.load(j);
    const V weight = part.load(weights + j);
    const V g = hn::Mul(part.load(grad + j), factor);
    sum = hn::MulAdd(g, weight, sum);  // the weight is zero beyond the row
    part.store(g, grad + j);
    part.store(hn::Mul(weight, factor), dropped + j);
  });
  float mean = sum_of(sum);
  if (block.padding > 0) {
    const float weight = weights[block.keys];
    grad[block.keys] *= factors.padding();
    mean += grad[block.keys] * weight;
    dropped[block.keys] = weight * factors.padding();
    grad[block.keys] = weight * (grad[block.keys] - mean) * scale;
  }
  for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
    const V weight = hn::Mul(part.load(weights + j), all(scale));
    part.store(hn::Mul(weight, hn::Sub(part.load(grad + j), all(mean))), grad + j);
  });
  for_each(block.keys - seen, [&](int64_t j, auto part) HWY_ATTR {
    part.store(zero(), grad + seen + j);
    part.store(zero(), dropped + seen + j);
  });
}

}  // namespace

/// For all rows of a block; `stream` null = no dropout.
void attention_softmax_backward(const AttentionShape& shape, const uint64_t* stream,
                                const AttentionBlock& block, int64_t head, const float* weights,
                                float* dropped, float* grad) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape.dim / shape.heads));
  if (!stream) {
    for (int64_t i = 0; i < block.rows; ++i) {
      const int64_t at = i * block.stride;
      softmax_backward_row(block, block.seen(i), scale, NoFactors{}, weights + at, dropped + at,
                           grad + at);
    }
    return;
  }
  const BlockFactors factors(shape, *stream, block, head);
  for (int64_t i = 0; i < block.rows; ++i) {
    const int64_t at = i * block.stride;
    softmax_backward_row(block, block.seen(i), scale, factors.row(i), weights + at, dropped + at,
                         grad + at);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace upnext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upnext::kernels {

HWY_EXPORT(attention_softmax_backward);

namespace {

/// One head of a sequence: pointers to its first token's columns.
struct Head {
  const float *q, *k, *v, *pad_key, *pad_value, *out_grad;
  float *q_grad, *k_grad, *v_grad, *pad_key_grad, *pad_value_grad;
};

/// Gradient of the weights after dropout.
void weight_gradients(const AttentionShape& shape, const AttentionBlock& block, const Head& head,
                      float* grad) {
  const int64_t width = shape.dim / shape.heads;
  const float* out_grad = head.out_grad + block.first_row * shape.dim;
  gemm_nt(block.rows, block.keys, width, out_grad, shape.dim, head.v, shape.v_stride, grad,
          block.stride, false);
  if (block.padding > 0) {
    gemm_nt(block.rows, 1, width, out_grad, shape.dim, head.pad_value, width, grad + block.keys,
            block.stride, false);
  }
}

/// Gradients of queries, keys and values from those of the scores (`grad`) and the used weights.
void input_gradients(const AttentionShape& shape, const AttentionBlock& block, const Head& head,
                     const float* used, const float* grad) {
  const int64_t width = shape.dim / shape.heads;
  const float* q = head.q + block.first_row * shape.q_stride;
  const float* out_grad = head.out_grad + block.first_row * shape.dim;
  float* q_grad = head.q_grad + block.first_row * shape.q_stride;
  const bool add = block.first_row + block.rows < block.length;  // not the last block: add
  gemm_tn(block.keys, width, block.rows, used, block.stride, out_grad, shape.dim, head.v_grad,
          shape.v_stride, add);
  gemm_tn(block.keys, width, block.rows, grad, block.stride, q, shape.q_stride, head.k_grad,
          shape.k_stride, add);
  gemm_nn(block.rows, width, block.keys, grad, block.stride, head.k, shape.k_stride, q_grad,
          shape.q_stride, false);
  if (block.padding > 0) {
    gemm_tn(1, width, block.rows, used + block.keys, block.stride, out_grad, shape.dim,
            head.pad_value_grad, width, true);
    gemm_tn(1, width, block.rows, grad + block.keys, block.stride, q, shape.q_stride,
            head.pad_key_grad, width, true);
    gemm_nn(block.rows, width, 1, grad + block.keys, block.stride, head.pad_key, width, q_grad,
            shape.q_stride, true);
  }
}

void head_backward(const AttentionShape& shape, const uint64_t* stream, int64_t length, int64_t h,
                   const Head& head, const float* saved) {
  saved += attention_head_size(shape, length);
  for (int64_t row = (length - 1) / kAttentionRows * kAttentionRows; row >= 0;
       row -= kAttentionRows) {
    const AttentionBlock block = attention_block(shape, length, row);
    saved -= block.size();
    float* grad = scratch<float>(Scratch::attention_gradients, block.size());
    float* used = scratch<float>(Scratch::attention_scores, block.size());
    weight_gradients(shape, block, head, grad);
    HWY_DYNAMIC_DISPATCH(attention_softmax_backward)(shape, stream, block, h, saved, used, grad);
    input_gradients(shape, block, head, used, grad);
  }
}

}  // namespace

void attention_backward(const AttentionShape& shape, const float* q, const float* k, const float* v,
                        const float* saved, const float* out_grad, float* q_grad, float* k_grad,
                        float* v_grad, float* pad_key_grad, float* pad_value_grad) {
  const int64_t width = shape.dim / shape.heads;
  const bool drops = shape.streams && shape.dropout.active();
  const auto at = [](auto* pointer, int64_t by) { return pointer ? pointer + by : pointer; };
  for (int64_t s = 0; s < shape.sequences; ++s) {
    const int64_t first = shape.offsets[s];
    const int64_t length = shape.offsets[s + 1] - first;
    if (length == 0) continue;
    for (int64_t h = 0; h < shape.heads; ++h) {
      const int64_t column = h * width;
      const int64_t q_at = first * shape.q_stride + column;
      const int64_t k_at = first * shape.k_stride + column;
      const int64_t v_at = first * shape.v_stride + column;
      const Head head{q + q_at,
                      k + k_at,
                      v + v_at,
                      at(shape.pad_key, column),
                      at(shape.pad_value, column),
                      out_grad + first * shape.dim + column,
                      q_grad + q_at,
                      k_grad + k_at,
                      v_grad + v_at,
                      at(pad_key_grad, column),
                      at(pad_value_grad, column)};
      head_backward(shape, drops ? shape.streams + s : nullptr, length, h, head, saved);
      saved += attention_head_size(shape, length);
    }
  }
}

}  // namespace upnext::kernels
#endif  // HWY_ONCE
