// SPDX-License-Identifier: Apache-2.0
// Leaves, gradients, and the operations that read parameters or work element by element. The others
// are in torch_pass_rows.cpp, torch_pass_sequences.cpp and torch_pass_windows.cpp.
#include "torch/torch_pass.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/autograd.h>

#include <string>

#include "torch/device.h"
#include "torch/tensors.h"

namespace truenext::net {
namespace {

at::Tensor value_of(Function function, const at::Tensor& x) {
  switch (function) {
    case Function::relu:
      return at::relu(x);
    case Function::gelu:
      return at::gelu(x);
    case Function::gelu_tanh:
      return at::gelu(x, "tanh");
    case Function::sigmoid:
      return at::sigmoid(x);
    case Function::tanh:
      return at::tanh(x);
    case Function::silu:
      return at::silu(x);
  }
  return x;
}

}  // namespace

TorchPass::TorchPass(const TensorNames& names, std::span<const at::Tensor> weights,
                     const Input& input, const PassPurpose& purpose)
    : Ops(input), names_(names), purpose_(purpose) {
  for (const at::Tensor& weight : weights) {
    leaves_.push_back(weight.detach().set_requires_grad(purpose.training));
  }
  if (purpose.training) seed_device(device(), purpose.seed, purpose.step);
}

std::vector<at::Tensor> TorchPass::backward(std::span<const DeviceRowsGradient> gradients) const {
  std::vector<at::Tensor> outputs, given;
  for (const DeviceRowsGradient& part : gradients) {
    if (!values(part.rows).requires_grad()) continue;  // rows of zeros: no weight took part
    outputs.push_back(values(part.rows));
    given.push_back(part.gradient);
  }
  if (outputs.empty()) return std::vector<at::Tensor>(leaves_.size());
  return torch::autograd::grad(outputs, leaves_, given, /*retain_graph=*/false,
                               /*create_graph=*/false, /*allow_unused=*/true);
}

Rows TorchPass::put(at::Tensor values, Layout layout) {
  const Rows rows{static_cast<int32_t>(values_.size()), values.size(0), values.size(1), layout};
  values_.push_back(std::move(values));
  return rows;
}

const at::Tensor& TorchPass::weight(std::string_view name, std::string_view end) const {
  return weight(std::string(name).append(end));
}

at::Tensor TorchPass::weight_if(std::string_view name, std::string_view end, bool wanted) const {
  return wanted ? weight(name, end).flatten() : at::Tensor();
}

at::Tensor TorchPass::zeros(int64_t count, int64_t width) const {
  return at::zeros({count, width}, leaves_[0].options().requires_grad(false));
}

at::Tensor TorchPass::map(const at::Tensor& x, std::string_view name, bool bias) const {
  return at::linear(x, weight(name, ".weight"), weight_if(name, ".bias", bias));
}

at::Tensor TorchPass::norm(const at::Tensor& x, std::string_view name, double epsilon) const {
  const bool scaled = !name.empty();
  return at::layer_norm(x, {x.size(1)}, weight_if(name, ".weight", scaled),
                        weight_if(name, ".bias", scaled), epsilon);
}

at::Tensor TorchPass::drop(const at::Tensor& x, double rate) const {
  return purpose_.training && rate > 0 ? at::dropout(x, rate, /*train=*/true) : x;
}

Rows TorchPass::lookup(std::string_view table, Ids ids, Layout layout) {
  return put(at::embedding(weight(table), to_device(ids, device())), layout);
}

Rows TorchPass::parameter(std::string_view name) {
  const at::Tensor& all = weight(name);
  return put(all.dim() == 2 ? all : all.view({1, all.size(0)}), Layout::other);
}

Rows TorchPass::linear(Rows x, std::string_view name, bool bias) {
  return put(map(values(x), name, bias), x.layout);
}

Rows TorchPass::layer_norm(Rows x, std::string_view name, double epsilon) {
  return put(norm(values(x), name, epsilon), x.layout);
}

Rows TorchPass::add(Rows x, Rows y, double factor) {
  return put(at::add(values(x), values(y), factor), x.layout);
}

Rows TorchPass::multiply(Rows x, Rows y) {
  return put(values(x) * values(y), x.layout);
}

Rows TorchPass::scale(Rows x, double factor, double shift) {
  return put(values(x) * factor + shift, x.layout);
}

Rows TorchPass::apply(Function function, Rows x) {
  return put(value_of(function, values(x)), x.layout);
}

Rows TorchPass::unit_rows(Rows x, double smallest) {
  const at::Tensor& all = values(x);
  return put(all / at::linalg_vector_norm(all, 2, {1}, /*keepdim=*/true).clamp_min(smallest),
             x.layout);
}

Rows TorchPass::standardise(Rows x, double epsilon) {
  const at::Tensor& all = values(x);
  const at::Tensor centred = all - all.mean(1, /*keepdim=*/true);
  // One value has no deviation, and LibTorch warns of that of no rows.
  if (all.size(1) == 1 || all.size(0) == 0) return put(centred, x.layout);
  return put(centred / (all.std(1, /*unbiased=*/true, /*keepdim=*/true) + epsilon), x.layout);
}

Rows TorchPass::dropout(Rows x, double rate, Purpose, int64_t) {
  return put(drop(values(x), rate), x.layout);
}

Rows TorchPass::beside(std::span<const Rows> parts) {
  std::vector<at::Tensor> all;
  for (const Rows part : parts) all.push_back(values(part));
  return put(at::cat(all, 1), parts[0].layout);
}

Rows TorchPass::columns(Rows x, int64_t begin, int64_t end) {
  return put(values(x).narrow(1, begin, end - begin), x.layout);
}

}  // namespace truenext::net
