// SPDX-License-Identifier: Apache-2.0
#include "torch/device_encoder.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "net/encoder.h"
#include "torch/device_pass.h"

namespace truenext {
namespace {

bool all_finite(const at::Tensor& values) {
  return at::isfinite(values).all().item<bool>();
}

}  // namespace

DeviceEncoder::DeviceEncoder(const Model& model, std::vector<at::Tensor> weights)
    : model_(model), weights_(std::move(weights)) {
  check_data(all_finite(item_table()),
             "the model's item table holds values that are not finite: training diverged or the "
             "file is damaged; train again with a lower learning rate");
}

int64_t DeviceEncoder::most_histories(int64_t numbers) const {
  const ModelOptions& options = model_.options();
  const int64_t length = options.max_length;
  const int64_t attention = options.num_heads * length;  // weights of a position
  const int64_t gates = 3 * options.gru_hidden_size;
  const int64_t inner = options.name == "gru4rec" ? gates : std::max(attention, options.inner_size);
  const int64_t widest = std::max(inner, options.hidden_size);
  return std::max<int64_t>(1, numbers / (length * widest));
}

at::Tensor DeviceEncoder::encode_last(JaggedView<int32_t> histories) const {
  const ModelOptions& options = model_.options();
  Batch batch;
  Jagged<int32_t>& windows = batch.tiles.emplace_back().sequences;
  std::vector<int64_t> newest;
  for (int64_t row = 0; row < histories.size(); ++row) {
    windows.add_row(checked_window(histories, row, options.max_length, num_items()));
    newest.push_back(windows.offsets.back() - 1);
  }
  const DeviceBatch packed = pack_batch(batch, padded_window(options), device());
  DevicePass pass(model_.parameters(), weights_, packed, PassPurpose::use);
  const at::Tensor states =
      model_.encode_on_device(pass).index_select(0, to_device(newest, device()));
  check_data(all_finite(states),
             "the model gives a state that is not finite: training diverged or the file is "
             "damaged; train again with a lower learning rate");
  return states;
}

}  // namespace truenext
