// SPDX-License-Identifier: Apache-2.0
#include "inference/calibration.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/options.h"

namespace truenext {
namespace {

constexpr double kLargest = 1e6;  // beyond any score; keeps every product finite

/// ln sigma(x) without overflow.
double log_sigmoid(double x) {
  return std::min(x, 0.0) - std::log1p(std::exp(-std::abs(x)));
}

double log_of_link(LinkKind link, double argument) {
  return link == LinkKind::logistic ? log_sigmoid(argument) : argument;
}

/// Where the curve of a calibration takes p.
double along(const std::vector<CurvePoint>& curve, double p) {
  const auto next = std::lower_bound(curve.begin(), curve.end(), p,
                                     [](const CurvePoint& a, double x) { return a.from < x; });
  if (next == curve.end()) return curve.back().to;
  const CurvePoint before = next == curve.begin() ? CurvePoint() : *(next - 1);
  if (next->from <= before.from) return next->to;
  return before.to + (next->to - before.to) * (p - before.from) / (next->from - before.from);
}

std::string point_text(const CurvePoint& point) {
  return fmt::format("{} {}", point.from, point.to);
}

/// The points of "from to" texts; a data Error when they are no curve.
std::vector<CurvePoint> read_curve(const std::vector<std::string>& texts) {
  std::vector<CurvePoint> curve;
  for (const std::string& text : texts) {
    CurvePoint point;
    const char* end = text.data() + text.size();
    const auto from = std::from_chars(text.data(), end, point.from);
    const bool blank = from.ec == std::errc() && from.ptr != end && *from.ptr == ' ';
    const auto to = std::from_chars(blank ? from.ptr + 1 : end, end, point.to);
    const CurvePoint before = curve.empty() ? CurvePoint{-1, 0} : curve.back();
    check_data(blank && to.ec == std::errc() && to.ptr == end && point.from > before.from &&
                   point.from <= 1 && point.from >= 0 && point.to >= before.to && point.to <= 1,
               "\"{}\" is no point of a rising curve of probabilities", text);
    curve.push_back(point);
  }
  return curve;
}

ProbabilityMethod method_of(const Calibration& calibration) {
  if (!calibration.normalised) return ProbabilityMethod::independent;
  return calibration.curve.empty() ? ProbabilityMethod::normalised : ProbabilityMethod::isotonic;
}

/// A calibration as options.
struct Keys {
  ProbabilityMethod probability = ProbabilityMethod::normalised;
  LinkKind link = LinkKind::log;
  double offset = 0, scale = 1, shift = 0;
  bool exclude_seen = true;
  int64_t users = 0;
  std::vector<std::string> curve;

  void list(OptionList& options) {
    options.add("probability", probability, "over all candidates, or each for itself");
    options.add("link", link, "how the loss ties score and probability");
    options.add("offset", offset, "of the loss").range(-kLargest, kLargest);
    options.add("scale", scale, "one over the temperature").range(1e-9, kLargest);
    options.add("shift", shift, "independent only").range(-kLargest, kLargest);
    options.add("exclude_seen", exclude_seen, "candidates leave out the items of the history");
    options.add("users", users, "validation users it was fitted on").at_least(0);
    options.add("curve", curve, "isotonic only: points of the curve, from and to");
  }
};

}  // namespace

double Calibration::link_log_probability(double score) const {
  return log_of_link(link, score - offset);
}

double Calibration::log_normaliser(std::span<const float> scores) const {
  if (!normalised) return 0;
  // The link is monotone, so the largest score has the largest summand.
  const float top = scores.empty() ? -std::numeric_limits<float>::infinity()
                                   : *std::max_element(scores.begin(), scores.end());
  if (!std::isfinite(top)) return 0;
  const double largest = scale * link_log_probability(static_cast<double>(top));
  double sum = 0;
  for (const float score : scores) {
    if (!std::isfinite(score)) continue;
    sum += std::exp(scale * link_log_probability(static_cast<double>(score)) - largest);
  }
  return largest + std::log(sum);
}

double Calibration::log_probability(double score, double log_normaliser) const {
  const double value = normalised ? scale * link_log_probability(score) - log_normaliser
                                  : log_of_link(link, scale * (score - offset) + shift);
  if (!curve.empty()) return std::log(along(curve, std::exp(std::min(value, 0.0))));
  return std::min(value, 0.0);
}

double Calibration::probability(double score, double log_normaliser) const {
  return std::isfinite(score) ? std::exp(log_probability(score, log_normaliser)) : 0.0;
}

std::string_view method_name(const Calibration& calibration) {
  return word_of(method_of(calibration));
}

std::string_view link_name(LinkKind link) {
  return word_of(link);
}

std::string calibration_text(const Calibration& calibration) {
  Keys keys{method_of(calibration), calibration.link,         calibration.offset, calibration.scale,
            calibration.shift,      calibration.exclude_seen, calibration.users,  {}};
  for (const CurvePoint& point : calibration.curve) keys.curve.push_back(point_text(point));
  OptionList options;
  options.section("calibration", keys);
  return to_toml(options);
}

Calibration read_calibration(std::string_view text, const std::string& where) {
  Calibration calibration;
  Keys keys;
  OptionList options;
  options.section("calibration", keys);
  try {
    apply_toml(options, text, "truenext.calibration");
    calibration.curve = read_curve(keys.curve);
    check_data((keys.probability == ProbabilityMethod::isotonic) == !calibration.curve.empty(),
               "probability = \"{}\" with {} points of a curve", word_of(keys.probability),
               calibration.curve.size());
  } catch (const Error& error) {
    fail_data("{}: its calibration cannot be used: {}; fit it again with truenext calibrate", where,
              error.what());
  }
  calibration.normalised = keys.probability != ProbabilityMethod::independent;
  calibration.link = keys.link;
  calibration.offset = keys.offset;
  calibration.scale = keys.scale;
  calibration.shift = keys.shift;
  calibration.exclude_seen = keys.exclude_seen;
  calibration.users = keys.users;
  return calibration;
}

}  // namespace truenext
