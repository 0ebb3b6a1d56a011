// SPDX-License-Identifier: Apache-2.0
// Attention over packed sequences, forward. Keys are packed once for a sequence and head; per block
// of query rows: scores by a matrix product, softmax in place, dropout into scratch, output by a
// second matrix product. The whole row of weights is at hand, so there is no online softmax
// (sequences are a few hundred long).
//
// Nanoseconds per token on one Zen 5 core, forward / backward, one head of 128, causal, dropout:
//                                                            107 tokens    200 tokens
//   blocks of 64 rows, every product packs its matrices      280 / 435     428 / 725
//   keys (backward: values) packed once, blocks of 24        240 / 358     370 / 590
//   and no other matrix packed, blocks of 18                 222 / 340     360 / 580    chosen
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <cmath>
#include <limits>

#include "kernels/attention-inl.h"
#include "kernels/attention_terms.h"
#include "kernels/packed.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

/// Below it the two roundings of a product in attention_softmax are at most 1 apart.
constexpr float kExactShift = 1 << 24;

/// The largest fused score * factor - shift of `n`. It is not zero: the largest product was rounded
/// before it became the shift. Of products of a billion half a unit in the last place is 32 and
/// more, and exponents that lie so far off make the sum of the weights infinite or zero.
HWY_INLINE float largest_exponent(float shift, int64_t n, V factor, const float* scores) {
  const V lowest = all(-std::numeric_limits<float>::infinity());
  V top = lowest;
  for_each(n, [&](int64_t j, auto part) HWY_ATTR {
    const V exponent = hn::MulSub(part.load(scores + j), factor, all(shift));
    top = hn::Max(top, part.rest(exponent, lowest));
  });
  return max_of(top);
}

/// scores [rows, stride] of raw products in, softmax weights out; hidden keys become zero. Finite
/// whenever the products are.
void attention_softmax(const AttentionBlock& block, float scale, float* scores) {
  const V factor = all(scale);
  const V lowest = all(-std::numeric_limits<float>::infinity());
  for (int64_t i = 0; i < block.rows; ++i, scores += block.stride) {
    const int64_t seen = block.seen(i);
    V top = lowest;
    for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
      top = hn::Max(top, part.rest(hn::Mul(part.load(scores + j), factor), lowest));
    });
    float shift = max_of(top);
    float pad_score = 0;
    if (block.padding > 0) {
      pad_score = scores[block.keys] * scale + std::log(static_cast<float>(block.padding));
      shift = HWY_MAX(shift, pad_score);
    }
    float excess = 0;
    if (std::abs(shift) >= kExactShift) {
      excess = largest_exponent(shift, seen, factor, scores);
      if (block.padding > 0) excess = HWY_MAX(excess, pad_score - shift);
    }
    V sum = zero();
    for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
      const V fused = hn::MulSub(part.load(scores + j), factor, all(shift));
      const V e = exp_of(hn::Sub(fused, all(excess)));
      sum = hn::Add(sum, part.rest(e, zero()));
      part.store(e, scores + j);
    });
    float total = sum_of(sum);
    if (block.padding > 0) {
      const float e = hn::GetLane(exp_of(all(pad_score - shift - excess)));
      scores[block.keys] = e;
      total += e;
    }
    const V inverse = all(1.0f / total);
    for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
      part.store(hn::Mul(part.load(scores + j), inverse), scores + j);
    });
    if (block.padding > 0) scores[block.keys] /= total;
    for_each(block.keys - seen,
             [&](int64_t j, auto part) HWY_ATTR { part.store(zero(), scores + seen + j); });
  }
}

/// weights = silu(scores) * scale, same layout, where the two may be one; hidden keys become zero.
void attention_silu(const AttentionBlock& block, float scale, const float* scores, float* weights) {
  const V factor = all(scale);
  for (int64_t i = 0; i < block.rows; ++i, scores += block.stride, weights += block.stride) {
    const int64_t seen = block.seen(i);
    for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
      const V s = part.load(scores + j);
      part.store(hn::Mul(hn::Mul(s, factor), sigmoid_of(s)), weights + j);
    });
    for_each(block.keys - seen,
             [&](int64_t j, auto part) HWY_ATTR { part.store(zero(), weights + seen + j); });
  }
}

/// dropped = weights * dropout factors, same layout, where the two may be one; hidden keys stay
/// zero.
void attention_dropout(const AttentionShape& shape, uint64_t stream, const AttentionBlock& block,
                       int64_t head, const float* weights, float* dropped) {
  const BlockFactors all_factors(shape, stream, block, head);
  for (int64_t i = 0; i < block.rows; ++i, weights += block.stride, dropped += block.stride) {
    const int64_t seen = block.seen(i);
    const KeyFactors factors = all_factors.row(i);
    for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
      part.store(hn::Mul(part.load(weights + j), factors.load(j)), dropped + j);
    });
    for_each(block.keys - seen,
             [&](int64_t j, auto part) HWY_ATTR { part.store(zero(), dropped + seen + j); });
    if (block.padding > 0) dropped[block.keys] = weights[block.keys] * factors.padding();
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(attention_softmax);
HWY_EXPORT(attention_silu);
HWY_EXPORT(attention_dropout);

namespace {

/// This head's columns: of the queries and the output of a block, and of all keys and values.
struct Head {
  const float *q, *pad_key, *pad_value;
  PackedMatrix keys, values;  ///< [width, length], [length, width]
  float* out;
};

/// Keys and values of one head of a sequence, as many as are seen; `k` and `v` point at its columns
/// of the first token.
void pack_head(const AttentionShape& shape, int64_t keys, const float* k, const float* v,
               Head& head) {
  const int64_t width = shape.dim / shape.heads;
  const int64_t size = packed_size(width, keys);
  float* memory = scratch<float>(Scratch::attention_packed, size + packed_size(keys, width));
  head.keys = pack_t(width, keys, k, shape.k_stride, memory);
  head.values = pack_n(keys, width, v, shape.v_stride, memory + size);
}

void products(const AttentionShape& shape, const AttentionBlock& block, const Head& head,
              float* scores) {
  const int64_t width = shape.dim / shape.heads;
  packed_nn(block.rows, block.keys, width, head.q, shape.q_stride, head.keys, scores, block.stride);
  if (block.padding > 0) {
    gemm_nt(block.rows, 1, width, head.q, shape.q_stride, head.pad_key, width, scores + block.keys,
            block.stride, false);
  }
}

/// The weights of a block from its products in `scores`, which become what the backward pass needs:
/// weights in place, or finished scores and the weights elsewhere.
float* weights_of(const AttentionShape& shape, const AttentionTables& tables,
                  const AttentionBlock& block, int64_t h, float* scores) {
  if (tables.separate) add_terms(shape, tables, block, h, scores);
  if (shape.weights == AttentionWeights::softmax) {
    HWY_DYNAMIC_DISPATCH(attention_softmax)(block, tables.scale_of_weights(), scores);
    return scores;
  }
  float* weights = scratch<float>(Scratch::attention_gradients, block.size());
  HWY_DYNAMIC_DISPATCH(attention_silu)(block, shape.weight_scale, scores, weights);
  return weights;
}

void weighted_values(const AttentionShape& shape, const AttentionBlock& block, const Head& head,
                     const float* weights) {
  const int64_t width = shape.dim / shape.heads;
  packed_nn(block.rows, width, block.keys, weights, block.stride, head.values, head.out, shape.dim);
  if (block.padding > 0) {
    gemm_nn(block.rows, width, 1, weights + block.keys, block.stride, head.pad_value, width,
            head.out, shape.dim, true);
  }
}

}  // namespace

int64_t attention_saved_size(const AttentionShape& shape) {
  int64_t size = 0;
  for (int64_t s = 0; s < shape.sequences; ++s) {
    size += shape.heads * attention_head_size(shape, attention_sequence(shape, s));
  }
  return size;
}

void attention(const AttentionShape& shape, const float* q, const float* k, const float* v,
               float* out, float* saved) {
  const int64_t width = shape.dim / shape.heads;
  const bool drops = shape.streams && shape.dropout.active();
  AttentionTables tables = attention_tables(shape, false);
  for (int64_t s = 0; s < shape.sequences; ++s) {
    const AttentionSequence sequence = attention_sequence(shape, s);
    if (sequence.queries == 0) continue;
    enter_sequence(shape, sequence, tables);
    const int64_t keys = attention_keys(shape, sequence);
    for (int64_t h = 0; h < shape.heads; ++h) {
      const int64_t column = h * width;
      Head head;
      head.pad_key = shape.pad_key ? shape.pad_key + column : nullptr;
      head.pad_value = shape.pad_value ? shape.pad_value + column : nullptr;
      pack_head(shape, keys, k + sequence.first_token * shape.k_stride + column,
                v + sequence.first_token * shape.v_stride + column, head);
      for (int64_t row = 0; row < sequence.queries; row += kAttentionRows) {
        const AttentionBlock block = attention_block(shape, sequence, row);
        head.q = q + (sequence.first_query + row) * shape.q_stride + column;
        head.out = out + (sequence.first_query + row) * shape.dim + column;
        float* scores = saved ? saved : scratch<float>(Scratch::attention_scores, block.size());
        products(shape, block, head, scores);
        const float* weights = weights_of(shape, tables, block, h, scores);
        const float* used = weights;
        if (drops) {
          float* dropped = scratch<float>(Scratch::attention_gradients, block.size());
          HWY_DYNAMIC_DISPATCH(attention_dropout)
          (shape, shape.streams[s], block, h, weights, dropped);
          used = dropped;
        }
        weighted_values(shape, block, head, used);
        if (saved) saved += block.size();
      }
    }
  }
}

void attention_last(int64_t n, int64_t dim, int64_t heads, const float* q, const float* k,
                    int64_t k_stride, const float* v, int64_t v_stride, const float* pad_key,
                    const float* pad_value, int64_t max_length, float* out) {
  const int64_t offsets[] = {0, n};
  const int64_t query_offsets[] = {0, 1};
  const auto place = static_cast<int32_t>(n - 1);
  AttentionShape shape;
  shape.sequences = 1;
  shape.offsets = offsets;
  shape.query_offsets = query_offsets;
  shape.query_places = &place;
  shape.dim = dim;
  shape.heads = heads;
  shape.q_stride = dim;
  shape.k_stride = k_stride;
  shape.v_stride = v_stride;
  shape.pad_key = pad_key;
  shape.pad_value = pad_value;
  shape.max_length = pad_key ? max_length : 0;
  attention(shape, q, k, v, out, nullptr);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
