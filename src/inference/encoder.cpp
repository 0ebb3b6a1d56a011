// SPDX-License-Identifier: Apache-2.0
#include "inference/encoder.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "inference/encoder_kinds.h"

namespace truenext {
namespace {

// One line per encoder that runs without LibTorch.
const EncoderKind* const kEncoderKinds[] = {
    &kSasrecEncoder,
    &kGru4recEncoder,
};

const EncoderKind& find_kind(const ModelOptions& options) {
  for (const EncoderKind* kind : kEncoderKinds) {
    if (kind->name == options.name) return *kind;
  }
  fail_usage("model.name = \"{}\": there is no encoder of that name", options.name);
}

ModelOptions resolved(ModelOptions options) {
  options.resolve();
  return options;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void check_tensors(const std::vector<TensorInfo>& wanted, const TensorMap& weights) {
  for (const TensorInfo& info : wanted) {
    const auto found = weights.find(info.name);
    check_data(found != weights.end(), "tensor {} of shape {} is missing", info.name,
               shape_text(info.shape));
    check_data(found->second.shape == info.shape, "tensor {} has the shape {}, expected {}",
               info.name, shape_text(found->second.shape), shape_text(info.shape));
  }
  for (const auto& [name, view] : weights) {
    const bool known = std::any_of(wanted.begin(), wanted.end(),
                                   [&](const TensorInfo& info) { return info.name == name; });
    check_data(known, "tensor {} of shape {} does not belong to this model", name,
               shape_text(view.shape));
  }
}

int64_t count_items(const TensorMap& weights) {
  const auto table = weights.find("item_embedding.weight");
  check_data(table != weights.end(), "tensor item_embedding.weight is missing");
  check_data(table->second.shape.size() == 2 && table->second.shape[0] >= 1,
             "tensor item_embedding.weight has the shape {}, expected [items, hidden_size]",
             shape_text(table->second.shape));
  const int64_t items = table->second.shape[0];
  check_data(items <= std::numeric_limits<int32_t>::max(),
             "{} items, at most 2^31 - 1 are possible", items);
  return items;
}

}  // namespace

int64_t TensorView::size() const {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  return n;
}

std::vector<TensorInfo> model_tensors(const ModelOptions& options, int64_t num_items) {
  const ModelOptions full = resolved(options);
  return find_kind(full).tensors(full, num_items);
}

std::unique_ptr<SequenceEncoder> make_encoder(const ModelOptions& options,
                                              const TensorMap& weights) {
  const ModelOptions full = resolved(options);
  const EncoderKind& kind = find_kind(full);
  check_tensors(kind.tensors(full, count_items(weights)), weights);
  return kind.make(full, weights);
}

LinearView linear_of(const TensorMap& weights, const std::string& prefix) {
  const TensorView& weight = weights.at(prefix + ".weight");
  return {weight.data, weights.at(prefix + ".bias").data, weight.shape[0], weight.shape[1]};
}

std::span<const int32_t> checked_window(JaggedView<int32_t> histories, int64_t row,
                                        int64_t max_length, int64_t num_items) {
  const std::span<const int32_t> history = histories.row(row);
  check_data(!history.empty(), "history {} is empty; a state needs at least one item", row);
  const size_t kept = std::min(history.size(), static_cast<size_t>(max_length));
  const std::span<const int32_t> window = history.last(kept);
  for (const int32_t item : window) {
    check_data(item >= 0 && item < num_items,
               "history {} holds item {}, the model knows items 0 to {}: it belongs to another "
               "dataset",
               row, item, num_items - 1);
  }
  return window;
}

void check_not_longer(JaggedView<int32_t> histories, int64_t max_length) {
  for (int64_t row = 0; row < histories.size(); ++row) {
    check_data(histories.row_size(row) <= max_length,
               "history {} has {} items, the model sees at most {}: cut it first", row,
               histories.row_size(row), max_length);
  }
}

float* room(std::vector<float>& buffer, int64_t n) {
  if (buffer.size() < static_cast<size_t>(n)) buffer.resize(static_cast<size_t>(n));
  return buffer.data();
}

}  // namespace truenext
