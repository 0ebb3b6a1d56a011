// SPDX-License-Identifier: Apache-2.0
#include "nn/transformer_block.h"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

#include "nn/block_pass.h"

namespace truenext::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The tensors of a block that exist, in the order of BlockTensor; `slots` says which.
template <typename T>
std::array<T*, kBlockTensors> pointers(const std::vector<size_t>& slots,
                                       const at::Tensor* tensors) {
  std::array<T*, kBlockTensors> result{};
  for (size_t i = 0; i < slots.size(); ++i) {
    result[slots[i]] = tensors[i].data_ptr<std::remove_const_t<T>>();
  }
  return result;
}

struct BlockCall {
  BlockShape shape;
  std::vector<size_t> slots;
};

template <typename T>
variable_list run_forward(const BlockCall& call, const at::Tensor& x, at::TensorList weights) {
  at::Tensor z = at::empty_like(x);
  at::Tensor saved = at::empty({BlockPass<T>::saved_size(call.shape)}, x.options());
  const BlockPass<T> pass(call.shape, pointers<const T>(call.slots, weights.data()));
  pass.forward(x.data_ptr<T>(), z.data_ptr<T>(), saved.data_ptr<T>());
  return {z, saved};
}

/// inputs = x, saved, weights ...; returns the gradients of x and of the weights.
template <typename T>
variable_list run_backward(const BlockCall& call, const variable_list& inputs,
                           const at::Tensor& grad) {
  variable_list grads = {at::empty_like(inputs[0])};
  for (size_t i = 2; i < inputs.size(); ++i) grads.push_back(at::zeros_like(inputs[i]));
  const BlockPass<T> pass(call.shape, pointers<const T>(call.slots, inputs.data() + 2));
  pass.backward(inputs[0].data_ptr<T>(), inputs[1].data_ptr<T>(), grad.data_ptr<T>(),
                grads[0].data_ptr<T>(), pointers<T>(call.slots, grads.data() + 1));
  return grads;
}

struct BlockNode : torch::autograd::Function<BlockNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, at::TensorList weights,
                            const BlockCall* call) {
    const variable_list out = x.scalar_type() == at::kDouble
                                  ? run_forward<double>(*call, x, weights)
                                  : run_forward<float>(*call, x, weights);
    variable_list kept = {x, out[1]};
    kept.insert(kept.end(), weights.begin(), weights.end());
    ctx->save_for_backward(std::move(kept));
    ctx->saved_data["call"] = reinterpret_cast<int64_t>(call);  // owned by the tile's Forward
    return out[0];
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list kept = ctx->get_saved_variables();
    const auto* call = reinterpret_cast<const BlockCall*>(ctx->saved_data["call"].toInt());
    const at::Tensor grad = grads[0].contiguous();
    variable_list result = grad.scalar_type() == at::kDouble
                               ? run_backward<double>(*call, kept, grad)
                               : run_backward<float>(*call, kept, grad);
    result.emplace_back();  // no gradient for the call
    return result;
  }
};

kernels::AttentionShape attention_shape(const Forward& forward, const ModelOptions& options,
                                        int64_t number) {
  const Tile& tile = forward.tile();
  kernels::AttentionShape shape;
  shape.sequences = tile.sequences.size();
  shape.offsets = tile.sequences.offsets.data();
  shape.dim = shape.q_stride = shape.k_stride = shape.v_stride = options.hidden_size;
  shape.heads = options.num_heads;
  shape.dropout = forward.kernel_dropout(options.dropout, Purpose::dropout_attention, number);
  shape.streams = shape.dropout.active() ? tile.streams.data() : nullptr;
  shape.max_length = options.padding == "attend" ? options.max_length : 0;
  return shape;
}

}  // namespace

at::Tensor transformer_block(Forward& forward, const ModelOptions& options, int64_t number,
                             const at::Tensor& x) {
  BlockCall& call = forward.keep(BlockCall{});
  BlockShape& shape = call.shape;
  shape.style = &block_style(options.block);
  shape.attention = attention_shape(forward, options, number);
  shape.attends_padding = options.padding == "attend";
  shape.tokens = forward.tokens();
  shape.inner_size = options.inner_size;
  const auto mask = [&](Purpose purpose) {
    return forward.kernel_dropout(options.dropout, purpose, number);
  };
  if (shape.style->post_norm) {
    shape.attention_output = mask(Purpose::dropout_attention_output);
  } else {
    shape.activation = mask(Purpose::dropout_activation);
  }
  shape.output = mask(Purpose::dropout_output);
  shape.streams = forward.token_streams().data();
  shape.rows = forward.from_end().data();

  const std::string prefix = "blocks." + std::to_string(number) + ".";
  variable_list weights;
  for (size_t slot = 0; slot < kBlockTensors; ++slot) {
    const bool projection = slot == output_weight || slot == output_bias;
    if (projection && !shape.style->output_projection) continue;
    call.slots.push_back(slot);
    weights.push_back(forward.weight(prefix + kBlockTensorNames[slot]));
  }
  return BlockNode::apply(x.contiguous(), at::TensorList(weights), &call);
}

}  // namespace truenext::nn
