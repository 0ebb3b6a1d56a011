// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/reference_attention_query.h"

/// Slow twins of the attention kernels; see kernels/reference.h. The virtual padding key and the
/// terms come as more arguments of the tensor's type: those of the shape (floats) are not read.
namespace truenext::kernels::reference {

/// For every sequence of n tokens, every head and query n keys and the virtual padding key.
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
               const T* pad_value, T* out, T* saved, const AttentionTerms<T>& terms = {}) {
  const int64_t width = shape.dim / shape.heads;
  for (int64_t s = 0; s < shape.sequences; ++s) {
    const detail::Sequence sequence = detail::sequence_of(shape, s);
    const int64_t first = sequence.first;
    const int64_t n = sequence.length;
    for (int64_t h = 0; h < shape.heads; ++h) {
      for (int64_t i = 0; i < sequence.queries; ++i) {
        const detail::Query query = detail::make_query(shape, sequence, i, h, pad_key != nullptr);
        const std::vector<double> scores = detail::scores(
            shape, terms, sequence, query, q + query.row * shape.q_stride + h * width,
            k + first * shape.k_stride + h * width, pad_key ? pad_key + h * width : nullptr);
        const std::vector<double> weights = detail::weights(shape, scores);
        const bool softmax = shape.weights == AttentionWeights::softmax;
        for (const double value : softmax ? weights : scores) {
          if (saved) *saved++ = static_cast<T>(value);
        }
        const std::vector<double> factors = detail::key_factors(shape, s, query);
        for (int64_t c = h * width; c < (h + 1) * width; ++c) {
          double sum = 0;
          for (int64_t j = 0; j <= query.last_key; ++j) {
            const auto at = static_cast<size_t>(j);
            sum += weights[at] * factors[at] *
                   static_cast<double>(v[(first + j) * shape.v_stride + c]);
          }
          if (query.padding > 0) {
            sum += weights[static_cast<size_t>(n)] * factors.back() *
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
  AttentionTerms<T> terms{};
};

namespace detail {

/// Weights of a query before dropout and the gradients of its scores, from what the forward pass
/// saved and the gradients of the weights.
struct QueryGradients {
  std::vector<double> weights, scores;
};

template <typename T>
QueryGradients score_gradients(const AttentionShape& shape, const std::vector<int64_t>& keys,
                               const T* saved, std::vector<double> weight_grad) {
  QueryGradients result{std::vector<double>(weight_grad.size()), std::move(weight_grad)};
  const bool softmax = shape.weights == AttentionWeights::softmax;
  double mean = 0;
  for (const int64_t j : keys) {
    const auto at = static_cast<size_t>(j);
    const double s = static_cast<double>(saved[j]);
    result.weights[at] = softmax ? s : s * sigmoid(s) * static_cast<double>(shape.weight_scale);
    mean += result.scores[at] * result.weights[at];
  }
  for (const int64_t j : keys) {
    double& grad = result.scores[static_cast<size_t>(j)];
    if (softmax) {
      grad = result.weights[static_cast<size_t>(j)] * (grad - mean);
    } else {
      const double s = static_cast<double>(saved[j]);
      grad *= sigmoid(s) * (1 + s * (1 - sigmoid(s))) * static_cast<double>(shape.weight_scale);
    }
  }
  return result;
}

/// Adds one query's share to all gradients. q and out_grad are those of this query and head; keys,
/// values and their gradients begin at the first token of the sequence, this head's columns.
template <typename T>
void backward_query(const AttentionShape& shape, const Sequence& sequence, const Query& query,
                    const std::vector<double>& factors, const T* saved, const T* out_grad,
                    const AttentionGradients<T>& t) {
  const int64_t width = shape.dim / shape.heads;
  std::vector<int64_t> keys;
  for (int64_t j = 0; j <= query.last_key; ++j) keys.push_back(j);
  if (query.padding > 0) keys.push_back(query.length);
  std::vector<double> weight_grad(static_cast<size_t>(query.length + 1), 0.0);
  for (const int64_t j : keys) {
    const T* value = j == query.length ? t.pad_value : t.v + j * shape.v_stride;
    double sum = 0;
    for (int64_t c = 0; c < width; ++c) {
      sum += static_cast<double>(out_grad[c]) * static_cast<double>(value[c]);
    }
    weight_grad[static_cast<size_t>(j)] = sum * factors[static_cast<size_t>(j)];
  }
  const QueryGradients grads = score_gradients(shape, keys, saved, std::move(weight_grad));
  for (const int64_t j : keys) {
    const auto at = static_cast<size_t>(j);
    const bool pad = j == query.length;
    const T* key = pad ? t.pad_key : t.k + j * shape.k_stride;
    T* key_grad = pad ? t.pad_key_grad : t.k_grad + j * shape.k_stride;
    T* value_grad = pad ? t.pad_value_grad : t.v_grad + j * shape.v_stride;
    const double g = grads.scores[at] * score_scale(shape);
    for (int64_t c = 0; c < width; ++c) {
      value_grad[c] +=
          static_cast<T>(grads.weights[at] * factors[at] * static_cast<double>(out_grad[c]));
      t.q_grad[c] += static_cast<T>(g * static_cast<double>(key[c]));
      key_grad[c] += static_cast<T>(g * static_cast<double>(t.q[c]));
    }
    if (pad) continue;
    const TermColumns columns = term_columns(t.terms, sequence, query, j);
    const T share = static_cast<T>(grads.scores[at]);
    if (columns.distance >= 0 && t.terms.distance_grad) {
      t.terms.distance_grad[columns.distance] += share;
    }
    if (columns.time >= 0 && t.terms.time_grad) t.terms.time_grad[columns.time] += share;
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
                                         shifted(t.pad_value_grad, column),
                                         t.terms};
        detail::backward_query(shape, sequence, query, detail::key_factors(shape, s, query), saved,
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
