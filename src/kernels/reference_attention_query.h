// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/kernels.h"

/// One query of the slow twin of attention: its keys, dropout factors, scores and weights.
namespace truenext::kernels::reference {

template <typename T>
void dropout_factors(const Dropout& dropout, uint64_t stream, uint32_t row, int64_t dim,
                     T* factors);

namespace detail {

/// Tokens first .. first + length - 1 of a sequence and its queries, given by their row.
struct Sequence {
  int64_t first, length, first_query, queries;
};

inline Sequence sequence_of(const AttentionShape& shape, int64_t s) {
  const int64_t* queries = shape.query_offsets ? shape.query_offsets : shape.offsets;
  return {shape.offsets[s], shape.offsets[s + 1] - shape.offsets[s], queries[s],
          queries[s + 1] - queries[s]};
}

/// One query of one head: what the forward and the backward pass both need to know.
struct Query {
  int64_t row;       ///< of q and out
  int64_t index;     ///< within its sequence, oldest = 0
  int64_t length;    ///< tokens of the sequence
  int64_t last_key;  ///< keys 0 .. last_key are seen
  int64_t padding;   ///< virtual keys, 0 when there are none
  int64_t head;
};

inline double score_scale(const AttentionShape& shape) {
  if (shape.score_scale != 0) return static_cast<double>(shape.score_scale);
  return 1 / std::sqrt(static_cast<double>(shape.dim / shape.heads));
}

inline Query make_query(const AttentionShape& shape, const Sequence& sequence, int64_t i,
                        int64_t head, bool padded) {
  const int64_t row = sequence.first_query + i;
  const int64_t length = sequence.length;
  const int64_t index = shape.query_places ? shape.query_places[row] : i;
  return {row,
          index,
          length,
          shape.causal ? index : length - 1,
          padded ? std::max<int64_t>(shape.max_length - length, 0) : 0,
          head};
}

/// Dropout factors of the keys of one query in the order of the keys, then the mean factor of the
/// virtual keys. All ones without dropout.
inline std::vector<double> key_factors(const AttentionShape& shape, int64_t s, const Query& query) {
  const int64_t n = query.length;
  std::vector<double> factors(static_cast<size_t>(n + 1), 1.0);
  if (!shape.streams || !shape.dropout.active()) return factors;
  std::vector<double> from_end(static_cast<size_t>(n + query.padding));
  const int64_t row = (n - 1 - query.index) * shape.heads + query.head;
  reference::dropout_factors(shape.dropout, shape.streams[s], static_cast<uint32_t>(row),
                             n + query.padding, from_end.data());
  for (int64_t j = 0; j < n; ++j) {
    factors[static_cast<size_t>(j)] = from_end[static_cast<size_t>(n - 1 - j)];
  }
  double sum = 0;
  for (int64_t j = n; j < n + query.padding; ++j) sum += from_end[static_cast<size_t>(j)];
  if (query.padding > 0) factors[static_cast<size_t>(n)] = sum / static_cast<double>(query.padding);
  return factors;
}

/// Where a pair finds its terms, -1 without such a term.
struct TermColumns {
  int64_t distance, time;
};

template <typename T>
TermColumns term_columns(const AttentionTerms<T>& terms, const Sequence& sequence,
                         const Query& query, int64_t key) {
  TermColumns at{-1, -1};
  if (terms.distance_bias) {
    const int64_t row = terms.distance_heads == 1 ? 0 : query.head;
    const int64_t distance = query.index - key + terms.distance_origin;
    at.distance = row * terms.distances + std::clamp<int64_t>(distance, 0, terms.distances - 1);
  }
  if (terms.time_bias) {
    const int64_t row = terms.time_heads == 1 ? 0 : query.head;
    const double gap = std::abs(static_cast<double>(terms.query_times[query.row]) -
                                static_cast<double>(terms.key_times[sequence.first + key]));
    const double bucket = std::floor(std::log(std::max(1.0, gap)) / terms.bucket_width);
    at.time = row * terms.buckets +
              static_cast<int64_t>(std::min(bucket, static_cast<double>(terms.buckets - 1)));
  }
  return at;
}

inline double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

/// Scores of one query for keys 0 .. last_key and, at [length], the virtual key; the rest minus
/// infinity. q, k and pad_key begin at this head's columns.
template <typename T>
std::vector<double> scores(const AttentionShape& shape, const AttentionTerms<T>& terms,
                           const Sequence& sequence, const Query& query, const T* q, const T* k,
                           const T* pad_key) {
  std::vector<double> result(static_cast<size_t>(query.length + 1),
                             -std::numeric_limits<double>::infinity());
  const int64_t width = shape.dim / shape.heads;
  const auto product = [&](const T* key) {
    double sum = 0;
    for (int64_t c = 0; c < width; ++c) {
      sum += static_cast<double>(q[c]) * static_cast<double>(key[c]);
    }
    return sum * score_scale(shape);
  };
  for (int64_t j = 0; j <= query.last_key; ++j) {
    const TermColumns at = term_columns(terms, sequence, query, j);
    double score = product(k + j * shape.k_stride);
    if (at.distance >= 0) score += static_cast<double>(terms.distance_bias[at.distance]);
    if (at.time >= 0) score += static_cast<double>(terms.time_bias[at.time]);
    result[static_cast<size_t>(j)] = score;
  }
  if (query.padding > 0) {
    result.back() = product(pad_key) + std::log(static_cast<double>(query.padding));
  }
  return result;
}

/// Weights before dropout, zero for hidden keys.
inline std::vector<double> weights(const AttentionShape& shape, std::vector<double> scores) {
  if (shape.weights == AttentionWeights::silu) {
    for (double& s : scores) {
      s = std::isinf(s) ? 0 : s * sigmoid(s) * static_cast<double>(shape.weight_scale);
    }
    return scores;
  }
  const double top = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& value : scores) sum += value = std::exp(value - top);
  for (double& value : scores) value /= sum;
  return scores;
}

}  // namespace detail
}  // namespace truenext::kernels::reference
