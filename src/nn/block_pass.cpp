// SPDX-License-Identifier: Apache-2.0
#include "nn/block_pass.h"

#include <algorithm>

#include "kernels/overloads.h"
#include "kernels/scratch.h"

namespace truenext::nn {

const std::array<const char*, kBlockTensors> kBlockTensorNames = {
    "attention_norm.weight",
    "attention_norm.bias",
    "query.weight",
    "query.bias",
    "key.weight",
    "key.bias",
    "value.weight",
    "value.bias",
    "output.weight",
    "output.bias",
    "ffn_norm.weight",
    "ffn_norm.bias",
    "ffn1.weight",
    "ffn1.bias",
    "ffn2.weight",
    "ffn2.bias",
};

namespace {

BlockTensor bias_of(BlockTensor weight) {
  return static_cast<BlockTensor>(weight + 1);
}

}  // namespace

// Points `saved` into memory (null to measure); returns the number of elements.
template <typename T>
int64_t BlockPass<T>::lay_out(const BlockShape& shape, T* memory, Saved& saved) {
  int64_t used = 0;
  const auto take = [&](int64_t count) {
    T* at = memory ? memory + used : nullptr;
    used += (count + 15) / 16 * 16;
    return at;
  };
  const int64_t size = shape.tokens * shape.attention.dim;
  const BlockStyle& style = *shape.style;
  const bool gelu = style.activation == kernels::Activation::gelu;
  for (Norm* norm : {&saved.source_norm, &saved.middle_norm, &saved.end_norm}) {
    norm->mean = take(shape.tokens);
    norm->rstd = take(shape.tokens);
  }
  saved.source = take(style.post_norm ? 0 : size);
  saved.q = take(size);
  saved.k = take(size);
  saved.v = take(size);
  saved.attended = take(style.output_projection ? size : 0);
  saved.middle = take(size);
  saved.y = take(size);
  saved.before_activation = take(gelu ? shape.tokens * shape.inner_size : 0);
  saved.inner = take(shape.tokens * shape.inner_size);
  saved.end = take(style.post_norm ? size : 0);
  saved.weights = take(kernels::attention_saved_floats<T>(shape.attention));
  return used;
}

template <typename T>
int64_t BlockPass<T>::saved_size(const BlockShape& shape) {
  Saved saved;
  return lay_out(shape, nullptr, saved);
}

template <typename T>
void BlockPass<T>::linear(const T* x, BlockTensor weight, int64_t out, int64_t in, T* y) const {
  kernels::gemm_nt(shape_.tokens, out, in, x, in, weights_[weight], in, y, out, false);
  kernels::add_bias(shape_.tokens, out, weights_[bias_of(weight)], kernels::Activation::none, y);
}

// Gradients of weight and bias; that of x is left to the caller.
template <typename T>
void BlockPass<T>::linear_backward(const T* x, const T* y_grad, BlockTensor weight, int64_t out,
                                   int64_t in, const Gradients& grads) const {
  kernels::gemm_tn(out, in, shape_.tokens, y_grad, out, x, in, grads[weight], in, true);
  kernels::add_column_sums(shape_.tokens, out, y_grad, grads[bias_of(weight)]);
}

template <typename T>
void BlockPass<T>::norm(const T* x, BlockTensor weight, Norm saved, T* y) const {
  kernels::layer_norm(shape_.tokens, dim(), x, weights_[weight], weights_[bias_of(weight)],
                      shape_.style->epsilon, y, saved.mean, saved.rstd);
}

template <typename T>
void BlockPass<T>::norm_backward(const T* x, BlockTensor weight, Norm saved, T* grad,
                                 const Gradients& grads) const {
  kernels::layer_norm_backward(shape_.tokens, dim(), x, weights_[weight], saved.mean, saved.rstd,
                               grad, grad, grads[weight], grads[bias_of(weight)]);
}

template <typename T>
void BlockPass<T>::drop(const kernels::Dropout& dropout, int64_t width, T* x) const {
  if (!dropout.active()) return;
  kernels::dropout_rows(dropout, shape_.tokens, width, shape_.streams, shape_.rows, x);
}

template <typename T>
void BlockPass<T>::forward(const T* x, T* z, T* memory) const {
  Saved saved;
  lay_out(shape_, memory, saved);
  const BlockStyle& style = *shape_.style;
  const int64_t size = shape_.tokens * dim();
  if (!style.post_norm) norm(x, attention_norm_weight, saved.source_norm, saved.source);
  attend(x, saved);
  kernels::axpy(size, T(1), source_of(x, saved), saved.middle);
  norm(saved.middle, style.post_norm ? attention_norm_weight : ffn_norm_weight, saved.middle_norm,
       saved.y);
  T* end = style.post_norm ? saved.end : z;
  feed_forward(saved, end);
  kernels::axpy(size, T(1), saved.y, end);
  if (style.post_norm) norm(end, ffn_norm_weight, saved.end_norm, z);
}

// middle = what the first residual is added to.
template <typename T>
void BlockPass<T>::attend(const T* x, const Saved& saved) const {
  const int64_t d = dim();
  linear(source_of(x, saved), query_weight, d, d, saved.q);
  linear(x, key_weight, d, d, saved.k);
  linear(x, value_weight, d, d, saved.v);
  kernels::AttentionArrays<T> arrays;
  arrays.q = saved.q;
  arrays.k = saved.k;
  arrays.v = saved.v;
  arrays.pad_key = shape_.attends_padding ? weights_[key_bias] : nullptr;
  arrays.pad_value = shape_.attends_padding ? weights_[value_bias] : nullptr;
  const bool projects = shape_.style->output_projection;
  kernels::run_attention(shape_.attention, arrays, projects ? saved.attended : saved.middle,
                         saved.weights);
  if (projects) linear(saved.attended, output_weight, d, d, saved.middle);
  drop(shape_.attention_output, d, saved.middle);
}

// end = dropout(F(y)), without the residual.
template <typename T>
void BlockPass<T>::feed_forward(const Saved& saved, T* end) const {
  const int64_t inner = shape_.inner_size;
  const int64_t size = shape_.tokens * inner;
  T* first = gelu() ? saved.before_activation : saved.inner;
  kernels::gemm_nt(shape_.tokens, inner, dim(), saved.y, dim(), weights_[ffn1_weight], dim(), first,
                   inner, false);
  if (gelu()) {
    std::copy_n(first, size, saved.inner);
    kernels::add_bias(shape_.tokens, inner, weights_[ffn1_bias], kernels::Activation::none, first);
  }
  kernels::add_bias(shape_.tokens, inner, weights_[ffn1_bias], shape_.style->activation,
                    saved.inner);
  drop(shape_.activation, inner, saved.inner);
  linear(saved.inner, ffn2_weight, dim(), inner, end);
  drop(shape_.output, dim(), end);
}

template <typename T>
void BlockPass<T>::backward(const T* x, T* memory, const T* z_grad, T* x_grad,
                            const Gradients& grads) const {
  Saved saved;
  lay_out(shape_, memory, saved);
  const BlockStyle& style = *shape_.style;
  const int64_t size = shape_.tokens * dim();
  const int64_t wide = shape_.tokens * std::max(shape_.inner_size, 4 * dim());
  T* grad = kernels::scratch<T>(kernels::Scratch::block_gradients, size + size + wide);
  T* work = grad + size;
  std::copy_n(z_grad, size, grad);
  if (style.post_norm) norm_backward(saved.end, ffn_norm_weight, saved.end_norm, grad, grads);
  feed_forward_backward(saved, grad, work, grads);
  norm_backward(saved.middle, style.post_norm ? attention_norm_weight : ffn_norm_weight,
                saved.middle_norm, grad, grads);
  attend_backward(x, saved, grad, x_grad, work, grads);

  // work = gradients of queries, keys, values; the queries' goes to the source.
  const int64_t d = dim();
  kernels::gemm_nn(shape_.tokens, d, d, work, d, weights_[query_weight], d, grad, d, true);
  if (!style.post_norm) norm_backward(x, attention_norm_weight, saved.source_norm, grad, grads);
  kernels::gemm_nn(shape_.tokens, d, d, work + size, d, weights_[key_weight], d, grad, d, true);
  kernels::gemm_nn(shape_.tokens, d, d, work + 2 * size, d, weights_[value_weight], d, grad, d,
                   true);
  std::copy_n(grad, size, x_grad);
}

// grad: of the second residual sum on entry, of y on exit.
template <typename T>
void BlockPass<T>::feed_forward_backward(const Saved& saved, T* grad, T* work,
                                         const Gradients& grads) const {
  const int64_t d = dim();
  const int64_t inner = shape_.inner_size;
  T* end_grad = work;
  T* inner_grad = work + shape_.tokens * d;
  std::copy_n(grad, shape_.tokens * d, end_grad);
  drop(shape_.output, d, end_grad);
  linear_backward(saved.inner, end_grad, ffn2_weight, d, inner, grads);
  kernels::gemm_nn(shape_.tokens, inner, d, end_grad, d, weights_[ffn2_weight], inner, inner_grad,
                   inner, false);
  if (gelu()) {
    drop(shape_.activation, inner, inner_grad);
    kernels::gelu_backward(shape_.tokens * inner, saved.before_activation, inner_grad);
  } else {
    // A dropped element is zero too, so the mask needs no second drawing.
    const auto kept = static_cast<T>(shape_.activation.active() ? shape_.activation.scale : 1.0f);
    kernels::relu_backward(shape_.tokens * inner, saved.inner, kept, inner_grad);
  }
  linear_backward(saved.y, inner_grad, ffn1_weight, inner, d, grads);
  kernels::gemm_nn(shape_.tokens, d, inner, inner_grad, inner, weights_[ffn1_weight], d, grad, d,
                   true);
}

// From the gradient of the first residual sum to those of queries, keys and values, one after the
// other in work [3, tokens, dim]; x_grad is used as scratch.
template <typename T>
void BlockPass<T>::attend_backward(const T* x, const Saved& saved, const T* grad, T* x_grad,
                                   T* work, const Gradients& grads) const {
  const int64_t d = dim();
  const int64_t size = shape_.tokens * d;
  T* attended_grad = x_grad;
  std::copy_n(grad, size, attended_grad);
  drop(shape_.attention_output, d, attended_grad);
  if (shape_.style->output_projection) {
    T* projected_grad = work + 3 * size;
    std::copy_n(attended_grad, size, projected_grad);
    linear_backward(saved.attended, projected_grad, output_weight, d, d, grads);
    kernels::gemm_nn(shape_.tokens, d, d, projected_grad, d, weights_[output_weight], d,
                     attended_grad, d, false);
  }
  kernels::AttentionArrays<T> arrays;
  arrays.q = saved.q;
  arrays.k = saved.k;
  arrays.v = saved.v;
  arrays.q_grad = work;
  arrays.k_grad = work + size;
  arrays.v_grad = work + 2 * size;
  if (shape_.attends_padding) {
    arrays.pad_key = weights_[key_bias];
    arrays.pad_value = weights_[value_bias];
    arrays.pad_key_grad = grads[key_bias];
    arrays.pad_value_grad = grads[value_bias];
  }
  kernels::run_attention_backward(shape_.attention, arrays, saved.weights, attended_grad);
  linear_backward(source_of(x, saved), work, query_weight, d, d, grads);
  linear_backward(x, work + size, key_weight, d, d, grads);
  linear_backward(x, work + 2 * size, value_weight, d, d, grads);
}

template class BlockPass<float>;
template class BlockPass<double>;

}  // namespace truenext::nn
