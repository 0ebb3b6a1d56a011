// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace truenext::test {

/// Slope of loss() along one of the numbers it depends on, by a central difference.
template <typename Loss>
double central_difference(double& value, double step, const Loss& loss) {
  const double kept = value;
  value = kept + step;
  const double up = loss();
  value = kept - step;
  const double down = loss();
  value = kept;
  return (up - down) / (2 * step);
}

}  // namespace truenext::test
