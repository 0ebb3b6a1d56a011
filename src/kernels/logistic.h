// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace truenext::kernels {

/// Sum of ln(1 + e^x) over x[n], in double over lanes in a fixed order; x becomes 1 / (1 + e^-x).
/// Stable for every finite x.
double softplus_sum(int64_t n, float* x);

/// Sum of exp(x - shift) over x[n]; x becomes exp(x - shift).
double exp_sum(int64_t n, float shift, float* x);

/// Largest of x[n], n >= 1.
float maximum(int64_t n, const float* x);

}  // namespace truenext::kernels
