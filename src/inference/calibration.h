// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/words.h"

namespace truenext {

/// How the optimum of a loss ties a score s to the probability p of being the next item, with an
/// offset c that the loss determines (run/score_link.h):
///  - logistic: odds(p) = e^(s - c), that is p = sigma(s - c);
///  - log: p = e^(s - c), capped at 1.
enum class LinkKind { logistic, log };
template <>
struct Words<LinkKind> {
  static constexpr std::array names = {"logistic", "log"};
};

/// Probabilities over all candidates, the same mapped by a curve, or each for itself.
enum class ProbabilityMethod { normalised, isotonic, independent };
template <>
struct Words<ProbabilityMethod> {
  static constexpr std::array names = {"normalised", "isotonic", "independent"};
};

/// A point of a curve that maps probabilities.
struct CurvePoint {
  double from = 0, to = 0;
  bool operator==(const CurvePoint&) const = default;
};

/// From scores to probabilities that the candidate is the user's next item; docs/calibration.md.
/// With the link's log probability l(s) = ln p:
///  - normalised: p_i = e^(scale l(s_i)) / sum over the candidates; 1 / scale is the temperature;
///  - isotonic: the normalised probability, mapped by a non-decreasing curve;
///  - independent: the link at scale (s - offset) + shift, each item for itself.
struct Calibration {
  bool normalised = true;
  LinkKind link = LinkKind::log;
  double offset = 0;
  double scale = 1;
  double shift = 0;  ///< independent only
  /// Isotonic when there are points (normalised must be set): both coordinates in [0, 1] and
  /// ascending, `from` strictly; straight lines between, from (0, 0), constant after the last.
  std::vector<CurvePoint> curve;
  bool exclude_seen = true;  ///< candidates leave out the items of the history
  int64_t users = 0;         ///< validation users it was fitted on, 0 = not fitted

  bool operator==(const Calibration&) const = default;

  /// ln p before scale and shift: of the link alone.
  double link_log_probability(double score) const;
  /// ln of the sum that normalised probabilities are divided by; 0 when independent. Scores of
  /// minus infinity are no candidates.
  double log_normaliser(std::span<const float> scores) const;
  /// ln of probability(); finite for finite scores, except where a curve maps to 0.
  double log_probability(double score, double log_normaliser) const;
  /// Probability in [0, 1] of a candidate; 0 at a score of minus infinity.
  double probability(double score, double log_normaliser) const;
};

/// "normalised" | "isotonic" | "independent".
std::string_view method_name(const Calibration& calibration);
std::string_view link_name(LinkKind link);

/// TOML as a model file keeps it. Reading: data Error beginning with `where` when a key is unknown
/// or a value out of range.
std::string calibration_text(const Calibration& calibration);
Calibration read_calibration(std::string_view text, const std::string& where);

}  // namespace truenext
