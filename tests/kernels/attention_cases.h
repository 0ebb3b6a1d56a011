// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "kernels/kernel_cases.h"
#include "kernels/kernels.h"
#include "support/sanitizers.h"

namespace truenext::kernels::testing {

/// One attention layer with its inputs in one packed [tokens, 3 * dim + gap] array, as models have
/// it.
template <typename T>
struct AttentionCase {
  std::vector<int64_t> offsets{0};
  std::vector<uint64_t> streams;
  std::vector<T> packed, pad_key, pad_value, out_grad;
  AttentionShape shape;

  AttentionCase(const std::vector<int64_t>& lengths, int64_t dim, int64_t heads, bool causal,
                bool padded, double rate, double spread = 1.0) {
    for (size_t s = 0; s < lengths.size(); ++s) {
      offsets.push_back(offsets.back() + lengths[s]);
      streams.push_back(1000 + 17 * s);
    }
    const int64_t stride = 3 * dim + 5;
    packed = random_values<T>(tokens() * stride, 1, spread);
    pad_key = random_values<T>(dim, 2, spread);
    pad_value = random_values<T>(dim, 3);
    out_grad = random_values<T>(tokens() * dim, 4);
    shape.sequences = static_cast<int64_t>(lengths.size());
    shape.offsets = offsets.data();
    shape.dim = dim;
    shape.heads = heads;
    shape.causal = causal;
    shape.q_stride = shape.k_stride = shape.v_stride = stride;
    shape.dropout = Dropout::with_rate(rate, random_key(5, Purpose::dropout_attention));
    shape.streams = streams.data();
    is_padded = padded;
    // Some sequences are full, so that they have no virtual key.
    shape.max_length = padded ? *std::max_element(lengths.begin(), lengths.end()) : 0;
    if constexpr (sizeof(T) == sizeof(float)) {
      shape.pad_key = padded ? pad_key.data() : nullptr;
      shape.pad_value = padded ? pad_value.data() : nullptr;
    }
  }
  AttentionCase(const AttentionCase&) = delete;
  AttentionCase& operator=(const AttentionCase&) = delete;

  /// From now on only the listed places of every sequence ask, with q in an array of its own.
  void ask(const std::vector<std::vector<int32_t>>& lists) {
    query_offsets = {0};
    query_rows.clear();
    places.clear();
    for (size_t s = 0; s < lists.size(); ++s) {
      for (const int32_t place : lists[s]) query_rows.push_back(offsets[s] + place);
      places.insert(places.end(), lists[s].begin(), lists[s].end());
      query_offsets.push_back(static_cast<int64_t>(places.size()));
    }
    listed_q = listed(packed, shape.k_stride);
    listed_out_grad = listed(out_grad, shape.dim);
    shape.query_offsets = query_offsets.data();
    shape.query_places = places.data();
    shape.q_stride = shape.dim;
  }

  /// Random terms, after ask(): one row of each for all heads or one for each head. Distances and
  /// buckets are so few that sequences of 20 reach both ends; gaps of times are of every size.
  void add_terms(bool distance, bool time, bool for_each_head) {
    const int64_t rows = for_each_head ? shape.heads : 1;
    if (distance) {
      distance_bias = random_values<T>(rows * 13, 6);
      terms.distance_bias = distance_bias.data();
      terms.distance_heads = rows;
      terms.distances = 13;
      terms.distance_origin = shape.causal ? 0 : 6;
    }
    if (time) {
      time_bias = random_values<T>(rows * 40, 8);
      terms.time_bias = time_bias.data();
      terms.time_heads = rows;
      terms.buckets = 40;
      draw_times();
      terms.key_times = key_times.data();
      terms.query_times = query_times.data();
    }
  }

  /// A query has the time of the next event, as a request has.
  void draw_times() {
    RandomStream random(random_key(9, Purpose::simulate));
    std::vector<int64_t> times{1'000'000'000};
    for (int64_t i = 0; i < tokens(); ++i) {
      times.push_back(times.back() + static_cast<int64_t>(std::exp(14 * random.uniform())) - 1);
    }
    key_times.assign(times.begin(), times.end() - 1);
    query_times.clear();
    for (int64_t i = 0; i < queries(); ++i) {
      const int64_t row = is_listed() ? query_rows[static_cast<size_t>(i)] : i;
      query_times.push_back(times[static_cast<size_t>(row) + 1]);
    }
  }

  /// The listed rows [queries, dim] of an array with a row for every token; all without a list.
  std::vector<T> listed(const std::vector<T>& rows, int64_t stride) const {
    std::vector<T> result;
    for (int64_t i = 0; i < queries(); ++i) {
      const int64_t row = is_listed() ? query_rows[static_cast<size_t>(i)] : i;
      const auto from = rows.begin() + row * stride;
      result.insert(result.end(), from, from + shape.dim);
    }
    return result;
  }

  bool is_listed() const { return !query_offsets.empty(); }
  int64_t queries() const { return is_listed() ? query_offsets.back() : tokens(); }
  int64_t tokens() const { return offsets.back(); }
  const T* q() const { return is_listed() ? listed_q.data() : packed.data(); }
  const T* grad_of_out() const { return is_listed() ? listed_out_grad.data() : out_grad.data(); }
  const T* k() const { return packed.data() + shape.dim; }
  const T* v() const { return packed.data() + 2 * shape.dim; }
  const T* key_of_pad() const { return is_padded ? pad_key.data() : nullptr; }
  const T* value_of_pad() const { return is_padded ? pad_value.data() : nullptr; }
  std::string name() const {
    return "dim " + std::to_string(shape.dim) + ", heads " + std::to_string(shape.heads) +
           (shape.causal ? ", causal" : ", bidirectional") + (is_padded ? ", padded" : "") +
           (shape.dropout.active() ? ", dropout" : "") + (is_listed() ? ", listed" : "") +
           (terms.distance_bias ? ", distances" : "") + (terms.time_bias ? ", times" : "") +
           (shape.weights == AttentionWeights::silu ? ", silu" : "");
  }

  bool is_padded = false;
  std::vector<int64_t> query_offsets, query_rows;
  std::vector<int32_t> places;
  std::vector<T> listed_q, listed_out_grad;
  std::vector<T> distance_bias, time_bias;
  std::vector<int64_t> key_times, query_times;
  AttentionTerms<T> terms;
};

/// Some places of every sequence: none of every fifth, in the others each with the given chance.
inline std::vector<std::vector<int32_t>> some_places(const std::vector<int64_t>& lengths,
                                                     uint64_t seed, double chance) {
  RandomStream random(random_key(seed, Purpose::negatives));
  std::vector<std::vector<int32_t>> lists(lengths.size());
  for (size_t s = 0; s < lengths.size(); ++s) {
    for (int32_t i = 0; i < lengths[s] && s % 5 != 3; ++i) {
      if (random.uniform() < chance) lists[s].push_back(i);
    }
  }
  return lists;
}

/// Every kind of layer: call(lengths, dim, heads, causal, padded, rate).
template <typename Call>
void for_each_attention(const Call& call) {
  for (const bool causal : {true, false}) {
    for (const bool padded : {false, true}) {
      for (const double rate : {0.0, 0.3}) {
        call({5, 0, 1, 7, 65, 9}, 18, 2, causal, padded, rate);
        if (test::kSanitized) continue;
        call({100, 65, 31, 129}, 50, 1, causal, padded, rate);
        call({8, 200}, 128, 4, causal, padded, rate);
      }
    }
  }
}

/// Every combination of weights and terms for a case of sequences:
/// call(case).
template <typename T, typename Call>
void for_each_terms(const std::vector<int64_t>& lengths, int64_t width, const Call& call) {
  for (int64_t bits = 0; bits < 64; ++bits) {
    const auto bit = [&](int at) { return (bits >> at & 1) != 0; };
    for (int64_t heads = 1; heads <= 3; ++heads) {
      AttentionCase<T> c(lengths, width * heads, heads, bit(0), false, bit(1) ? 0.3 : 0.0);
      if (bit(2)) c.ask(some_places(lengths, 11, 0.4));
      c.add_terms(bit(3), bit(4), heads != 2);
      if (bit(5)) {
        c.shape.weights = AttentionWeights::silu;
        c.shape.weight_scale = 0.05f;
        c.shape.score_scale = 1.0f;
      }
      call(c);
    }
  }
}

}  // namespace truenext::kernels::testing
