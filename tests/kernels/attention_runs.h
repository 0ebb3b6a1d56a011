// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "kernels/attention_cases.h"
#include "kernels/overloads.h"

namespace truenext::kernels::testing {

/// What a layer returns: out [queries, dim] and the gradients.
template <typename T>
struct AttentionResult {
  std::vector<T> out, q, k, v, pad_key, pad_value, distance, time;
};

/// What the gradients of the terms hold before: they are added to.
template <typename T>
constexpr T kAdded = T(0.25);

template <typename T>
AttentionArrays<T> arrays_of(const AttentionCase<T>& c) {
  AttentionArrays<T> arrays;
  arrays.q = c.q();
  arrays.k = c.k();
  arrays.v = c.v();
  arrays.pad_key = c.key_of_pad();
  arrays.pad_value = c.value_of_pad();
  arrays.terms = c.terms;
  return arrays;
}

/// Output only, nothing saved; by the twins where T is double.
template <typename T>
std::vector<T> attention_output(const AttentionCase<T>& c) {
  std::vector<T> out(static_cast<size_t>(c.queries() * c.shape.dim), T(-7));
  run_attention(c.shape, arrays_of(c), out.data(), nullptr);
  return out;
}

/// Rows [rows, dim] of an array with a stride.
template <typename T>
std::vector<T> dense_rows(const std::vector<T>& from, int64_t rows, int64_t dim, int64_t stride) {
  std::vector<T> result;
  for (int64_t i = 0; i < rows; ++i) {
    result.insert(result.end(), from.begin() + i * stride, from.begin() + i * stride + dim);
  }
  return result;
}

/// Forward and backward by `forward`(shape, arrays, out, saved), `backward`(shape, arrays, saved,
/// out_grad).
template <typename T, typename Forward, typename Backward>
AttentionResult<T> run_layer(const AttentionCase<T>& c, int64_t saved_size, const Forward& forward,
                             const Backward& backward) {
  const int64_t dim = c.shape.dim;
  AttentionResult<T> result;
  std::vector<T> saved(static_cast<size_t>(saved_size));
  result.out.assign(static_cast<size_t>(c.queries() * dim), T(-7));
  AttentionArrays<T> arrays = arrays_of(c);
  forward(c.shape, arrays, result.out.data(), saved.data());
  std::vector<T> q(static_cast<size_t>(c.queries() * c.shape.q_stride), T(0.5));
  std::vector<T> kv(c.packed.size(), T(0.5));  // not zero: gradients are overwritten
  result.pad_key.assign(static_cast<size_t>(dim), T(0));
  result.pad_value = result.pad_key;
  result.distance.assign(c.distance_bias.size(), kAdded<T>);
  result.time.assign(c.time_bias.size(), kAdded<T>);
  arrays.q_grad = q.data();
  arrays.k_grad = kv.data();
  arrays.v_grad = kv.data() + dim;
  arrays.pad_key_grad = c.is_padded ? result.pad_key.data() : nullptr;
  arrays.pad_value_grad = c.is_padded ? result.pad_value.data() : nullptr;
  arrays.terms.distance_grad = result.distance.data();
  arrays.terms.time_grad = result.time.data();
  backward(c.shape, arrays, saved.data(), c.grad_of_out());
  result.q = dense_rows(q, c.queries(), dim, c.shape.q_stride);
  result.k = dense_rows(kv, c.tokens(), dim, c.shape.k_stride);
  kv.erase(kv.begin(), kv.begin() + dim);
  result.v = dense_rows(kv, c.tokens(), dim, c.shape.v_stride);
  return result;
}

/// By the kernels, or by the twins where T is double.
template <typename T>
AttentionResult<T> attention_run(const AttentionCase<T>& c) {
  return run_layer(
      c, attention_saved_floats<T>(c.shape),
      [](const auto&... arguments) { run_attention(arguments...); },
      [](const auto&... arguments) { run_attention_backward(arguments...); });
}

/// By the twins, also in float.
inline AttentionResult<float> twin_run(const AttentionCase<float>& c) {
  return run_layer(
      c, reference::attention_saved_size(c.shape),
      [](const AttentionShape& shape, const AttentionArrays<float>& a, float* out, float* saved) {
        reference::attention(shape, a.q, a.k, a.v, a.pad_key, a.pad_value, out, saved, a.terms);
      },
      [](const AttentionShape& shape, const AttentionArrays<float>& a, const float* saved,
         const float* out_grad) {
        reference::attention_backward(shape, reference_gradients(a), saved, out_grad);
      });
}

/// Largest difference of any of the arrays.
template <typename T>
double difference(const AttentionResult<T>& a, const AttentionResult<T>& b) {
  double worst = 0;
  for (const auto part :
       {&AttentionResult<T>::out, &AttentionResult<T>::q, &AttentionResult<T>::k,
        &AttentionResult<T>::v, &AttentionResult<T>::pad_key, &AttentionResult<T>::pad_value,
        &AttentionResult<T>::distance, &AttentionResult<T>::time}) {
    const double here = difference(a.*part, b.*part);
    if (!(here <= worst)) worst = here;  // also when not a number
  }
  return worst;
}

}  // namespace truenext::kernels::testing
