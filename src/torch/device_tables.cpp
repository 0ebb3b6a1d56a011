// SPDX-License-Identifier: Apache-2.0
#include "torch/device_tables.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "net/scoring.h"
#include "torch/tensors.h"

namespace truenext {
namespace {

constexpr int64_t kMean = 1;  ///< a mode of at::embedding_bag; an empty bag is zeros

void add_gradient(at::Tensor& gradient, const at::Tensor& part) {
  gradient = gradient.defined() ? gradient + part : part;
}

/// Of rows, [rows, 1], as they are divided by.
at::Tensor lengths(const at::Tensor& rows) {
  return at::linalg_vector_norm(rows, 2, {1}, /*keepdim=*/true).clamp_min(kSmallestLength);
}

/// The twin of make_unit_backward().
at::Tensor unit_backward(const at::Tensor& rows, const at::Tensor& gradient) {
  const at::Tensor length = lengths(rows);
  const at::Tensor along = (rows * gradient).sum(1, /*keepdim=*/true) / (length * length);
  const at::Tensor shared = along.masked_fill(length <= kSmallestLength, 0);
  return (gradient - shared * rows) / length;
}

}  // namespace

DeviceTables::DeviceTables(const Model& model, at::Device device)
    : tables_(model.composed()),
      hidden_size_(model.options().hidden_size),
      num_attributes_(model.attributes().count) {
  if (tables_.attributes() < 0) return;
  const Jagged<int32_t>& rows = model.attributes().rows;
  std::vector<int64_t> items;
  std::vector<float> shares;
  for (int64_t item = 0; item < rows.size(); ++item) {
    for (int64_t i = 0; i < rows.row_size(item); ++i) {
      items.push_back(item);
      shares.push_back(1.0f / static_cast<float>(rows.row_size(item)));
    }
  }
  offsets_ = to_device(std::span(rows.offsets).first(static_cast<size_t>(rows.size())), device);
  items_ = to_device(items, device);
  attributes_ = to_device(std::span(rows.values), device);
  shares_ = to_device(shares, device).unsqueeze(1);
}

at::Tensor DeviceTables::vectors(int64_t table, const std::vector<at::Tensor>& trained) const {
  if (tables_.attributes() < 0) return trained[table];
  const at::Tensor means =
      std::get<0>(at::embedding_bag(trained[tables_.attributes()], attributes_, offsets_,
                                    /*scale_grad_by_freq=*/false, kMean));
  return trained[table] + means;
}

std::vector<at::Tensor> DeviceTables::readable(const std::vector<at::Tensor>& trained) const {
  std::vector<at::Tensor> read = trained;
  for (const int64_t place : tables_.places()) {
    if (place == tables_.units()) {
      const at::Tensor rows = vectors(tables_.output(), trained);
      read.push_back(rows / lengths(rows));
    } else if (place == tables_.bias()) {
      read[place] = at::cat({vectors(tables_.output(), trained), trained[place].unsqueeze(1)}, 1);
    } else {
      read[place] = vectors(place, trained);
    }
    if (tables_.padding() < 0 || place != tables_.scores()) continue;
    at::Tensor padding = trained[tables_.padding()];
    if (tables_.bias() >= 0) padding = at::cat({padding, trained[tables_.padding_bias()]});
    read[place] = at::cat({read[place], padding.unsqueeze(0)});
  }
  return read;
}

void DeviceTables::hand_back(const std::vector<at::Tensor>& trained,
                             std::vector<at::Tensor>& gradients) const {
  if (tables_.units() >= 0) {
    const at::Tensor units = gradients[tables_.units()];
    gradients.resize(trained.size());
    if (units.defined()) {
      add_gradient(gradients[tables_.output()],
                   unit_backward(vectors(tables_.output(), trained), units));
    }
  }
  if (tables_.padding() >= 0 && gradients[tables_.scores()].defined()) {
    at::Tensor& scores = gradients[tables_.scores()];
    const int64_t items = scores.size(0) - 1, width = hidden_size_;
    const at::Tensor row = scores.select(0, items);
    add_gradient(gradients[tables_.padding()], row.narrow(0, 0, width));
    if (tables_.bias() >= 0) gradients[tables_.padding_bias()] = row.narrow(0, width, 1);
    scores = scores.narrow(0, 0, items);
  }
  if (tables_.bias() >= 0 && gradients[tables_.bias()].defined()) {
    const at::Tensor scores = gradients[tables_.bias()];
    const int64_t width = scores.size(1) - 1;
    add_gradient(gradients[tables_.output()], scores.narrow(1, 0, width));
    gradients[tables_.bias()] = scores.select(1, width);
  }
  if (tables_.attributes() < 0) return;
  std::vector<int64_t> item_tables = {tables_.input()};
  if (tables_.output() != tables_.input()) item_tables.push_back(tables_.output());
  for (const int64_t table : item_tables) {
    const at::Tensor& items = gradients[table];
    if (!items.defined()) continue;
    const at::Tensor parts = items.index_select(0, items_) * shares_;
    add_gradient(gradients[tables_.attributes()],
                 at::embedding_dense_backward(parts, attributes_, num_attributes_,
                                              /*padding_idx=*/-1, /*scale_grad_by_freq=*/false));
  }
}

}  // namespace truenext
