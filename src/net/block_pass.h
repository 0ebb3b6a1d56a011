// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kernels/kernels.h"
#include "net/block_style.h"

namespace truenext::net {

/// Tensors of one transformer block. Weights of linear maps are [out, in], all else [width].
enum BlockTensor : size_t {
  attention_norm_weight,
  attention_norm_bias,
  query_weight,
  query_bias,
  key_weight,
  key_bias,
  value_weight,
  value_bias,
  output_weight,  ///< null without an output projection, and so is its bias
  output_bias,
  ffn_norm_weight,
  ffn_norm_bias,
  ffn1_weight,
  ffn1_bias,
  ffn2_weight,
  ffn2_bias,
  kBlockTensors
};

/// Names behind "blocks.N.", as in docs/checkpoint-format.md.
extern const std::array<const char*, kBlockTensors> kBlockTensorNames;

/// What one pass of a block over one tile is told besides weights and activations.
struct BlockShape {
  /// Its strides and dim are set by the pass, pad_key and pad_value are ignored. A
  /// max_length above 0 attends to padding: a padded row is zero, its key and value are the biases.
  kernels::AttentionShape attention;
  int64_t tokens = 0;
  int64_t queries = 0;  ///< rows that are wanted: all tokens, unless set_wanted() says which
  bool trains = false;  ///< whether backward() follows
  /// Row masks, inactive outside training; a row's mask belongs to (streams[i], rows[i]).
  kernels::Dropout attention_output, activation, output;
  const uint64_t* streams = nullptr;  ///< [queries]
  const int32_t* rows = nullptr;      ///< [queries]
};

/// Forward and backward pass of one transformer block (equations: net/block_style.h) over packed
/// sequences: small matrix products and row operations on activations that stay in the second-level
/// cache. Keys and values are made of all tokens, everything else only of the rows that are wanted.
/// Float runs the kernels, double their plain twins. Used by one thread.
template <typename T>
class BlockPass {
 public:
  BlockPass(const BlockStyle& style, int64_t dim, int64_t inner_size)
      : style_(style), dim_(dim), inner_size_(inner_size) {}

  /// Everything in it, but `queries`, is to be set before anything else is called.
  BlockShape& shape() { return shape_; }
  /// Ascending tokens whose rows are wanted, borrowed: those that the attention's query_offsets and
  /// query_places name.
  void set_wanted(std::span<const int32_t> tokens) { query_tokens_ = tokens; }
  /// Gradients [same shape] are added to; null in use.
  void set_tensor(BlockTensor tensor, const T* value, T* gradient) {
    weights_[tensor] = value;
    grads_[tensor] = gradient;
  }
  /// Terms of the attention's scores; those of the shape are ignored.
  kernels::AttentionTerms<T>& terms() { return terms_; }

  /// Numbers that forward() works in and backward() finds again. Settles the shape.
  int64_t saved_size();
  /// x [tokens, dim], z [queries, dim]; `saved` [saved_size].
  void forward(const T* x, T* z, T* saved) const;
  /// Writes x_grad [tokens, dim] and adds to the gradients of the weights.
  void backward(const T* x, T* saved, const T* z_grad, T* x_grad) const;

 private:
  struct Norm {
    T *mean, *rstd;
  };
  /// Activations of a pass. `picked` are the wanted rows of x where they are a list; `source` is
  /// what queries are made from and the first residual adds.
  struct Saved {
    T *picked, *source, *q, *k, *v, *attended, *middle, *y, *before_activation, *inner, *end,
        *weights;
    Norm source_norm, middle_norm, end_norm;
  };
  int64_t lay_out(T* memory, Saved& saved) const;

  bool gelu() const { return style_.activation == kernels::Activation::gelu; }
  bool some_wanted() const { return shape_.attention.query_offsets != nullptr; }
  bool attends_padding() const { return shape_.attention.max_length > 0; }
  int64_t query_size() const { return shape_.queries * dim_; }
  int64_t token_size() const { return shape_.tokens * dim_; }
  /// Wanted rows of x.
  const T* wanted_of(const T* x, const Saved& saved) const {
    return some_wanted() ? saved.picked : x;
  }
  const T* source_of(const T* x, const Saved& saved) const {
    return style_.post_norm ? wanted_of(x, saved) : saved.source;
  }
  void attend(const T* x, const Saved& saved) const;
  void feed_forward(const Saved& saved, T* end) const;
  void linear(int64_t rows, const T* x, BlockTensor weight, int64_t out, int64_t in, T* y) const;
  void linear_backward(int64_t rows, const T* x, const T* y_grad, BlockTensor weight, int64_t out,
                       int64_t in) const;
  void norm(const T* x, BlockTensor weight, Norm saved, T* y) const;
  void norm_backward(const T* x, BlockTensor weight, Norm saved, T* grad) const;
  void drop(const kernels::Dropout& dropout, int64_t width, T* x) const;
  void feed_forward_backward(const Saved& saved, T* grad, T* work) const;
  void attend_backward(const T* x, const Saved& saved, const T* grad, T* x_grad, T* work) const;
  void spread(const T* grad, T* x_grad) const;

  const BlockStyle& style_;
  int64_t dim_, inner_size_;
  BlockShape shape_;
  std::span<const int32_t> query_tokens_;
  std::array<const T*, kBlockTensors> weights_{};
  std::array<T*, kBlockTensors> grads_{};
  kernels::AttentionTerms<T> terms_{};
};

extern template class BlockPass<float>;
extern template class BlockPass<double>;

}  // namespace truenext::net
