// SPDX-License-Identifier: Apache-2.0
// Attention over packed sequences, backward, per sequence and head: for every block of query rows
// the gradient of its weights by a matrix product, one pass over the weights and the gradient of
// its queries; then for every block of keys the gradients of keys and values by products over all
// the queries that see them. What several products need is packed once. Dropout factors are drawn
// again.
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_backward.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <cmath>

#include "kernels/attention-inl.h"
#include "kernels/packed.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
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
                                const AttentionWork& work) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape.dim / shape.heads));
  float* used = work.used + block.first_row * work.stride;
  float* grad = work.grad + block.first_row * work.stride;
  const auto rows = [&](const auto& factors_of) HWY_ATTR {
    for (int64_t i = 0; i < block.rows; ++i) {
      softmax_backward_row(block, block.seen(i), scale, factors_of(i), weights + i * block.stride,
                           used + i * work.stride, grad + i * work.stride);
    }
  };
  if (!stream) {
    rows([](int64_t) HWY_ATTR { return NoFactors{}; });
    return;
  }
  const BlockFactors factors(shape, *stream, block, head);
  rows([&](int64_t i) HWY_ATTR { return factors.row(i); });
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(attention_softmax_backward);

namespace {

/// One head of a sequence: pointers to its first token's columns.
struct Head {
  const float *q, *k, *v, *pad_key, *pad_value, *out_grad;
  float *q_grad, *k_grad, *v_grad, *pad_key_grad, *pad_value_grad;
};

/// The factors of several products, packed.
struct PackedHead {
  PackedMatrix values;             ///< [width, length]
  PackedMatrix keys, q, out_grad;  ///< [length, width]
};

PackedHead pack_head(const AttentionShape& shape, int64_t length, const Head& head) {
  const int64_t width = shape.dim / shape.heads;
  const int64_t size = packed_size(length, width);
  float* memory = scratch<float>(Scratch::attention_packed, packed_size(width, length) + 3 * size);
  PackedHead packed;
  packed.keys = pack_n(length, width, head.k, shape.k_stride, memory);
  packed.q = pack_n(length, width, head.q, shape.q_stride, memory + size);
  packed.out_grad = pack_n(length, width, head.out_grad, shape.dim, memory + 2 * size);
  packed.values = pack_t(width, length, head.v, shape.v_stride, memory + 3 * size);
  return packed;
}

/// Gradient of the weights after dropout.
void weight_gradients(const AttentionShape& shape, const AttentionBlock& block, const Head& head,
                      const PackedHead& packed, const AttentionWork& work) {
  const int64_t width = shape.dim / shape.heads;
  const float* out_grad = head.out_grad + block.first_row * shape.dim;
  float* grad = work.grad + block.first_row * work.stride;
  packed_nn(block.rows, block.keys, width, out_grad, shape.dim, packed.values, grad, work.stride);
  if (block.padding > 0) {
    gemm_nt(block.rows, 1, width, out_grad, shape.dim, head.pad_value, width, grad + block.keys,
            work.stride, false);
  }
}

/// Gradients of a block's queries and of the virtual key and value.
void query_gradients(const AttentionShape& shape, const AttentionBlock& block, const Head& head,
                     const PackedHead& packed, const AttentionWork& work) {
  const int64_t width = shape.dim / shape.heads;
  const float* used = work.used + block.first_row * work.stride;
  const float* grad = work.grad + block.first_row * work.stride;
  float* q_grad = head.q_grad + block.first_row * shape.q_stride;
  packed_nn(block.rows, width, block.keys, grad, work.stride, packed.keys, q_grad, shape.q_stride);
  if (block.padding > 0) {
    const float* q = head.q + block.first_row * shape.q_stride;
    const float* out_grad = head.out_grad + block.first_row * shape.dim;
    gemm_tn(1, width, block.rows, used + block.keys, work.stride, out_grad, shape.dim,
            head.pad_value_grad, width, true);
    gemm_tn(1, width, block.rows, grad + block.keys, work.stride, q, shape.q_stride,
            head.pad_key_grad, width, true);
    gemm_nn(block.rows, width, 1, grad + block.keys, work.stride, head.pad_key, width, q_grad,
            shape.q_stride, true);
  }
}

/// Gradients of the keys and values that stand where the block's queries do.
void key_gradients(const AttentionShape& shape, const AttentionBlock& block, const Head& head,
                   const PackedHead& packed, const AttentionWork& work) {
  const int64_t width = shape.dim / shape.heads;
  const int64_t first = shape.causal ? block.first_row : 0;  // the first query that sees them
  const int64_t queries = block.length - first;
  const int64_t at = first * work.stride + block.first_row;
  packed_tn(block.rows, width, queries, work.used + at, work.stride, packed.out_grad, first,
            head.v_grad + block.first_row * shape.v_stride, shape.v_stride);
  packed_tn(block.rows, width, queries, work.grad + at, work.stride, packed.q, first,
            head.k_grad + block.first_row * shape.k_stride, shape.k_stride);
}

void head_backward(const AttentionShape& shape, const uint64_t* stream, int64_t length, int64_t h,
                   const Head& head, const float* saved) {
  const int64_t columns = length + (shape.max_length > length ? 1 : 0);
  AttentionWork work;
  work.stride = (columns + kAttentionAlign - 1) / kAttentionAlign * kAttentionAlign;
  work.used = scratch<float>(Scratch::attention_scores, length * work.stride);
  work.grad = scratch<float>(Scratch::attention_gradients, length * work.stride);
  const PackedHead packed = pack_head(shape, length, head);
  for (int64_t row = 0; row < length; row += kAttentionRows) {
    const AttentionBlock block = attention_block(shape, length, row);
    weight_gradients(shape, block, head, packed, work);
    HWY_DYNAMIC_DISPATCH(attention_softmax_backward)(shape, stream, block, h, saved, work);
    query_gradients(shape, block, head, packed, work);
    saved += block.size();
  }
  for (int64_t row = 0; row < length; row += kAttentionRows) {
    key_gradients(shape, attention_block(shape, length, row), head, packed, work);
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

}  // namespace truenext::kernels
#endif  // HWY_ONCE
