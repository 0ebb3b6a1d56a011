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
#include <algorithm>

#include "kernels/attention_backward-inl.h"
#include "kernels/attention_terms.h"
#include "kernels/packed.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

/// For all rows of a block; `stream` null = no dropout, `saved` as the forward pass left it.
void attention_weights_backward(const AttentionShape& shape, const uint64_t* stream, float scale,
                                const AttentionBlock& block, int64_t head, const float* saved,
                                const AttentionWork& work) {
  float* used = work.used + block.first_row * work.stride;
  float* grad = work.grad + block.first_row * work.stride;
  const auto rows = [&](const auto& factors_of) HWY_ATTR {
    for (int64_t i = 0; i < block.rows; ++i) {
      const float* row = saved + i * block.stride;
      if (shape.weights == AttentionWeights::softmax) {
        softmax_backward_row(block, block.seen(i), scale, factors_of(i), row,
                             used + i * work.stride, grad + i * work.stride);
      } else {
        silu_backward_row(block, block.seen(i), shape.weight_scale, factors_of(i), row,
                          used + i * work.stride, grad + i * work.stride);
      }
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

HWY_EXPORT(attention_weights_backward);

namespace {

/// One head of a sequence: pointers to the columns of its first token and of its first query.
struct Head {
  const float *q, *k, *v, *pad_key, *pad_value, *out_grad;
  float *q_grad, *k_grad, *v_grad, *pad_key_grad, *pad_value_grad;
};

/// The factors of several products, packed; `seen` keys.
struct PackedHead {
  PackedMatrix values;       ///< [width, seen]
  PackedMatrix keys;         ///< [seen, width]
  PackedMatrix q, out_grad;  ///< [queries, width]
};

PackedHead pack_head(const AttentionShape& shape, int64_t queries, int64_t seen, const Head& head) {
  const int64_t width = shape.dim / shape.heads;
  const int64_t size = packed_size(seen, width);
  const int64_t query_size = packed_size(queries, width);
  float* memory =
      scratch<float>(Scratch::attention_packed, packed_size(width, seen) + size + 2 * query_size);
  PackedHead packed;
  packed.keys = pack_n(seen, width, head.k, shape.k_stride, memory);
  memory += size;
  packed.q = pack_n(queries, width, head.q, shape.q_stride, memory);
  packed.out_grad = pack_n(queries, width, head.out_grad, shape.dim, memory + query_size);
  packed.values = pack_t(width, seen, head.v, shape.v_stride, memory + 2 * query_size);
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

/// Gradients of a block of keys and values from place `first_key` on.
void key_gradients(const AttentionShape& shape, const AttentionSequence& sequence,
                   int64_t first_key, const Head& head, const PackedHead& packed,
                   const AttentionWork& work) {
  const int64_t width = shape.dim / shape.heads;
  const int64_t rows = std::min(kAttentionRows, sequence.length - first_key);
  float* k_grad = head.k_grad + first_key * shape.k_stride;
  float* v_grad = head.v_grad + first_key * shape.v_stride;
  // The first query that sees them.
  const int64_t first = shape.causal ? sequence.first_query_at(first_key) : 0;
  const int64_t queries = sequence.queries - first;
  if (queries == 0) {
    for (int64_t i = 0; i < rows; ++i) {
      std::fill_n(k_grad + i * shape.k_stride, width, 0.0f);
      std::fill_n(v_grad + i * shape.v_stride, width, 0.0f);
    }
    return;
  }
  const int64_t at = first * work.stride + first_key;
  packed_tn(rows, width, queries, work.used + at, work.stride, packed.out_grad, first, v_grad,
            shape.v_stride);
  packed_tn(rows, width, queries, work.grad + at, work.stride, packed.q, first, k_grad,
            shape.k_stride);
}

/// Gradients of all queries.
PackedHead query_side(const AttentionShape& shape, const AttentionTables& tables,
                      const AttentionSequence& sequence, const uint64_t* stream, int64_t h,
                      const Head& head, const float* saved, AttentionWork& work) {
  const int64_t seen = attention_keys(shape, sequence);
  const int64_t columns = seen + (shape.max_length > sequence.length ? 1 : 0);
  work.stride = (columns + kAttentionAlign - 1) / kAttentionAlign * kAttentionAlign;
  work.used = scratch<float>(Scratch::attention_scores, sequence.queries * work.stride);
  work.grad = scratch<float>(Scratch::attention_gradients, sequence.queries * work.stride);
  const PackedHead packed = pack_head(shape, sequence.queries, seen, head);
  for (int64_t row = 0; row < sequence.queries; row += kAttentionRows) {
    const AttentionBlock block = attention_block(shape, sequence, row);
    weight_gradients(shape, block, head, packed, work);
    HWY_DYNAMIC_DISPATCH(attention_weights_backward)
    (shape, stream, tables.scale_of_weights(), block, h, saved, work);
    if (tables.separate) {
      collect_terms(shape, tables, block, h, work.stride, work.grad + row * work.stride);
    }
    query_gradients(shape, block, head, packed, work);
    saved += block.size();
  }
  return packed;
}

void head_backward(const AttentionShape& shape, const AttentionTables& tables,
                   const AttentionSequence& sequence, const uint64_t* stream, int64_t h,
                   const Head& head, const float* saved) {
  AttentionWork work{};
  PackedHead packed;
  if (sequence.queries > 0)
    packed = query_side(shape, tables, sequence, stream, h, head, saved, work);
  for (int64_t key = 0; key < sequence.length; key += kAttentionRows) {
    key_gradients(shape, sequence, key, head, packed, work);
  }
}

}  // namespace

void attention_backward(const AttentionShape& shape, const float* q, const float* k, const float* v,
                        const float* saved, const float* out_grad, float* q_grad, float* k_grad,
                        float* v_grad, float* pad_key_grad, float* pad_value_grad) {
  const int64_t width = shape.dim / shape.heads;
  const bool drops = shape.streams && shape.dropout.active();
  AttentionTables tables = attention_tables(shape, true);
  const auto at = [](auto* pointer, int64_t by) { return pointer ? pointer + by : pointer; };
  for (int64_t s = 0; s < shape.sequences; ++s) {
    const AttentionSequence sequence = attention_sequence(shape, s);
    if (sequence.length == 0) continue;
    enter_sequence(shape, sequence, tables);
    for (int64_t h = 0; h < shape.heads; ++h) {
      const int64_t column = h * width;
      const int64_t q_at = sequence.first_query * shape.q_stride + column;
      const int64_t k_at = sequence.first_token * shape.k_stride + column;
      const int64_t v_at = sequence.first_token * shape.v_stride + column;
      const Head head{at(q, q_at),
                      k + k_at,
                      v + v_at,
                      at(shape.pad_key, column),
                      at(shape.pad_value, column),
                      at(out_grad, sequence.first_query * shape.dim + column),
                      at(q_grad, q_at),
                      k_grad + k_at,
                      v_grad + v_at,
                      at(pad_key_grad, column),
                      at(pad_value_grad, column)};
      head_backward(shape, tables, sequence, drops ? shape.streams + s : nullptr, h, head, saved);
      saved += attention_head_size(shape, sequence);
    }
  }
  finish_terms(shape, tables);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
