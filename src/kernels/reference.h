// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "kernels/kernels.h"

/// The slow twin of every kernel: plain loops, sums in double, no cleverness, for float and double.
/// The tests compare the fast kernels with it, and tensors of doubles (exact gradient checks) use
/// it at run time. It never calls a fast kernel. The contracts are those of kernels/kernels.h; the
/// attention is in kernels/reference_attention.h.
namespace truenext::kernels::reference {

namespace detail {

/// C[i, j] = sum over l of a[i * a_row + l * a_step] * b[l * b_step + j * b_column].
template <typename T>
struct Operand {
  const T* data;
  int64_t outer;  ///< stride along the dimension that survives in C
  int64_t inner;  ///< stride along the summed dimension
};

template <typename T>
void product(int64_t m, int64_t n, int64_t k, Operand<T> a, Operand<T> b, T* c, int64_t ldc,
             bool accumulate) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l) {
        sum += static_cast<double>(a.data[i * a.outer + l * a.inner]) *
               static_cast<double>(b.data[j * b.outer + l * b.inner]);
      }
      T& out = c[i * ldc + j];
      out = static_cast<T>(accumulate ? static_cast<double>(out) + sum : sum);
    }
  }
}

template <typename T>
T activate(Activation activation, T x) {
  switch (activation) {
    case Activation::relu:
      return x < T(0) ? T(0) : x;
    case Activation::gelu:
      return T(0.5) * x * (T(1) + std::erf(x / std::numbers::sqrt2_v<T>));
    case Activation::none:
      break;
  }
  return x;
}

template <typename T>
T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

}  // namespace detail

template <typename T>
void gemm_nt(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb,
             T* c, int64_t ldc, bool accumulate) {
  detail::product<T>(m, n, k, {a, lda, 1}, {b, ldb, 1}, c, ldc, accumulate);
}

template <typename T>
void gemm_nn(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb,
             T* c, int64_t ldc, bool accumulate) {
  detail::product<T>(m, n, k, {a, lda, 1}, {b, 1, ldb}, c, ldc, accumulate);
}

template <typename T>
void gemm_tn(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb,
             T* c, int64_t ldc, bool accumulate) {
  detail::product<T>(m, n, k, {a, 1, lda}, {b, 1, ldb}, c, ldc, accumulate);
}

template <typename T>
void layer_norm(int64_t rows, int64_t dim, const T* x, const T* weight, const T* bias,
                double epsilon, T* y, T* mean, T* rstd) {
  for (int64_t r = 0; r < rows; ++r, x += dim, y += dim) {
    double sum = 0;
    double squares = 0;
    for (int64_t c = 0; c < dim; ++c) sum += static_cast<double>(x[c]);
    const double mu = sum / static_cast<double>(dim);
    for (int64_t c = 0; c < dim; ++c) {
      squares += (static_cast<double>(x[c]) - mu) * (static_cast<double>(x[c]) - mu);
    }
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(dim) + epsilon);
    for (int64_t c = 0; c < dim; ++c) {
      const double normal = (static_cast<double>(x[c]) - mu) * inverse;
      y[c] = static_cast<T>(normal * static_cast<double>(weight[c]) + static_cast<double>(bias[c]));
    }
    if (mean) mean[r] = static_cast<T>(mu);
    if (rstd) rstd[r] = static_cast<T>(inverse);
  }
}

template <typename T>
void layer_norm_backward(int64_t rows, int64_t dim, const T* x, const T* weight, const T* mean,
                         const T* rstd, const T* y_grad, T* x_grad, T* weight_grad, T* bias_grad) {
  for (int64_t r = 0; r < rows; ++r, x += dim, y_grad += dim, x_grad += dim) {
    double sum = 0;
    double weighted = 0;
    for (int64_t c = 0; c < dim; ++c) {
      const double normal = static_cast<double>((x[c] - mean[r]) * rstd[r]);
      const double g = static_cast<double>(y_grad[c] * weight[c]);
      sum += g;
      weighted += g * normal;
    }
    sum /= static_cast<double>(dim);
    weighted /= static_cast<double>(dim);
    for (int64_t c = 0; c < dim; ++c) {
      const double normal = static_cast<double>((x[c] - mean[r]) * rstd[r]);
      const double g = static_cast<double>(y_grad[c] * weight[c]);
      weight_grad[c] += static_cast<T>(static_cast<double>(y_grad[c]) * normal);
      bias_grad[c] += y_grad[c];
      x_grad[c] = static_cast<T>(static_cast<double>(rstd[r]) * (g - sum - normal * weighted));
    }
  }
}

template <typename T>
void add_bias(int64_t rows, int64_t dim, const T* bias, Activation activation, T* x) {
  for (int64_t i = 0; i < rows * dim; ++i) {
    x[i] = detail::activate(activation, x[i] + bias[i % dim]);
  }
}

template <typename T>
void add_column_sums(int64_t rows, int64_t dim, const T* x, T* sum) {
  for (int64_t i = 0; i < rows * dim; ++i) sum[i % dim] += x[i];
}

template <typename T>
void relu_backward(int64_t n, const T* y, T factor, T* grad) {
  for (int64_t i = 0; i < n; ++i) grad[i] = y[i] > T(0) ? factor * grad[i] : T(0);
}

template <typename T>
void gelu_backward(int64_t n, const T* x, T* grad) {
  for (int64_t i = 0; i < n; ++i) {
    const double value = static_cast<double>(x[i]);
    const double cumulative = 0.5 * (1 + std::erf(value / std::numbers::sqrt2));
    const double density =
        std::exp(-0.5 * value * value) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    grad[i] = static_cast<T>(static_cast<double>(grad[i]) * (cumulative + value * density));
  }
}

template <typename T>
void scale(int64_t n, T factor, T* values) {
  for (int64_t i = 0; i < n; ++i) values[i] *= factor;
}

template <typename T>
void axpy(int64_t n, T factor, const T* x, T* y) {
  for (int64_t i = 0; i < n; ++i) y[i] += factor * x[i];
}

template <typename T>
T dot(int64_t n, const T* x, const T* y) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return static_cast<T>(sum);
}

template <typename T>
void dropout_factors(const Dropout& dropout, uint64_t stream, uint32_t row, int64_t dim,
                     T* factors) {
  for (int64_t c = 0; c < dim; ++c) {
    const PhiloxCounter words =
        philox({static_cast<uint32_t>(c / 8), row, static_cast<uint32_t>(stream),
                static_cast<uint32_t>(stream >> 32)},
               dropout.key);
    const uint32_t word = words[static_cast<size_t>(c % 8 / 2)];
    const uint32_t bits = c % 2 == 0 ? word & 0xFFFFu : word >> 16;
    factors[c] = bits >= dropout.threshold ? static_cast<T>(dropout.scale) : T(0);
  }
}

template <typename T>
void dropout_rows(const Dropout& dropout, int64_t rows, int64_t dim, const uint64_t* streams,
                  const int32_t* row_numbers, T* x) {
  std::vector<T> factors(static_cast<size_t>(dim));
  for (int64_t r = 0; r < rows; ++r) {
    reference::dropout_factors(dropout, streams[r], static_cast<uint32_t>(row_numbers[r]), dim,
                               factors.data());
    for (int64_t c = 0; c < dim; ++c) x[r * dim + c] *= factors[static_cast<size_t>(c)];
  }
}

inline void uniform_items(PhiloxKey key, uint64_t stream, uint32_t row, uint32_t choices,
                          int32_t excluded, int64_t n, int32_t* out) {
  PhiloxCounter counter = {0, row, static_cast<uint32_t>(stream),
                           static_cast<uint32_t>(stream >> 32)};
  for (int64_t begin = 0; begin < n; begin += 4, ++counter[0]) {
    const PhiloxCounter words = philox(counter, key);
    for (size_t j = 0; j < 4 && begin + static_cast<int64_t>(j) < n; ++j) {
      const auto item = static_cast<int32_t>((uint64_t{words[j]} * choices) >> 32);
      out[begin + static_cast<int64_t>(j)] = excluded >= 0 && item >= excluded ? item + 1 : item;
    }
  }
}

template <typename T>
void gru_gates(int64_t rows, int64_t hidden, const T* x_gates, const T* h_gates, T* state,
               T* saved) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* x = x_gates + row * 3 * hidden;
    const T* h = h_gates + row * 3 * hidden;
    for (int64_t c = 0; c < hidden; ++c) {
      const T r = detail::sigmoid(x[c] + h[c]);
      const T z = detail::sigmoid(x[hidden + c] + h[hidden + c]);
      const T n = std::tanh(x[2 * hidden + c] + r * h[2 * hidden + c]);
      if (saved) {
        T* out = saved + row * 4 * hidden;
        out[c] = r;
        out[hidden + c] = z;
        out[2 * hidden + c] = n;
        out[3 * hidden + c] = h[2 * hidden + c];
      }
      T& value = state[row * hidden + c];
      value = (T(1) - z) * n + z * value;
    }
  }
}

template <typename T>
void gru_gates_backward(int64_t rows, int64_t hidden, const T* previous_state, const T* saved,
                        T* state_grad, T* x_gates_grad, T* h_gates_grad) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* gates = saved + row * 4 * hidden;
    T* x_grad = x_gates_grad + row * 3 * hidden;
    T* h_grad = h_gates_grad + row * 3 * hidden;
    for (int64_t c = 0; c < hidden; ++c) {
      const T r = gates[c];
      const T z = gates[hidden + c];
      const T n = gates[2 * hidden + c];
      T& g = state_grad[row * hidden + c];
      const T n_in = g * (T(1) - z) * (T(1) - n * n);
      const T z_in = g * (previous_state[row * hidden + c] - n) * z * (T(1) - z);
      const T r_in = n_in * gates[3 * hidden + c] * r * (T(1) - r);
      x_grad[c] = h_grad[c] = r_in;
      x_grad[hidden + c] = h_grad[hidden + c] = z_in;
      x_grad[2 * hidden + c] = n_in;
      h_grad[2 * hidden + c] = n_in * r;
      g *= z;
    }
  }
}

template <typename T>
void gather_scores(int64_t rows, int64_t count, int64_t dim, const T* states, const T* table,
                   const int32_t* ids, T* scores) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t j = 0; j < count; ++j) {
      scores[r * count + j] =
          reference::dot(dim, states + r * dim, table + int64_t{ids[r * count + j]} * dim);
    }
  }
}

template <typename T>
void gather_state_grad(int64_t rows, int64_t count, int64_t dim, const T* table, const int32_t* ids,
                       const T* score_grad, T* state_grad) {
  for (int64_t p = 0; p < rows * count; ++p) {
    reference::axpy(dim, score_grad[p], table + int64_t{ids[p]} * dim,
                    state_grad + p / count * dim);
  }
}

template <typename T>
void gather_table_grad(int64_t rows, int64_t count, int64_t dim, const T* states,
                       const int32_t* ids, const T* score_grad, T* table_grad) {
  for (int64_t p = 0; p < rows * count; ++p) {
    reference::axpy(dim, score_grad[p], states + p / count * dim,
                    table_grad + int64_t{ids[p]} * dim);
  }
}

template <typename T>
void gather_scores_backward(int64_t rows, int64_t count, int64_t dim, const T* states,
                            const T* table, const int32_t* ids, const T* score_grad, T* state_grad,
                            T* table_grad) {
  gather_state_grad(rows, count, dim, table, ids, score_grad, state_grad);
  gather_table_grad(rows, count, dim, states, ids, score_grad, table_grad);
}

template <typename T>
Counts count_above(int64_t n, const T* scores, T value) {
  Counts counts;
  for (int64_t i = 0; i < n; ++i) {
    counts.greater += scores[i] > value;
    counts.equal += scores[i] == value;
  }
  return counts;
}

template <typename T>
uint64_t mask_above(int64_t n, const T* scores, T value) {
  uint64_t mask = 0;
  for (int64_t i = 0; i < n; ++i) mask |= static_cast<uint64_t>(scores[i] > value) << i;
  return mask;
}

template <typename T>
T log_sum_exp(int64_t n, const T* x) {
  const T top = *std::max_element(x, x + n);
  if (top == -std::numeric_limits<T>::infinity()) return top;
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x[i] - top));
  return static_cast<T>(static_cast<double>(top) + std::log(sum));
}

template <typename T>
void exp_shifted(int64_t n, T shift, T* x) {
  for (int64_t i = 0; i < n; ++i) x[i] = std::exp(x[i] - shift);
}

template <typename T>
void adam(int64_t n, const AdamStep& step, const T* grad, T* parameter, T* moment1, T* moment2) {
  const double root = std::sqrt(step.correction2);
  for (int64_t i = 0; i < n; ++i) {
    double p = static_cast<double>(parameter[i]);
    const double g = static_cast<double>(grad[i]) + step.l2 * p;
    p *= 1 - step.decay;
    const double m = step.beta1 * static_cast<double>(moment1[i]) + (1 - step.beta1) * g;
    const double v = step.beta2 * static_cast<double>(moment2[i]) + (1 - step.beta2) * g * g;
    moment1[i] = static_cast<T>(m);
    moment2[i] = static_cast<T>(v);
    const double denominator = std::sqrt(v) / root + step.epsilon;
    parameter[i] = static_cast<T>(p - step.learning_rate / step.correction1 * m / denominator);
  }
}

}  // namespace truenext::kernels::reference

#include "kernels/reference_attention.h"  // IWYU pragma: export
