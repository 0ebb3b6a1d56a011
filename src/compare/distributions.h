// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace truenext {

/// P(Z <= x) of the standard normal distribution.
double normal_cdf(double x);

/// The x with normal_cdf(x) = p, for 0 < p < 1; +-infinity at the ends.
double normal_quantile(double p);

/// P(T > t) of Student's t with `df` > 0 degrees of freedom (a real number; infinity gives the
/// normal distribution). By the regularised incomplete beta function: P(|T| > t) =
/// I_x(df / 2, 1 / 2) with x = df / (df + t^2) (NIST DLMF 8.17).
double student_tail(double t, double df);

/// The t with student_tail(t) = 1 - p, for 0 < p < 1.
double student_quantile(double p, double df);

}  // namespace truenext
