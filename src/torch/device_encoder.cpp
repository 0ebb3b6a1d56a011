// SPDX-License-Identifier: Apache-2.0
#include "torch/device_encoder.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "net/encoder.h"
#include "torch/torch_pass.h"

namespace truenext {
namespace {

bool all_finite(const at::Tensor& values) {
  return at::isfinite(values).all().item<bool>();
}

/// As long as a history can be, with as many different items as there are.
Jagged<int32_t> longest_history(const Model& model) {
  std::vector<int32_t> items(static_cast<size_t>(model.options().max_length));
  for (size_t i = 0; i < items.size(); ++i) {
    items[i] = static_cast<int32_t>(static_cast<int64_t>(i) % model.num_items());
  }
  Jagged<int32_t> one;
  one.add_row(items);
  return one;
}

}  // namespace

DeviceEncoder::DeviceEncoder(const Model& model, std::vector<at::Tensor> weights)
    : model_(model), weights_(std::move(weights)) {
  check_data(all_finite(item_table()),
             "the model's item table holds values that are not finite: training diverged or the "
             "file is damaged; train again with a lower learning rate");
  numbers_of_history_ = run(longest_history(model)).largest;
}

int64_t DeviceEncoder::most_histories(int64_t numbers) const {
  return std::max<int64_t>(1, numbers / numbers_of_history_);
}

DeviceEncoder::Encoded DeviceEncoder::run(const Jagged<int32_t>& windows) const {
  std::vector<int32_t> newest;
  for (int64_t row = 0; row < windows.size(); ++row) {
    newest.push_back(static_cast<int32_t>(windows.offsets[row + 1] - 1));
  }
  const net::Input input{windows.values, windows.offsets, {}, net::Wanted::list(newest), {}, {}};
  net::TorchPass pass(model_.parameters().names(), weights_, input, {});
  const net::Rows states = model_.network().run(pass, model_.options());
  return {pass.values(states), pass.largest()};
}

at::Tensor DeviceEncoder::encode_last(JaggedView<int32_t> histories) const {
  Jagged<int32_t> windows;
  for (int64_t row = 0; row < histories.size(); ++row) {
    windows.add_row(checked_window(histories, row, model_.options().max_length, num_items()));
  }
  const at::Tensor states = run(windows).states;
  check_data(all_finite(states),
             "the model gives a state that is not finite: training diverged or the file is "
             "damaged; train again with a lower learning rate");
  return states;
}

}  // namespace truenext
