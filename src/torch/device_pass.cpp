// SPDX-License-Identifier: Apache-2.0
#include "torch/device_pass.h"

#include <ATen/Functions.h>

#include <algorithm>

namespace truenext {
namespace {

int64_t longest(const Batch& batch) {
  int64_t length = 0;
  for (const Tile& tile : batch.tiles) {
    for (int64_t s = 0; s < tile.sequences.size(); ++s) {
      length = std::max(length, tile.sequences.row_size(s));
    }
  }
  return length;
}

}  // namespace

at::Tensor to_device(const std::vector<int64_t>& values, at::Device device) {
  const auto size = static_cast<int64_t>(values.size());
  at::Tensor host = at::empty({size}, at::kLong);
  std::copy(values.begin(), values.end(), host.data_ptr<int64_t>());
  return host.to(device);
}

int64_t padded_window(const ModelOptions& options) {
  return options.padding == "attend" ? options.max_length : 0;
}

DeviceBatch pack_batch(const Batch& batch, int64_t window, at::Device device) {
  DeviceBatch packed;
  packed.length = window > 0 ? window : longest(batch);
  std::vector<int64_t> items, from_start, from_end, slots;
  for (const Tile& tile : batch.tiles) {
    items.insert(items.end(), tile.sequences.values.begin(), tile.sequences.values.end());
    for (int64_t s = 0; s < tile.sequences.size(); ++s, ++packed.sequences) {
      const int64_t n = tile.sequences.row_size(s);
      const int64_t first = packed.sequences * packed.length + (window > 0 ? window - n : 0);
      for (int64_t i = 0; i < n; ++i) {
        from_start.push_back(i);
        from_end.push_back(n - 1 - i);
        slots.push_back(first + i);
      }
    }
  }
  packed.items = to_device(items, device);
  packed.from_start = to_device(from_start, device);
  packed.from_end = to_device(from_end, device);
  packed.slots = to_device(slots, device);
  return packed;
}

DevicePass::DevicePass(const ParameterSet& names, const std::vector<at::Tensor>& weights,
                       const DeviceBatch& batch, PassPurpose purpose)
    : names_(names), batch_(batch), purpose_(purpose) {
  for (const at::Tensor& weight : weights) {
    leaves_.push_back(weight.detach().set_requires_grad(purpose == PassPurpose::training));
  }
}

at::Tensor DevicePass::lookup(const std::string& table, const at::Tensor& ids) const {
  return at::embedding(weight(table), ids);
}

at::Tensor DevicePass::linear(const at::Tensor& x, const std::string& name) const {
  return at::linear(x, weight(name + ".weight"), weight(name + ".bias"));
}

at::Tensor DevicePass::norm(const at::Tensor& x, const std::string& name, double epsilon) const {
  return at::layer_norm(x, {x.size(-1)}, weight(name + ".weight"), weight(name + ".bias"), epsilon);
}

at::Tensor DevicePass::dropout(const at::Tensor& x, double rate) const {
  const bool drops = rate > 0 && purpose_ == PassPurpose::training;
  return drops ? at::dropout(x, rate, /*train=*/true) : x;
}

at::Tensor DevicePass::pad(const at::Tensor& packed, const at::Tensor& filling) const {
  const int64_t width = packed.size(1);
  const int64_t rows = batch_.sequences * batch_.length;
  const at::Tensor empty = filling.defined() ? filling.expand({rows, width}).contiguous()
                                             : at::zeros({rows, width}, packed.options());
  return empty.index_copy(0, batch_.slots, packed).view({batch_.sequences, batch_.length, width});
}

at::Tensor DevicePass::unpad(const at::Tensor& padded) const {
  return padded.reshape({-1, padded.size(-1)}).index_select(0, batch_.slots);
}

}  // namespace truenext
