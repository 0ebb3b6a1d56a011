// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "inference/block_style.h"
#include "kernels/kernels.h"

namespace truenext::nn {

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
  const BlockStyle* style = nullptr;
  kernels::AttentionShape attention;  ///< its pad_key and pad_value are ignored
  bool attends_padding = false;       ///< a padded row is zero: its key and value are the biases
  int64_t tokens = 0;
  int64_t inner_size = 0;
  /// Row masks, inactive outside training; a row's mask belongs to (streams[i], rows[i]).
  kernels::Dropout attention_output, activation, output;
  const uint64_t* streams = nullptr;  ///< [tokens]
  const int32_t* rows = nullptr;      ///< [tokens]
};

/// Forward and backward pass of one transformer block (equations: inference/block_style.h) over
/// packed sequences: small matrix products and row operations on activations that stay in the
/// second-level cache. Float runs the kernels, double their plain twins. Used by one thread.
template <typename T>
class BlockPass {
 public:
  using Weights = std::array<const T*, kBlockTensors>;
  using Gradients = std::array<T*, kBlockTensors>;

  BlockPass(const BlockShape& shape, const Weights& weights) : shape_(shape), weights_(weights) {}

  /// Elements that forward() keeps for backward().
  static int64_t saved_size(const BlockShape& shape);

  /// x, z [tokens, dim]; `saved` [saved_size].
  void forward(const T* x, T* z, T* saved) const;
  /// Writes x_grad [tokens, dim] and adds to the gradients of the weights.
  void backward(const T* x, T* saved, const T* z_grad, T* x_grad, const Gradients& grads) const;

 private:
  struct Norm {
    T *mean, *rstd;
  };
  /// Activations of a pass; `source` is what queries are made from and the first residual adds.
  struct Saved {
    T *source, *q, *k, *v, *attended, *middle, *y, *before_activation, *inner, *end, *weights;
    Norm source_norm, middle_norm, end_norm;
  };
  static int64_t lay_out(const BlockShape& shape, T* memory, Saved& saved);

  int64_t dim() const { return shape_.attention.dim; }
  bool gelu() const { return shape_.style->activation == kernels::Activation::gelu; }
  const T* source_of(const T* x, const Saved& saved) const {
    return shape_.style->post_norm ? x : saved.source;
  }
  void attend(const T* x, const Saved& saved) const;
  void feed_forward(const Saved& saved, T* end) const;
  void linear(const T* x, BlockTensor weight, int64_t out, int64_t in, T* y) const;
  void linear_backward(const T* x, const T* y_grad, BlockTensor weight, int64_t out, int64_t in,
                       const Gradients& grads) const;
  void norm(const T* x, BlockTensor weight, Norm saved, T* y) const;
  void norm_backward(const T* x, BlockTensor weight, Norm saved, T* grad,
                     const Gradients& grads) const;
  void drop(const kernels::Dropout& dropout, int64_t width, T* x) const;
  void feed_forward_backward(const Saved& saved, T* grad, T* work, const Gradients& grads) const;
  void attend_backward(const T* x, const Saved& saved, const T* grad, T* inputs_grad, T* work,
                       const Gradients& grads) const;

  const BlockShape& shape_;
  Weights weights_;
};

extern template class BlockPass<float>;
extern template class BlockPass<double>;

}  // namespace truenext::nn
