// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "kernels/adam.h"

/// Plain twins of kernels/adam.h. adam_rows() and adam_idle() have none of their own: they must
/// give the bits of adam(), whose twin is in kernels/reference.h.
namespace truenext::kernels::reference {

inline void adagrad_rows(std::span<const int32_t> rows, const AdagradStep& step, const float* grad,
                         const AdagradTable& table) {
  const int64_t dim = table.dim;
  for (const int32_t row : rows) {
    float* p = table.parameter + row * dim;
    const auto gradient = [&](int64_t c) { return grad[c] + double{step.l2} * p[c]; };
    double squares = 0;
    for (int64_t c = 0; c < dim; ++c) squares += gradient(c) * gradient(c);
    float& sum = table.sums[row];
    sum += static_cast<float>(squares / static_cast<double>(dim));
    const double size = step.learning_rate / (std::sqrt(double{sum}) + step.epsilon);
    for (int64_t c = 0; c < dim; ++c) {
      p[c] = static_cast<float>(p[c] * (1 - double{step.decay}) - size * gradient(c));
    }
    grad += dim;
  }
}

}  // namespace truenext::kernels::reference
