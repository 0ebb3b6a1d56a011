// SPDX-License-Identifier: Apache-2.0
#include "net/weights.h"

#include <stdexcept>

namespace truenext {

TensorNames::TensorNames(const std::vector<TensorInfo>& tensors) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    numbers_.emplace(tensors[i].name, static_cast<int64_t>(i));
  }
}

int64_t TensorNames::find(std::string_view name) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? -1 : found->second;
}

int64_t TensorNames::index(std::string_view name) const {
  const int64_t number = find(name);
  if (number < 0) throw std::logic_error("no tensor named " + std::string(name));
  return number;
}

}  // namespace truenext
