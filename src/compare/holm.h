// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace truenext {

/// Holm's step-down correction (Holm, Scandinavian Journal of Statistics 1979): with the n values
/// in ascending order, adjusted_i = max over j <= i of min(1, (n - j + 1) p_j), j from 1. Rejecting
/// what is below a level keeps the chance of one or more false rejections below that level,
/// whatever the dependence between the tests. The result is in the order of the input.
std::vector<double> holm_adjusted(const std::vector<double>& p_values);

}  // namespace truenext
