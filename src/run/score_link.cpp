// SPDX-License-Identifier: Apache-2.0
#include "run/score_link.h"

#include <cmath>

#include "base/error.h"

namespace truenext {

ScoreLink score_link(const ObjectiveOptions& options, int64_t num_items) {
  options.check();
  ScoreLink link;
  const bool next_item = options.future.future_items == 1;
  if (options.criterion == "softmax") {
    link.anchored = false;
    const bool uniform =
        options.candidates == CandidateSet::uniform && options.exclude == Exclusion::none;
    link.exact =
        next_item && (options.candidates == CandidateSet::full || options.log_q || uniform);
    return link;
  }
  check_usage(options.criterion == "bce" || options.criterion == "gbce",
              "objective.criterion = \"{}\": it is not known which probabilities its scores stand "
              "for; want bce, gbce or softmax",
              options.criterion);
  const bool full = options.candidates == CandidateSet::full;
  check_usage(next_item && (full || options.candidates == CandidateSet::uniform) &&
                  options.exclude != Exclusion::history &&
                  options.negatives_per == NegativesPer::position,
              "objective ({}): it is not known which probabilities its scores stand for; want one "
              "future item and negatives drawn uniformly, whatever the history",
              options.describe());
  const Objective checked(options, num_items);  // refuses what makes no sense
  const double n = static_cast<double>(num_items);
  const double k = full ? n - 1 : static_cast<double>(options.negatives);
  const double alpha = k / (n - 1);
  const double t = options.criterion == "gbce" ? options.gbce_t : 0.0;
  const double beta = t * alpha + 1 - t;
  if (full || options.exclude == Exclusion::positive) {
    link.kind = LinkKind::logistic;
    link.offset = std::log(beta / alpha);
  } else {
    link.kind = LinkKind::log;
    link.offset = std::log(beta * n / k);
  }
  return link;
}

}  // namespace truenext
