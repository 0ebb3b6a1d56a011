// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "batch/batch.h"
#include "net/model_options.h"
#include "net/parameters.h"

namespace truenext {

/// A whole batch as index tensors (int64) on a device. Rows of states are packed as in tiles, one
/// tile after the other; only attention and recurrence ask for the padded form, [sequences, length]
/// of them.
struct DeviceBatch {
  at::Tensor items;       ///< [tokens]
  at::Tensor from_start;  ///< [tokens]: place in the sequence, oldest = 0
  at::Tensor from_end;    ///< [tokens]: newest = 0
  at::Tensor slots;       ///< [tokens]: place in the padded form
  int64_t sequences = 0;
  int64_t length = 0;
};

/// An index tensor, int64 [values].
at::Tensor to_device(const std::vector<int64_t>& values, at::Device device);

/// The `window` of pack_batch() that a model asks for.
int64_t padded_window(const ModelOptions& options);
/// With `window` 0 padded sequences begin in column 0 and the longest gives the length, so that a
/// causal mask alone keeps padding out; else they end in the last of `window` columns, as in
/// originals that attend to their padding.
DeviceBatch pack_batch(const Batch& batch, int64_t window, at::Device device);

/// What a pass is for. A training pass drops out and keeps what its gradients need; a pass for use
/// does neither.
enum class PassPurpose { training, use };

/// One pass over a batch on a device, made of LibTorch operations. Weights are autograd leaves on
/// the memory they are given.
class DevicePass {
 public:
  /// `weights` are in the order of `names`, on the batch's device, and outlive the pass.
  DevicePass(const ParameterSet& names, const std::vector<at::Tensor>& weights,
             const DeviceBatch& batch, PassPurpose purpose);

  const DeviceBatch& batch() const { return batch_; }
  /// One leaf per parameter, in their order.
  const std::vector<at::Tensor>& leaves() const { return leaves_; }
  const at::Tensor& weight(const std::string& name) const { return leaves_[names_.index(name)]; }

  /// Rows of a table: ids [n] -> [n, dim].
  at::Tensor lookup(const std::string& table, const at::Tensor& ids) const;
  /// x times the matrix `name`.weight plus `name`.bias.
  at::Tensor linear(const at::Tensor& x, const std::string& name) const;
  /// Layer norm over the last dimension by `name`.weight and `name`.bias.
  at::Tensor norm(const at::Tensor& x, const std::string& name, double epsilon) const;
  /// Masks come from LibTorch's generator of the device.
  at::Tensor dropout(const at::Tensor& x, double rate) const;

  /// [tokens, width] -> [sequences, length, width] with `filling` [width], or zeros when that is
  /// undefined, where there is no token.
  at::Tensor pad(const at::Tensor& packed, const at::Tensor& filling) const;
  /// The way back.
  at::Tensor unpad(const at::Tensor& padded) const;

 private:
  const ParameterSet& names_;
  const DeviceBatch& batch_;
  PassPurpose purpose_;
  std::vector<at::Tensor> leaves_;
};

}  // namespace truenext
