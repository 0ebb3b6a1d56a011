// SPDX-License-Identifier: Apache-2.0
#include "torch/padded_rows.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "torch/tensors.h"

namespace truenext {

PaddedRows::PaddedRows(std::span<const int64_t> offsets, int64_t window, at::Device device)
    : sequences_(static_cast<int64_t>(offsets.size()) - 1), length_(window) {
  for (int64_t s = 0; s < sequences_; ++s) {
    length_ = std::max(length_, offsets[s + 1] - offsets[s]);
  }
  for (int64_t s = 0; s < sequences_; ++s) {
    const int64_t own = offsets[s + 1] - offsets[s];
    const int64_t first = s * length_ + (window > 0 ? length_ - own : 0);
    for (int64_t i = 0; i < own; ++i) places_.push_back(first + i);
  }
  slots_ = to_device(places_, device);
}

at::Tensor PaddedRows::pad(const at::Tensor& rows, double filling) const {
  const int64_t width = rows.size(1);
  return at::full({sequences_ * length_, width}, filling, rows.options())
      .index_copy(0, slots_, rows)
      .view({sequences_, length_, width});
}

at::Tensor PaddedRows::pad_by(const at::Tensor& rows, const at::Tensor& filling) const {
  const int64_t width = rows.size(1);
  return filling.expand({sequences_ * length_, width})
      .contiguous()
      .index_copy(0, slots_, rows)
      .view({sequences_, length_, width});
}

at::Tensor PaddedRows::unpad(const at::Tensor& padded) const {
  return padded.reshape({sequences_ * length_, padded.size(-1)}).index_select(0, slots_);
}

at::Tensor PaddedRows::unpad(const at::Tensor& padded, std::span<const int32_t> rows) const {
  std::vector<int64_t> places;
  places.reserve(rows.size());
  for (const int32_t row : rows) places.push_back(places_[row]);
  return padded.reshape({sequences_ * length_, padded.size(-1)})
      .index_select(0, to_device(places, padded.device()));
}

}  // namespace truenext
