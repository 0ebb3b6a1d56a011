// SPDX-License-Identifier: Apache-2.0
#include "net/block_pass.h"

#include <algorithm>
#include <iterator>

#include "kernels/overloads.h"
#include "kernels/scratch.h"

namespace truenext::net {

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

template <typename T>
int64_t BlockPass<T>::saved_size() {
  shape_.queries = some_wanted() ? std::ssize(query_tokens_) : shape_.tokens;
  kernels::AttentionShape& attention = shape_.attention;
  attention.dim = attention.q_stride = attention.k_stride = attention.v_stride = dim_;
  Saved saved;
  return lay_out(nullptr, saved);
}

// Points `saved` into memory (null to measure); returns the number of elements.
template <typename T>
int64_t BlockPass<T>::lay_out(T* memory, Saved& saved) const {
  int64_t used = 0;
  const auto take = [&](int64_t count) {
    T* at = memory ? memory + used : nullptr;
    used += (count + 15) / 16 * 16;
    return at;
  };
  const int64_t size = query_size();
  const bool trains = shape_.trains;
  for (Norm* norm : {&saved.source_norm, &saved.middle_norm, &saved.end_norm}) {
    norm->mean = trains ? take(shape_.queries) : nullptr;
    norm->rstd = trains ? take(shape_.queries) : nullptr;
  }
  saved.picked = take(some_wanted() ? size : 0);
  saved.source = take(style_.post_norm ? 0 : size);
  saved.q = take(size);
  saved.k = take(token_size());
  saved.v = take(token_size());
  saved.attended = take(style_.output_projection ? size : 0);
  saved.middle = take(size);
  saved.y = take(size);
  saved.before_activation = take(gelu() && trains ? shape_.queries * inner_size_ : 0);
  saved.inner = take(shape_.queries * inner_size_);
  saved.end = take(style_.post_norm ? size : 0);
  saved.weights = trains ? take(kernels::attention_saved_floats<T>(shape_.attention)) : nullptr;
  return used;
}

template <typename T>
void BlockPass<T>::linear(int64_t rows, const T* x, BlockTensor weight, int64_t out, int64_t in,
                          T* y) const {
  kernels::gemm_nt(rows, out, in, x, in, weights_[weight], in, y, out, false);
  kernels::add_bias(rows, out, weights_[bias_of(weight)], kernels::Activation::none, y);
}

// Gradients of weight and bias; that of x is left to the caller.
template <typename T>
void BlockPass<T>::linear_backward(int64_t rows, const T* x, const T* y_grad, BlockTensor weight,
                                   int64_t out, int64_t in) const {
  kernels::gemm_tn(out, in, rows, y_grad, out, x, in, grads_[weight], in, true);
  kernels::add_column_sums(rows, out, y_grad, grads_[bias_of(weight)]);
}

template <typename T>
void BlockPass<T>::norm(const T* x, BlockTensor weight, Norm saved, T* y) const {
  kernels::layer_norm(shape_.queries, dim_, x, weights_[weight], weights_[bias_of(weight)],
                      style_.epsilon, y, saved.mean, saved.rstd);
}

template <typename T>
void BlockPass<T>::norm_backward(const T* x, BlockTensor weight, Norm saved, T* grad) const {
  kernels::layer_norm_backward(shape_.queries, dim_, x, weights_[weight], saved.mean, saved.rstd,
                               grad, grad, grads_[weight], grads_[bias_of(weight)]);
}

template <typename T>
void BlockPass<T>::drop(const kernels::Dropout& dropout, int64_t width, T* x) const {
  if (!dropout.active()) return;
  kernels::dropout_rows(dropout, shape_.queries, width, shape_.streams, shape_.rows, x);
}

template <typename T>
void BlockPass<T>::forward(const T* x, T* z, T* memory) const {
  Saved saved;
  lay_out(memory, saved);
  for (size_t i = 0; i < query_tokens_.size(); ++i) {
    std::copy_n(x + query_tokens_[i] * dim_, dim_, saved.picked + static_cast<int64_t>(i) * dim_);
  }
  if (!style_.post_norm) {
    norm(wanted_of(x, saved), attention_norm_weight, saved.source_norm, saved.source);
  }
  attend(x, saved);
  kernels::axpy(query_size(), T(1), source_of(x, saved), saved.middle);
  norm(saved.middle, style_.post_norm ? attention_norm_weight : ffn_norm_weight, saved.middle_norm,
       saved.y);
  T* end = style_.post_norm ? saved.end : z;
  feed_forward(saved, end);
  kernels::axpy(query_size(), T(1), saved.y, end);
  if (style_.post_norm) norm(end, ffn_norm_weight, saved.end_norm, z);
}

// middle = what the first residual is added to.
template <typename T>
void BlockPass<T>::attend(const T* x, const Saved& saved) const {
  const int64_t d = dim_;
  linear(shape_.queries, source_of(x, saved), query_weight, d, d, saved.q);
  linear(shape_.tokens, x, key_weight, d, d, saved.k);
  linear(shape_.tokens, x, value_weight, d, d, saved.v);
  kernels::AttentionArrays<T> arrays;
  arrays.terms = terms_;
  arrays.q = saved.q;
  arrays.k = saved.k;
  arrays.v = saved.v;
  arrays.pad_key = attends_padding() ? weights_[key_bias] : nullptr;
  arrays.pad_value = attends_padding() ? weights_[value_bias] : nullptr;
  const bool projects = style_.output_projection;
  kernels::run_attention(shape_.attention, arrays, projects ? saved.attended : saved.middle,
                         saved.weights);
  if (projects) linear(shape_.queries, saved.attended, output_weight, d, d, saved.middle);
  drop(shape_.attention_output, d, saved.middle);
}

// end = dropout(F(y)), without the residual.
template <typename T>
void BlockPass<T>::feed_forward(const Saved& saved, T* end) const {
  const int64_t inner = inner_size_;
  const int64_t size = shape_.queries * inner;
  const bool keeps = gelu() && shape_.trains;
  T* first = keeps ? saved.before_activation : saved.inner;
  kernels::gemm_nt(shape_.queries, inner, dim_, saved.y, dim_, weights_[ffn1_weight], dim_, first,
                   inner, false);
  if (keeps) {
    std::copy_n(first, size, saved.inner);
    kernels::add_bias(shape_.queries, inner, weights_[ffn1_bias], kernels::Activation::none, first);
  }
  kernels::add_bias(shape_.queries, inner, weights_[ffn1_bias], style_.activation, saved.inner);
  drop(shape_.activation, inner, saved.inner);
  linear(shape_.queries, saved.inner, ffn2_weight, dim_, inner, end);
  drop(shape_.output, dim_, end);
}

// x_grad = the gradient of the wanted rows, zeros elsewhere.
template <typename T>
void BlockPass<T>::spread(const T* grad, T* x_grad) const {
  if (!some_wanted()) {
    std::copy_n(grad, token_size(), x_grad);
    return;
  }
  std::fill_n(x_grad, token_size(), T(0));
  for (size_t i = 0; i < query_tokens_.size(); ++i) {
    std::copy_n(grad + static_cast<int64_t>(i) * dim_, dim_, x_grad + query_tokens_[i] * dim_);
  }
}

template <typename T>
void BlockPass<T>::backward(const T* x, T* memory, const T* z_grad, T* x_grad) const {
  Saved saved;
  lay_out(memory, saved);
  const int64_t size = query_size(), all = token_size(), d = dim_, n = shape_.tokens;
  const int64_t work_size = std::max(size + shape_.queries * inner_size_, size + 2 * all + size);
  T* grad = kernels::scratch<T>(kernels::Scratch::block_gradients, 2 * size + work_size);
  T* attended_grad = grad + size;
  T* work = attended_grad + size;
  std::copy_n(z_grad, size, grad);
  if (style_.post_norm) norm_backward(saved.end, ffn_norm_weight, saved.end_norm, grad);
  feed_forward_backward(saved, grad, work);
  norm_backward(saved.middle, style_.post_norm ? attention_norm_weight : ffn_norm_weight,
                saved.middle_norm, grad);
  attend_backward(x, saved, grad, attended_grad, work);

  // work = gradients of queries, keys, values; the queries' goes to the source.
  kernels::gemm_nn(shape_.queries, d, d, work, d, weights_[query_weight], d, grad, d, true);
  if (!style_.post_norm) {
    norm_backward(wanted_of(x, saved), attention_norm_weight, saved.source_norm, grad);
  }
  spread(grad, x_grad);
  kernels::gemm_nn(n, d, d, work + size, d, weights_[key_weight], d, x_grad, d, true);
  kernels::gemm_nn(n, d, d, work + size + all, d, weights_[value_weight], d, x_grad, d, true);
}

// grad: of the second residual sum on entry, of y on exit.
template <typename T>
void BlockPass<T>::feed_forward_backward(const Saved& saved, T* grad, T* work) const {
  const int64_t d = dim_, inner = inner_size_, rows = shape_.queries;
  T* end_grad = work;
  T* inner_grad = work + rows * d;
  std::copy_n(grad, rows * d, end_grad);
  drop(shape_.output, d, end_grad);
  linear_backward(rows, saved.inner, end_grad, ffn2_weight, d, inner);
  kernels::gemm_nn(rows, inner, d, end_grad, d, weights_[ffn2_weight], inner, inner_grad, inner,
                   false);
  if (gelu()) {
    drop(shape_.activation, inner, inner_grad);
    kernels::gelu_backward(rows * inner, saved.before_activation, inner_grad);
  } else {
    // A dropped element is zero too, so the mask needs no second drawing.
    const auto kept = static_cast<T>(shape_.activation.active() ? shape_.activation.scale : 1.0f);
    kernels::relu_backward(rows * inner, saved.inner, kept, inner_grad);
  }
  linear_backward(rows, saved.y, inner_grad, ffn1_weight, inner, d);
  kernels::gemm_nn(rows, d, inner, inner_grad, inner, weights_[ffn1_weight], d, grad, d, true);
}

// From the gradient of the first residual sum to those of queries [queries, dim], keys and values
// [tokens, dim], one after the other in work.
template <typename T>
void BlockPass<T>::attend_backward(const T* x, const Saved& saved, const T* grad, T* attended_grad,
                                   T* work) const {
  const int64_t d = dim_, size = query_size(), all = token_size();
  std::copy_n(grad, size, attended_grad);
  drop(shape_.attention_output, d, attended_grad);
  if (style_.output_projection) {
    T* projected_grad = work + size + 2 * all;
    std::copy_n(attended_grad, size, projected_grad);
    linear_backward(shape_.queries, saved.attended, projected_grad, output_weight, d, d);
    kernels::gemm_nn(shape_.queries, d, d, projected_grad, d, weights_[output_weight], d,
                     attended_grad, d, false);
  }
  kernels::AttentionArrays<T> arrays;
  arrays.terms = terms_;
  arrays.q = saved.q;
  arrays.k = saved.k;
  arrays.v = saved.v;
  arrays.q_grad = work;
  arrays.k_grad = work + size;
  arrays.v_grad = work + size + all;
  if (attends_padding()) {
    arrays.pad_key = weights_[key_bias];
    arrays.pad_value = weights_[value_bias];
    arrays.pad_key_grad = grads_[key_bias];
    arrays.pad_value_grad = grads_[value_bias];
  }
  kernels::run_attention_backward(shape_.attention, arrays, saved.weights, attended_grad);
  linear_backward(shape_.queries, source_of(x, saved), work, query_weight, d, d);
  linear_backward(shape_.tokens, x, work + size, key_weight, d, d);
  linear_backward(shape_.tokens, x, work + size + all, value_weight, d, d);
}

template class BlockPass<float>;
template class BlockPass<double>;

}  // namespace truenext::net
