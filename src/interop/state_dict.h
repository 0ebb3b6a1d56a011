// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "net/encoder.h"

namespace truenext {

/// Named float32 tensors of somebody else's file. Opening checks all sizes; values are copied out
/// one tensor at a time, when they are asked for.
class StateDict {
 public:
  virtual ~StateDict() = default;
  virtual const std::filesystem::path& path() const = 0;
  /// Names and shapes, in the order of the file where it has one.
  virtual const std::vector<TensorInfo>& tensors() const = 0;
  /// Values of tensors()[index], row-major.
  virtual std::vector<float> read(size_t index) const = 0;
};

/// A PyTorch checkpoint (ZIP container of PyTorch 1.6 and later, or the stream of before) or a
/// safetensors file; the bytes decide, not the name. Nothing that is loaded is executed. Data Error
/// naming what was refused.
std::unique_ptr<StateDict> open_state_dict(const std::filesystem::path& path);

}  // namespace truenext
