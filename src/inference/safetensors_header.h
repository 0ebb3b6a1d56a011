// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "inference/safetensors.h"

namespace truenext {

/// The JSON header of a safetensors file, as written there: ranges are not yet checked.
struct SafetensorsHeader {
  struct Tensor {
    DType dtype = DType::f32;
    std::vector<int64_t> shape;
    std::array<uint64_t, 2> range{};  ///< first and past-last byte, counted from the data's begin
  };
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Data Error, beginning with `where`, on anything but
/// {"__metadata__": {text: text}, name: {"dtype": text, "shape": [n], "data_offsets": [n, n]}}:
/// other keys, types or depths, a name twice, numbers that are not whole and non-negative.
SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& where);

}  // namespace truenext
