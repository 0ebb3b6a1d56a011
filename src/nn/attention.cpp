// SPDX-License-Identifier: Apache-2.0
#include "nn/attention.h"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

#include "kernels/overloads.h"
#include "nn/optional_tensor.h"

namespace upnext::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

template <typename T>
T* data_or_null(const at::Tensor& tensor) {
  return present(tensor) ? tensor.data_ptr<T>() : nullptr;
}

at::Tensor zeros_or_undefined(const at::Tensor& like) {
  return present(like) ? at::zeros_like(like) : at::Tensor();
}

/// in = q, k, v, pad_key, pad_value; returns the output and what the backward pass needs.
template <typename T>
std::pair<at::Tensor, at::Tensor> run_forward(const kernels::AttentionShape& shape,
                                              const variable_list& in) {
  at::Tensor out = at::empty({in[0].size(0), shape.dim}, in[0].options());
  at::Tensor saved = at::empty({kernels::attention_saved_floats<T>(shape)}, in[0].options());
  kernels::AttentionArrays<T> arrays;
  arrays.q = in[0].data_ptr<T>();
  arrays.k = in[1].data_ptr<T>();
  arrays.v = in[2].data_ptr<T>();
  arrays.pad_key = data_or_null<T>(in[3]);
  arrays.pad_value = data_or_null<T>(in[4]);
  kernels::run_attention(shape, arrays, out.data_ptr<T>(), saved.data_ptr<T>());
  return {out, saved};
}

/// in = q, k, v, pad_key, pad_value, saved; returns the gradients of the first five.
template <typename T>
variable_list run_backward(const kernels::AttentionShape& shape, const variable_list& in,
                           const at::Tensor& grad) {
  variable_list grads = {at::empty_like(in[0]), at::empty_like(in[1]), at::empty_like(in[2]),
                         zeros_or_undefined(in[3]), zeros_or_undefined(in[4])};
  kernels::AttentionArrays<T> arrays;
  arrays.q = in[0].data_ptr<T>();
  arrays.k = in[1].data_ptr<T>();
  arrays.v = in[2].data_ptr<T>();
  arrays.pad_key = data_or_null<T>(in[3]);
  arrays.pad_value = data_or_null<T>(in[4]);
  arrays.q_grad = grads[0].data_ptr<T>();
  arrays.k_grad = grads[1].data_ptr<T>();
  arrays.v_grad = grads[2].data_ptr<T>();
  arrays.pad_key_grad = data_or_null<T>(grads[3]);
  arrays.pad_value_grad = data_or_null<T>(grads[4]);
  kernels::run_attention_backward(shape, arrays, in[5].data_ptr<T>(), grad.data_ptr<T>());
  return grads;
}

struct AttentionNode : torch::autograd::Function<AttentionNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, const at::Tensor& pad_key,
                            const at::Tensor& pad_value, AttentionCall* call) {
    const variable_list in = {q, k, v, pad_key, pad_value};
    const auto [out, saved] = q.scalar_type() == at::kDouble ? run_forward<double>(call->shape, in)
                                                             : run_forward<float>(call->shape, in);
    ctx->save_for_backward({q, k, v, pad_key, pad_value, saved});
    ctx->saved_data["call"] = reinterpret_cast<int64_t>(call);  // owned by the Forward of this tile
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const auto* call = reinterpret_cast<AttentionCall*>(ctx->saved_data["call"].toInt());
    const at::Tensor grad = grads[0].contiguous();
    variable_list result = grad.scalar_type() == at::kDouble
                               ? run_backward<double>(call->shape, saved, grad)
                               : run_backward<float>(call->shape, saved, grad);
    result.emplace_back();  // no gradient for the call
    return result;
  }
};

}  // namespace

at::Tensor jagged_attention(Forward& forward, const AttentionOptions& options, const at::Tensor& q,
                            const at::Tensor& k, const at::Tensor& v, const at::Tensor& pad_key,
                            const at::Tensor& pad_value) {
  const Tile& tile = forward.tile();
  AttentionCall& call = forward.new_attention_call();
  kernels::AttentionShape& shape = call.shape;
  shape.sequences = tile.sequences.size();
  shape.offsets = tile.sequences.offsets.data();
  shape.dim = q.size(1);
  shape.heads = options.heads;
  shape.causal = options.causal;
  shape.q_stride = shape.k_stride = shape.v_stride = shape.dim;
  shape.dropout =
      forward.kernel_dropout(options.dropout, Purpose::dropout_attention, options.layer);
  shape.streams = shape.dropout.active() ? tile.streams.data() : nullptr;
  shape.max_length = options.max_length;
  return AttentionNode::apply(q.contiguous(), k.contiguous(), v.contiguous(), or_empty(pad_key, q),
                              or_empty(pad_value, q), &call);
}

}  // namespace upnext::nn
