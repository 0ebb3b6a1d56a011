// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/elements.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"
#include "kernels/reference_attention.h"
#include "kernels/reference_elements.h"

/// The kernels' names for double: the plain references. Code templated on the scalar type then runs
/// the fast kernels in training and exact arithmetic in gradient checks.
namespace truenext::kernels {

inline void gemm_nt(int64_t m, int64_t n, int64_t k, const double* a, int64_t lda, const double* b,
                    int64_t ldb, double* c, int64_t ldc, bool accumulate) {
  reference::gemm_nt(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}
inline void gemm_nn(int64_t m, int64_t n, int64_t k, const double* a, int64_t lda, const double* b,
                    int64_t ldb, double* c, int64_t ldc, bool accumulate) {
  reference::gemm_nn(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}
inline void gemm_tn(int64_t m, int64_t n, int64_t k, const double* a, int64_t lda, const double* b,
                    int64_t ldb, double* c, int64_t ldc, bool accumulate) {
  reference::gemm_tn(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}
inline void add_bias(int64_t rows, int64_t dim, const double* bias, Activation activation,
                     double* x) {
  reference::add_bias(rows, dim, bias, activation, x);
}
inline void layer_norm(int64_t rows, int64_t dim, const double* x, const double* weight,
                       const double* bias, double epsilon, double* y, double* mean, double* rstd) {
  reference::layer_norm(rows, dim, x, weight, bias, epsilon, y, mean, rstd);
}
inline void layer_norm_backward(int64_t rows, int64_t dim, const double* x, const double* weight,
                                const double* mean, const double* rstd, const double* y_grad,
                                double* x_grad, double* weight_grad, double* bias_grad) {
  reference::layer_norm_backward(rows, dim, x, weight, mean, rstd, y_grad, x_grad, weight_grad,
                                 bias_grad);
}
inline void add_column_sums(int64_t rows, int64_t dim, const double* x, double* sum) {
  reference::add_column_sums(rows, dim, x, sum);
}
inline void relu_backward(int64_t n, const double* y, double factor, double* grad) {
  reference::relu_backward(n, y, factor, grad);
}
inline void gelu_backward(int64_t n, const double* x, double* grad) {
  reference::gelu_backward(n, x, grad);
}
inline void axpy(int64_t n, double factor, const double* x, double* y) {
  reference::axpy(n, factor, x, y);
}
inline void dropout_rows(const Dropout& dropout, int64_t rows, int64_t dim, const uint64_t* streams,
                         const int32_t* row_numbers, double* x) {
  reference::dropout_rows(dropout, rows, dim, streams, row_numbers, x);
}
inline void exp_shifted(int64_t n, double shift, double* values) {
  reference::exp_shifted(n, shift, values);
}
inline void scale(int64_t n, double factor, double* values) {
  reference::scale(n, factor, values);
}
inline double dot(int64_t n, const double* x, const double* y) {
  return reference::dot(n, x, y);
}
inline void apply_function(Function function, int64_t n, const double* x, double* y) {
  reference::apply_function(function, n, x, y);
}
inline void apply_function_backward(Function function, int64_t n, const double* x, const double* y,
                                    const double* y_grad, double* x_grad, bool accumulate) {
  reference::apply_function_backward(function, n, x, y, y_grad, x_grad, accumulate);
}
inline void scale_shift(int64_t n, double factor, double shift, const double* x, double* y) {
  reference::scale_shift(n, factor, shift, x, y);
}
inline void add_matching(const Matching& shape, const double* x, double factor, const double* y,
                         double* out) {
  reference::add_matching(shape, x, factor, y, out);
}
inline void multiply_matching(const Matching& shape, const double* x, const double* y, double* out,
                              bool accumulate) {
  reference::multiply_matching(shape, x, y, out, accumulate);
}
inline void sum_matching(const Matching& shape, double factor, const double* g, double* y_grad) {
  reference::sum_matching(shape, factor, g, y_grad);
}
inline void sum_products_matching(const Matching& shape, const double* g, const double* x,
                                  double* y_grad) {
  reference::sum_products_matching(shape, g, x, y_grad);
}
inline void gather_scores(int64_t rows, int64_t count, int64_t dim, const double* states,
                          const double* table, const int32_t* ids, double* scores) {
  reference::gather_scores(rows, count, dim, states, table, ids, scores);
}
inline void gather_state_grad(int64_t rows, int64_t count, int64_t dim, const double* table,
                              const int32_t* ids, const double* score_grad, double* state_grad) {
  reference::gather_state_grad(rows, count, dim, table, ids, score_grad, state_grad);
}
inline void gather_table_grad(int64_t rows, int64_t count, int64_t dim, const double* states,
                              const int32_t* ids, const double* score_grad, double* table_grad) {
  reference::gather_table_grad(rows, count, dim, states, ids, score_grad, table_grad);
}
inline void gather_scores_backward(int64_t rows, int64_t count, int64_t dim, const double* states,
                                   const double* table, const int32_t* ids,
                                   const double* score_grad, double* state_grad,
                                   double* table_grad) {
  reference::gather_scores_backward(rows, count, dim, states, table, ids, score_grad, state_grad,
                                    table_grad);
}
inline void gru_gates(int64_t rows, int64_t hidden, const double* x_gates, const double* h_gates,
                      double* state, double* saved) {
  reference::gru_gates(rows, hidden, x_gates, h_gates, state, saved);
}
inline void gru_gates_backward(int64_t rows, int64_t hidden, const double* previous_state,
                               const double* saved, double* state_grad, double* x_gates_grad,
                               double* h_gates_grad) {
  reference::gru_gates_backward(rows, hidden, previous_state, saved, state_grad, x_gates_grad,
                                h_gates_grad);
}

/// Arrays of one attention layer and, for the backward pass, their gradients. pad_key, pad_value
/// and terms take the place of the shape's.
template <typename T>
struct AttentionArrays {
  const T *q = nullptr, *k = nullptr, *v = nullptr;
  const T *pad_key = nullptr, *pad_value = nullptr;
  T *q_grad = nullptr, *k_grad = nullptr, *v_grad = nullptr;
  T *pad_key_grad = nullptr, *pad_value_grad = nullptr;
  AttentionTerms<T> terms{};
};

template <typename T>
int64_t attention_saved_floats(const AttentionShape& shape) {
  if constexpr (sizeof(T) == sizeof(float)) return attention_saved_size(shape);
  return reference::attention_saved_size(shape);
}

inline void run_attention(AttentionShape shape, const AttentionArrays<float>& a, float* out,
                          float* saved) {
  shape.pad_key = a.pad_key;
  shape.pad_value = a.pad_value;
  shape.terms = a.terms;
  attention(shape, a.q, a.k, a.v, out, saved);
}
inline void run_attention(const AttentionShape& shape, const AttentionArrays<double>& a,
                          double* out, double* saved) {
  reference::attention(shape, a.q, a.k, a.v, a.pad_key, a.pad_value, out, saved, a.terms);
}

inline void run_attention_backward(AttentionShape shape, const AttentionArrays<float>& a,
                                   const float* saved, const float* out_grad) {
  shape.pad_key = a.pad_key;
  shape.pad_value = a.pad_value;
  shape.terms = a.terms;
  attention_backward(shape, a.q, a.k, a.v, saved, out_grad, a.q_grad, a.k_grad, a.v_grad,
                     a.pad_key_grad, a.pad_value_grad);
}
template <typename T>
reference::AttentionGradients<T> reference_gradients(const AttentionArrays<T>& a) {
  return {a.q,      a.k,      a.v,      a.pad_key,      a.pad_value,
          a.q_grad, a.k_grad, a.v_grad, a.pad_key_grad, a.pad_value_grad,
          a.terms};
}
inline void run_attention_backward(const AttentionShape& shape, const AttentionArrays<double>& a,
                                   const double* saved, const double* out_grad) {
  reference::attention_backward(shape, reference_gradients(a), saved, out_grad);
}

}  // namespace truenext::kernels
