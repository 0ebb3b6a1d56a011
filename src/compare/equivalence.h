// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace truenext {

/// How small a difference counts as none: in units of the metric, or as a share of the baseline's
/// mean.
struct Margin {
  double value = 0;  ///< 0 = no equivalence test
  bool relative = false;

  /// In units of the metric.
  double absolute(double baseline_mean) const;
  std::string text() const;  ///< "0.005" or "2 %"
};

/// Reads "0.005" (units of the metric) or "2%" (of the baseline's mean). Usage Error unless it is a
/// positive number.
Margin parse_margin(const std::string& text);

/// Two one-sided tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 1987): p of
/// the null "the true difference is at least `margin` away from zero", the larger of
/// P(T > (margin + difference) / se) and P(T > (margin - difference) / se) with T of Student's
/// distribution. Small values show equivalence.
struct EquivalenceInput {
  double difference = 0;
  double standard_error = 0;
  double df = 0;  ///< degrees of freedom of the standard error
};
double equivalence_p(const EquivalenceInput& input, double margin);

}  // namespace truenext
