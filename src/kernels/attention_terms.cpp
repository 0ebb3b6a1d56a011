// SPDX-License-Identifier: Apache-2.0
// Additive terms of attention scores. Distances: the bias is spread once a call over all distances,
// so that a row of keys reads one run of it, and gradients are summed in the same layout. Times: a
// byte of bucket for every pair, shared by all heads, and one lookup for every score.
#include "kernels/attention_terms.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_terms.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <cassert>
#include <cmath>

#include "kernels/scratch.h"
#include "kernels/time_buckets.h"
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

/// scores[n] = scale * scores + first + second, where null is nothing.
void scale_and_add(int64_t n, float scale, const float* first, const float* second, float* scores) {
  const V factor = all(scale);
  for_each(n, [&](int64_t j, auto part) HWY_ATTR {
    V term = first ? part.load(first + j) : zero();
    if (second) term = hn::Add(term, part.load(second + j));
    part.store(hn::MulAdd(part.load(scores + j), factor, term), scores + j);
  });
}

/// sums[n] += grad unless null; grad *= scale.
void sum_and_scale(int64_t n, float scale, float* sums, float* grad) {
  const V factor = all(scale);
  for_each(n, [&](int64_t j, auto part) HWY_ATTR {
    const V g = part.load(grad + j);
    if (sums) part.store(hn::Add(part.load(sums + j), g), sums + j);
    part.store(hn::Mul(g, factor), grad + j);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(scale_and_add);
HWY_EXPORT(sum_and_scale);

namespace {

/// Row of a table with one row for all heads or one for each.
int64_t row_of(int64_t heads, int64_t head) {
  return heads == 1 ? 0 : head;
}

/// Column of distance_bias for `at` = longest - 1 + j - i.
int64_t distance_column(const AttentionTerms<float>& terms, int64_t longest, int64_t at) {
  return std::clamp<int64_t>(longest - 1 - at + terms.distance_origin, 0, terms.distances - 1);
}

float* spread_distances(const AttentionTerms<float>& terms, int64_t longest, float* memory) {
  for (int64_t h = 0; h < terms.distance_heads; ++h) {
    for (int64_t at = 0; at < 2 * longest; ++at) {
      memory[h * 2 * longest + at] =
          terms.distance_bias[h * terms.distances + distance_column(terms, longest, at)];
    }
  }
  return memory;
}

void check(const AttentionShape& shape) {
  [[maybe_unused]] const AttentionTerms<float>& terms = shape.terms;
  assert(shape.max_length == 0 && !shape.pad_key);  // the virtual key has neither place nor time
  assert(!terms.distance_bias || terms.distances > 0);
  assert(terms.distance_heads == 1 || terms.distance_heads == shape.heads);
  // Times may be null: without tokens, or without queries, there are none.
  assert(terms.time_heads == 1 || terms.time_heads == shape.heads);
}

/// This row's run of an array in the layout of AttentionTables::distance.
template <typename T>
T* distance_run(const AttentionShape& shape, const AttentionTables& tables, T* values, int64_t head,
                int64_t place) {
  const int64_t row = row_of(shape.terms.distance_heads, head);
  return values ? values + (2 * row + 1) * tables.longest - 1 - place : nullptr;
}

}  // namespace

AttentionTables attention_tables(const AttentionShape& shape, bool gradients) {
  const AttentionTerms<float>& terms = shape.terms;
  const auto width = static_cast<float>(shape.dim / shape.heads);
  AttentionTables tables;
  tables.scale = shape.score_scale != 0 ? shape.score_scale : 1.0f / std::sqrt(width);
  tables.separate =
      shape.weights == AttentionWeights::silu || terms.distance_bias || terms.time_bias;
  if (!tables.separate) return tables;
  check(shape);
  for (int64_t s = 0; s < shape.sequences; ++s) {
    tables.longest = std::max(tables.longest, shape.offsets[s + 1] - shape.offsets[s]);
  }
  const int64_t run = terms.distance_bias ? 2 * tables.longest * terms.distance_heads : 0;
  const int64_t row = terms.time_bias ? tables.longest : 0;
  const bool sums_distances = gradients && terms.distance_bias && terms.distance_grad;
  const bool sums_times = gradients && terms.time_bias && terms.time_grad;
  const int64_t times = sums_times ? terms.time_heads * kTimeSums * terms.buckets : 0;
  float* memory = scratch<float>(Scratch::attention_terms, 2 * run + row + times);
  if (run > 0) tables.distance = spread_distances(terms, tables.longest, memory);
  if (row > 0) tables.time_row = memory + 2 * run;
  if (sums_distances && run > 0) tables.distance_sums = memory + run;
  if (sums_times) tables.time_sums = memory + 2 * run + row;
  if (tables.distance_sums) std::fill_n(tables.distance_sums, run, 0.0f);
  if (tables.time_sums) std::fill_n(tables.time_sums, times, 0.0f);
  return tables;
}

void enter_sequence(const AttentionShape& shape, const AttentionSequence& sequence,
                    AttentionTables& tables) {
  const AttentionTerms<float>& terms = shape.terms;
  if (!terms.time_bias) return;
  const TimeBuckets& buckets_of = time_buckets(terms.buckets, terms.bucket_width);
  auto* buckets = scratch<uint8_t>(Scratch::attention_buckets, sequence.queries * tables.longest);
  tables.buckets = buckets;
  const int64_t* key_times = terms.key_times + sequence.first_token;
  for (int64_t i = 0; i < sequence.queries; ++i, buckets += tables.longest) {
    const int64_t time = terms.query_times[sequence.first_query + i];
    const int64_t seen = shape.causal ? sequence.place(i) + 1 : sequence.length;
    for (int64_t j = 0; j < seen; ++j) buckets[j] = buckets_of.of(time, key_times[j]);
  }
}

void add_terms(const AttentionShape& shape, const AttentionTables& tables,
               const AttentionBlock& block, int64_t head, float* scores) {
  const AttentionTerms<float>& terms = shape.terms;
  const float* bias = terms.time_bias;
  if (bias) bias += row_of(terms.time_heads, head) * terms.buckets;
  for (int64_t i = 0; i < block.rows; ++i, scores += block.stride) {
    const int64_t seen = block.seen(i);
    if (bias) {
      const uint8_t* buckets = tables.buckets + (block.first_row + i) * tables.longest;
      for (int64_t j = 0; j < seen; ++j) tables.time_row[j] = bias[buckets[j]];
    }
    HWY_DYNAMIC_DISPATCH(scale_and_add)
    (seen, tables.scale, distance_run(shape, tables, tables.distance, head, block.place(i)),
     tables.time_row, scores);
  }
}

void collect_terms(const AttentionShape& shape, const AttentionTables& tables,
                   const AttentionBlock& block, int64_t head, int64_t stride, float* grad) {
  const AttentionTerms<float>& terms = shape.terms;
  float* sums = tables.time_sums;
  if (sums) sums += row_of(terms.time_heads, head) * kTimeSums * terms.buckets;
  for (int64_t i = 0; i < block.rows; ++i, grad += stride) {
    const int64_t seen = block.seen(i);
    if (sums) {
      const uint8_t* buckets = tables.buckets + (block.first_row + i) * tables.longest;
      for (int64_t j = 0; j < seen; ++j) {
        sums[j % kTimeSums * terms.buckets + buckets[j]] += grad[j];
      }
    }
    HWY_DYNAMIC_DISPATCH(sum_and_scale)
    (seen, tables.scale, distance_run(shape, tables, tables.distance_sums, head, block.place(i)),
     grad);
  }
}

void finish_terms(const AttentionShape& shape, const AttentionTables& tables) {
  const AttentionTerms<float>& terms = shape.terms;
  if (tables.distance_sums) {
    const float* sums = tables.distance_sums;
    for (int64_t h = 0; h < terms.distance_heads; ++h, sums += 2 * tables.longest) {
      for (int64_t at = 0; at + 1 < 2 * tables.longest; ++at) {
        const int64_t column = distance_column(terms, tables.longest, at);
        terms.distance_grad[h * terms.distances + column] += sums[at];
      }
    }
  }
  if (tables.time_sums) {
    const float* sums = tables.time_sums;
    for (int64_t h = 0; h < terms.time_heads; ++h) {
      for (int64_t part = 0; part < kTimeSums; ++part, sums += terms.buckets) {
        for (int64_t b = 0; b < terms.buckets; ++b) {
          terms.time_grad[h * terms.buckets + b] += sums[b];
        }
      }
    }
  }
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
