// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/kernels.h"

/// Slow twins of the attention kernels; see kernels/reference.h. The virtual padding key comes as
/// two more arguments of the tensor's type: pad_key and pad_value of the shape (floats) are not
/// read.
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

/// Softmax weights of one query over keys 0 .. last_key and, in weights[length], the virtual key.
template <typename T>
void softmax_weights(const Query& query, int64_t width, double scale, const T* q, const T* k,
                     int64_t k_stride, const T* pad_key, T* weights) {
  std::vector<double> scores(static_cast<size_t>(query.length + 1),
                             -std::numeric_limits<double>::infinity());
  const auto score = [&](const T* key) {
    double sum = 0;
    for (int64_t c = 0; c < width; ++c) {
      sum += static_cast<double>(q[c]) * static_cast<double>(key[c]);
    }
    return sum * scale;
  };
  for (int64_t j = 0; j <= query.last_key; ++j) {
    scores[static_cast<size_t>(j)] = score(k + j * k_stride);
  }
  if (query.padding > 0) {
    scores.back() = score(pad_key) + std::log(static_cast<double>(query.padding));
  }
  const double top = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& value : scores) sum += value = std::exp(value - top);
  for (size_t j = 0; j < scores.size(); ++j) weights[j] = static_cast<T>(scores[j] / sum);
}

}  // namespace detail

/// The saved weights: for every sequence of n tokens, every head and query, n keys and the virtual
/// padding key.
inline int64_t attention_saved_size(const AttentionShape& shape) {
  int64_t size = 0;
  for (int64_t s = 0; s < shape.sequences; ++s) {
    const detail::Sequence sequence = detail::sequence_of(shape, s);
    size += shape.heads * sequence.queries * (sequence.length + 1);
  }
  return size;
}

template <typename T>
void attention(const AttentionShape& shape, const T* q, const T* k, const T* v, const T* pad_key,
               const T* pad_value, T* out, T* saved) {
  const int64_t width = shape.dim / shape.heads;
  std::vector<T> scratch;
  for (int64_t s = 0; s < shape.sequences; ++s) {
    const detail::Sequence sequence = detail::sequence_of(shape, s);
    const int64_t first = sequence.first;
    const int64_t n = sequence.length;
    for (int64_t h = 0; h < shape.heads; ++h) {
      for (int64_t i = 0; i < sequence.queries; ++i) {
        const detail::Query query = detail::make_query(shape, sequence, i, h, pad_key != nullptr);
        scratch.resize(static_cast<size_t>(n + 1));
        T* weights = saved ? saved : scratch.data();
        if (saved) saved += n + 1;
        detail::softmax_weights(query, width, detail::score_scale(shape),
                                q + query.row * shape.q_stride + h * width,
                                k + first * shape.k_stride + h * width, shape.k_stride,
                                pad_key ? pad_key + h * width : nullptr, weights);
        const std::vector<double> factors = detail::key_factors(shape, s, query);
        for (int64_t c = h * width; c < (h + 1) * width; ++c) {
          double sum = 0;
          for (int64_t j = 0; j <= query.last_key; ++j) {
            sum += static_cast<double>(weights[j]) * factors[static_cast<size_t>(j)] *
                   static_cast<double>(v[(first + j) * shape.v_stride + c]);
          }
          if (query.padding > 0) {
            sum += static_cast<double>(weights[n]) * factors.back() *
                   static_cast<double>(pad_value[c]);
          }
          out[query.row * shape.dim + c] = static_cast<T>(sum);
        }
      }
    }
  }
}

/// Tensors and gradients of attention_backward(), the pads null when there is no virtual key.
template <typename T>
struct AttentionGradients {
  const T *q, *k, *v, *pad_key, *pad_value;
  T *q_grad, *k_grad, *v_grad, *pad_key_grad, *pad_value_grad;
};

namespace detail {

/// Adds one query's share to all gradients. q_row and out_grad are those of this query and head;
/// keys, values and their gradients begin at the first token of the sequence, this head's columns.
template <typename T>
void backward_query(const AttentionShape& shape, const Query& query,
                    const std::vector<double>& factors, const T* weights, const T* out_grad,
                    const AttentionGradients<T>& t) {
  const int64_t width = shape.dim / shape.heads;
  const double scale = score_scale(shape);
  std::vector<int64_t> keys;
  for (int64_t j = 0; j <= query.last_key; ++j) keys.push_back(j);
  if (query.padding > 0) keys.push_back(query.length);
  std::vector<double> weight_grad(static_cast<size_t>(query.length + 1), 0.0);
  double mean = 0;
  for (const int64_t j : keys) {
    const size_t index = static_cast<size_t>(j);
    const bool pad = j == query.length;
    const T* value = pad ? t.pad_value : t.v + j * shape.v_stride;
    T* value_grad = pad ? t.pad_value_grad : t.v_grad + j * shape.v_stride;
    double sum = 0;
    for (int64_t c = 0; c < width; ++c) {
      sum += static_cast<double>(out_grad[c]) * static_cast<double>(value[c]);
      value_grad[c] +=
          static_cast<T>(static_cast<double>(weights[j]) * factors[index] * double(out_grad[c]));
    }
    weight_grad[index] = sum * factors[index];
    mean += weight_grad[index] * static_cast<double>(weights[j]);
  }
  for (const int64_t j : keys) {
    const bool pad = j == query.length;
    const T* key = pad ? t.pad_key : t.k + j * shape.k_stride;
    T* key_grad = pad ? t.pad_key_grad : t.k_grad + j * shape.k_stride;
    const double g =
        static_cast<double>(weights[j]) * (weight_grad[static_cast<size_t>(j)] - mean) * scale;
    for (int64_t c = 0; c < width; ++c) {
      t.q_grad[c] += static_cast<T>(g * static_cast<double>(key[c]));
      key_grad[c] += static_cast<T>(g * static_cast<double>(t.q[c]));
    }
  }
}

template <typename T>
void clear_rows(int64_t rows, int64_t dim, int64_t stride, T* values) {
  for (int64_t r = 0; r < rows; ++r) std::fill_n(values + r * stride, dim, T(0));
}

}  // namespace detail

template <typename T>
void attention_backward(const AttentionShape& shape, const AttentionGradients<T>& t, const T* saved,
                        const T* out_grad) {
  const int64_t width = shape.dim / shape.heads;
  const int64_t tokens = shape.sequences == 0 ? 0 : shape.offsets[shape.sequences];
  const int64_t queries = shape.query_offsets ? shape.query_offsets[shape.sequences] : tokens;
  detail::clear_rows(queries, shape.dim, shape.q_stride, t.q_grad);
  detail::clear_rows(tokens, shape.dim, shape.k_stride, t.k_grad);
  detail::clear_rows(tokens, shape.dim, shape.v_stride, t.v_grad);
  const auto shifted = [](auto* pointer, int64_t by) { return pointer ? pointer + by : pointer; };
  for (int64_t s = 0; s < shape.sequences; ++s) {
    const detail::Sequence sequence = detail::sequence_of(shape, s);
    const int64_t first = sequence.first;
    const int64_t n = sequence.length;
    for (int64_t h = 0; h < shape.heads; ++h) {
      const int64_t column = h * width;
      for (int64_t i = 0; i < sequence.queries; ++i, saved += n + 1) {
        const detail::Query query = detail::make_query(shape, sequence, i, h, t.pad_key != nullptr);
        const int64_t q_at = query.row * shape.q_stride + column;
        const int64_t k_at = first * shape.k_stride + column;
        const int64_t v_at = first * shape.v_stride + column;
        const AttentionGradients<T> here{t.q + q_at,
                                         t.k + k_at,
                                         t.v + v_at,
                                         shifted(t.pad_key, column),
                                         shifted(t.pad_value, column),
                                         t.q_grad + q_at,
                                         t.k_grad + k_at,
                                         t.v_grad + v_at,
                                         shifted(t.pad_key_grad, column),
                                         shifted(t.pad_value_grad, column)};
        detail::backward_query(shape, query, detail::key_factors(shape, s, query), saved,
                               out_grad + query.row * shape.dim + column, here);
      }
    }
  }
}

template <typename T>
void attention_last(int64_t n, int64_t dim, int64_t heads, const T* q, const T* k, int64_t k_stride,
                    const T* v, int64_t v_stride, const T* pad_key, const T* pad_value,
                    int64_t max_length, T* out) {
  const int64_t offsets[] = {0, n};
  const int64_t query_offsets[] = {0, 1};
  const auto place = static_cast<int32_t>(n - 1);
  AttentionShape shape;
  shape.sequences = 1;
  shape.offsets = offsets;
  shape.query_offsets = query_offsets;
  shape.query_places = &place;
  shape.dim = shape.q_stride = dim;
  shape.heads = heads;
  shape.k_stride = k_stride;
  shape.v_stride = v_stride;
  shape.max_length = max_length;
  reference::attention<T>(shape, q, k, v, pad_key, pad_value, out, nullptr);
}

}  // namespace truenext::kernels::reference
