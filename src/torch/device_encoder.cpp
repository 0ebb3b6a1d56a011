// SPDX-License-Identifier: Apache-2.0
#include "torch/device_encoder.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "net/composed_tables.h"
#include "net/work_pass.h"
#include "torch/torch_pass.h"

namespace truenext {
namespace {

bool all_finite(const at::Tensor& values) {
  return at::isfinite(values).all().item<bool>();
}

int64_t numbers_of_history(const Model& model) {
  const int64_t length = model.options().max_length;
  std::vector<int32_t> items;
  for (int64_t i = 0; i < length; ++i) {
    items.push_back(static_cast<int32_t>(i % model.num_items()));
  }
  const std::vector<int64_t> offsets{0, length};
  const std::vector<int32_t> newest{static_cast<int32_t>(length - 1)};
  const std::vector<TensorInfo> tensors =
      model.network().tensors(model.options(), model.num_items());
  const std::vector<int64_t> times(items.size());
  net::WorkPass pass(model.parameters().names(), tensors,
                     {items, offsets, {}, net::Wanted::list(newest), times, times});
  model.network().run(pass, model.options());
  return static_cast<int64_t>(std::ceil(pass.widest() * static_cast<double>(length)));
}

}  // namespace

DeviceEncoder::DeviceEncoder(const Model& model, std::vector<at::Tensor> weights)
    : model_(model), weights_(std::move(weights)), numbers_of_history_(numbers_of_history(model)) {
  check_data(all_finite(item_table()),
             "the model's item table holds values that are not finite: training diverged or the "
             "file is damaged; train again with a lower learning rate");
}

int64_t DeviceEncoder::most_histories(int64_t numbers) const {
  return std::max<int64_t>(1, numbers / numbers_of_history_);
}

at::Tensor DeviceEncoder::encode_last(JaggedView<int32_t> histories,
                                      const HistoryTimes& times) const {
  check_times(model_.options().time, histories, times);
  UseWindows windows;
  windows.add(model_.options(), histories, times, 0, histories.size(), num_items());
  net::TorchPass pass(model_.parameters().names(), weights_, windows.input(), {});
  const at::Tensor& states = pass.values(run_network(model_.network(), pass, model_.options()));
  check_data(all_finite(states),
             "the model gives a state that is not finite: training diverged or the file is "
             "damaged; train again with a lower learning rate");
  return states;
}

}  // namespace truenext
