// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/options.h"
#include "batch/future.h"

namespace truenext {

/// objective = targets x candidates x criterion, three independent choices (docs/objectives.md).
struct ObjectiveOptions {
  std::string positions = "all";  ///< all | last position of each window
  FutureOptions future;
  std::string reduction = "positions";  ///< positions | targets: what the batch loss is a mean over

  std::string candidates = "uniform";  ///< full | uniform | popularity | mixed | batch | buckets
  int64_t negatives = 256;             ///< per position (or positive), for sampled candidates
  std::string negatives_per = "position";  ///< position | positive
  std::string share = "position";          ///< position | sequence | batch: who has the same ones
  std::string exclude = "none";            ///< none | positive | history: what a negative is not
  double popularity_power = 0.75;          ///< a of q(i) ~ count(i)^a
  double popularity_share = 0.5;           ///< of the draws of "mixed"; the others are uniform
  bool log_q = false;                      ///< correct scores by how often an item is drawn
  int64_t buckets = 48, bucket_positions = 48, bucket_items = 256;  ///< of a tile

  std::string criterion = "gbce";
  double gbce_t = 0.75;
  std::string gbce_form = "direct";  ///< direct | clamped (the original's float64 route)
  double bpr_max_reg = 0;            ///< lambda of BPR-max's score regularisation
  std::string compat = "none";       ///< none | axis-error (objectives/axis_error.h)

  void list(OptionList& options);

  bool sampled() const { return candidates != "full" && candidates != "buckets"; }
  /// Whether drawing needs how often items occur in the training part.
  bool counts_items() const;
  /// Whether tiles have to bring their users' training items, the targets of the whole batch.
  bool needs_seen() const { return exclude == "history"; }
  bool needs_pool() const { return candidates == "batch"; }
  /// Negatives of a position with so many positives.
  int64_t negatives_of(int64_t positives) const {
    return negatives_per == "position" ? negatives : negatives * positives;
  }

  /// Usage Error with the reason when a combination makes no sense.
  void check() const;
  /// For every report, e.g. "gBCE(t=0.75), 256 uniform negatives, all positions".
  std::string describe() const;
};

}  // namespace truenext
