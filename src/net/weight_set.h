// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/words.h"

namespace truenext {

/// The two sets of weights of a training with train.average: those that the steps move, and their
/// average. A model has one of them.
enum class WeightSet { raw, average };
template <>
struct Words<WeightSet> {
  static constexpr std::array names = {"raw", "average"};
};

}  // namespace truenext
