// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace truenext {

/// Steps below which an epoch hardly moves a model.
constexpr int64_t kFewSteps = 20;
/// Below it a smaller batch costs more time than its steps are worth.
constexpr int64_t kSmallBatch = 16;

/// The batch that makes an epoch of so many examples have enough steps, if one does.
inline int64_t batch_of_few(int64_t examples) {
  return std::max(kSmallBatch, examples / kFewSteps);
}
inline int64_t steps_of(int64_t examples, int64_t batch) {
  return (examples + batch - 1) / batch;
}

}  // namespace truenext
