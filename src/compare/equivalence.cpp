// SPDX-License-Identifier: Apache-2.0
#include "compare/equivalence.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "compare/distributions.h"

namespace truenext {

double Margin::absolute(double baseline_mean) const {
  return relative ? value * std::abs(baseline_mean) : value;
}

std::string Margin::text() const {
  return relative ? fmt::format("{:.4g} %", 100 * value) : fmt::format("{:.4g}", value);
}

Margin parse_margin(const std::string& text) {
  Margin margin;
  margin.relative = !text.empty() && text.back() == '%';
  const char* end = text.data() + text.size() - (margin.relative ? 1 : 0);
  const auto [stop, failure] = std::from_chars(text.data(), end, margin.value);
  check_usage(
      failure == std::errc() && stop == end && std::isfinite(margin.value) && margin.value > 0,
      "--margin {}: want a positive number in units of the metric, e.g. 0.005, or a share "
      "of the baseline, e.g. 2%",
      text);
  if (margin.relative) margin.value /= 100;
  return margin;
}

double equivalence_p(const EquivalenceInput& input, double margin) {
  const double room = margin - std::abs(input.difference);
  if (input.standard_error <= 0) return room > 0 ? 0 : 1;
  return student_tail(room / input.standard_error, input.df);
}

}  // namespace truenext
