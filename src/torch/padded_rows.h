// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace truenext {

/// The padded form of packed sequences of rows: [rows, width] <-> [sequences, length, width].
/// Passes stay packed and ask for this form only where rows of a sequence meet. Every row has a
/// place of its own, so both ways and their gradients move numbers and add none.
class PaddedRows {
 public:
  /// Sequences offsets[s] .. offsets[s + 1]. They begin in column 0 and the longest gives the
  /// length; with a `window` above 0 they end in the last of that many columns (more when one is
  /// longer).
  PaddedRows(std::span<const int64_t> offsets, int64_t window, at::Device device);

  int64_t sequences() const { return sequences_; }
  int64_t length() const { return length_; }
  /// Place of every row among sequences * length; on the host.
  std::span<const int64_t> places() const { return places_; }

  /// [rows, width] -> [sequences, length, width], `filling` where there is no row.
  at::Tensor pad(const at::Tensor& rows, double filling = 0) const;
  /// The same with a row [width] for filling.
  at::Tensor pad_by(const at::Tensor& rows, const at::Tensor& filling) const;
  /// The way back, of all rows.
  at::Tensor unpad(const at::Tensor& padded) const;
  /// Of some rows, which are distinct.
  at::Tensor unpad(const at::Tensor& padded, std::span<const int32_t> rows) const;

 private:
  int64_t sequences_;
  int64_t length_;
  std::vector<int64_t> places_;
  at::Tensor slots_;  ///< places_ on the device
};

}  // namespace truenext
