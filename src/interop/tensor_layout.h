// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "interop/pickle_machine.h"

namespace truenext {

/// Where a tensor's elements lie in a storage; offset and strides count elements.
struct TensorLayout {
  std::vector<int64_t> shape, strides;
  int64_t offset = 0;
};

/// One entry of a pickled state dict, as the pickle describes it; nothing is checked against bytes.
struct PickledTensor {
  std::string name;
  std::string storage;           ///< its key
  int64_t storage_elements = 0;  ///< at least 0
  TensorLayout layout;
};

/// The entries of a state dict in its order: of `saved`, or of what it has under "model_state_dict"
/// or "state_dict", as checkpoints with an optimiser beside the model do. Data Error, beginning
/// with `where`, when it is no dict of named tensors or has a name twice.
std::vector<PickledTensor> pickled_tensors(const PickleValue& saved, const std::string& where);

/// Data Error, beginning with `where`, unless all elements lie inside the storage and are no more
/// than it holds: a tensor that repeats its storage could ask for any amount of memory.
void check_layout(const TensorLayout& layout, int64_t storage_elements, const std::string& where);

/// The elements of a checked layout, row-major. `storage` holds little-endian float32.
std::vector<float> gather_layout(const TensorLayout& layout, std::span<const std::byte> storage);

}  // namespace truenext
