// SPDX-License-Identifier: Apache-2.0
#include "nn/row_nodes.h"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "kernels/overloads.h"
#include "nn/optional_tensor.h"

namespace truenext::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

template <typename T>
variable_list norm_forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           double epsilon) {
  at::Tensor y = at::empty_like(x);
  at::Tensor moments = at::empty({2, x.size(0)}, x.options());
  T* mean = moments.data_ptr<T>();
  kernels::layer_norm(x.size(0), x.size(1), x.data_ptr<T>(), weight.data_ptr<T>(),
                      bias.data_ptr<T>(), static_cast<T>(epsilon), y.data_ptr<T>(), mean,
                      mean + x.size(0));
  return {y, moments};
}

template <typename T>
variable_list norm_backward(const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& moments, const at::Tensor& grad) {
  variable_list grads = {at::empty_like(x), at::zeros_like(weight), at::zeros_like(weight)};
  const T* mean = moments.data_ptr<T>();
  kernels::layer_norm_backward(x.size(0), x.size(1), x.data_ptr<T>(), weight.data_ptr<T>(), mean,
                               mean + x.size(0), grad.data_ptr<T>(), grads[0].data_ptr<T>(),
                               grads[1].data_ptr<T>(), grads[2].data_ptr<T>());
  return grads;
}

struct NormNode : torch::autograd::Function<NormNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, double epsilon) {
    const variable_list out = x.scalar_type() == at::kDouble
                                  ? norm_forward<double>(x, weight, bias, epsilon)
                                  : norm_forward<float>(x, weight, bias, epsilon);
    ctx->save_for_backward({x, weight, out[1]});
    return out[0];
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor grad = grads[0].contiguous();
    variable_list result = grad.scalar_type() == at::kDouble
                               ? norm_backward<double>(saved[0], saved[1], saved[2], grad)
                               : norm_backward<float>(saved[0], saved[1], saved[2], grad);
    result.emplace_back();
    return result;
  }
};

template <typename T>
at::Tensor linear_forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const int64_t tokens = x.size(0), in = x.size(1), out = weight.size(0);
  at::Tensor y = at::empty({tokens, out}, x.options());
  kernels::gemm_nt(tokens, out, in, x.data_ptr<T>(), in, weight.data_ptr<T>(), in, y.data_ptr<T>(),
                   out, false);
  kernels::add_bias(tokens, out, bias.data_ptr<T>(), kernels::Activation::none, y.data_ptr<T>());
  return y;
}

template <typename T>
variable_list linear_backward(const at::Tensor& x, const at::Tensor& weight,
                              const at::Tensor& grad) {
  const int64_t tokens = x.size(0), in = x.size(1), out = weight.size(0);
  variable_list grads = {at::empty_like(x), at::empty_like(weight), at::zeros({out}, x.options())};
  const T* y_grad = grad.data_ptr<T>();
  kernels::gemm_nn(tokens, in, out, y_grad, out, weight.data_ptr<T>(), in, grads[0].data_ptr<T>(),
                   in, false);
  kernels::gemm_tn(out, in, tokens, y_grad, out, x.data_ptr<T>(), in, grads[1].data_ptr<T>(), in,
                   false);
  kernels::add_column_sums(tokens, out, y_grad, grads[2].data_ptr<T>());
  return grads;
}

struct LinearNode : torch::autograd::Function<LinearNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    ctx->save_for_backward({x, weight});
    return x.scalar_type() == at::kDouble ? linear_forward<double>(x, weight, bias)
                                          : linear_forward<float>(x, weight, bias);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor grad = grads[0].contiguous();
    return grad.scalar_type() == at::kDouble ? linear_backward<double>(saved[0], saved[1], grad)
                                             : linear_backward<float>(saved[0], saved[1], grad);
  }
};

struct EmbeddingCall {
  kernels::Dropout dropout;
  double scale = 1;
  const uint64_t* streams = nullptr;
  const int32_t* rows = nullptr;
};

/// x *= the mask of its rows.
template <typename T>
void drop(const EmbeddingCall& call, at::Tensor& x) {
  if (!call.dropout.active()) return;
  kernels::dropout_rows(call.dropout, x.size(0), x.size(1), call.streams, call.rows,
                        x.data_ptr<T>());
}

template <typename T>
at::Tensor sum_forward(const EmbeddingCall& call, const at::Tensor& items,
                       const at::Tensor& positions) {
  at::Tensor sum = present(positions) ? positions.clone() : at::zeros_like(items);
  kernels::axpy(items.numel(), static_cast<T>(call.scale), items.data_ptr<T>(), sum.data_ptr<T>());
  drop<T>(call, sum);
  return sum;
}

struct EmbeddingNode : torch::autograd::Function<EmbeddingNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& items,
                            const at::Tensor& positions, const EmbeddingCall* call) {
    ctx->saved_data["call"] = reinterpret_cast<int64_t>(call);  // owned by the tile's Forward
    ctx->saved_data["positions"] = present(positions);
    return items.scalar_type() == at::kDouble ? sum_forward<double>(*call, items, positions)
                                              : sum_forward<float>(*call, items, positions);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto* call = reinterpret_cast<const EmbeddingCall*>(ctx->saved_data["call"].toInt());
    at::Tensor grad = grads[0].clone(at::MemoryFormat::Contiguous);
    if (grad.scalar_type() == at::kDouble) {
      drop<double>(*call, grad);
    } else {
      drop<float>(*call, grad);
    }
    const at::Tensor positions_grad = ctx->saved_data["positions"].toBool() ? grad : at::Tensor();
    return {call->scale == 1 ? grad : grad.mul(call->scale), positions_grad, at::Tensor()};
  }
};

}  // namespace

at::Tensor layer_norm(Forward& forward, const at::Tensor& x, const std::string& name,
                      double epsilon) {
  return NormNode::apply(x.contiguous(), forward.weight(name + ".weight"),
                         forward.weight(name + ".bias"), epsilon);
}

at::Tensor linear(Forward& forward, const at::Tensor& x, const std::string& name) {
  return LinearNode::apply(x.contiguous(), forward.weight(name + ".weight"),
                           forward.weight(name + ".bias"));
}

at::Tensor embedding_sum(Forward& forward, const at::Tensor& items, const at::Tensor& positions,
                         double scale, double dropout_rate) {
  EmbeddingCall& call = forward.keep(EmbeddingCall{});
  call.dropout = forward.kernel_dropout(dropout_rate, Purpose::dropout_embedding, 0);
  call.scale = scale;
  call.streams = forward.token_streams().data();
  call.rows = forward.from_end().data();
  return EmbeddingNode::apply(items, or_empty(positions, items), &call);
}

}  // namespace truenext::nn
