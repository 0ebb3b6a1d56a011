// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/options.h"
#include "batch/batch.h"
#include "batch/future.h"
#include "objectives/labels.h"

namespace truenext {

/// Items that a positive competes with.
enum class CandidateSet { full, uniform, popularity, mixed, batch, buckets };
template <>
struct Words<CandidateSet> {
  static constexpr std::array names = {"full",  "uniform", "popularity",
                                       "mixed", "batch",   "buckets"};
};

/// What the number of sampled negatives is for.
enum class NegativesPer { position, positive };
template <>
struct Words<NegativesPer> {
  static constexpr std::array names = {"position", "positive"};
};

/// Who has the same negatives.
enum class NegativeShare { position, sequence, batch };
template <>
struct Words<NegativeShare> {
  static constexpr std::array names = {"position", "sequence", "batch"};
};

/// What a sampled negative is not: the positive, or any training item of the user.
enum class Exclusion { none, positive, history };
template <>
struct Words<Exclusion> {
  static constexpr std::array names = {"none", "positive", "history"};
};

/// What the loss of a batch is a mean over.
enum class LossMean { positions, targets };
template <>
struct Words<LossMean> {
  static constexpr std::array names = {"positions", "targets"};
};

/// Clamped is the original's float64 route.
enum class GbceForm { direct, clamped };
template <>
struct Words<GbceForm> {
  static constexpr std::array names = {"direct", "clamped"};
};

/// Published errors that a loss can repeat (objectives/axis_error.h).
enum class PublishedError { none, axis_error };
template <>
struct Words<PublishedError> {
  static constexpr std::array names = {"none", "axis-error"};
};

/// objective = targets x candidates x criterion, three independent choices (docs/objectives.md).
struct ObjectiveOptions {
  TargetPositions positions = TargetPositions::all;
  FutureOptions future;
  LossMean reduction = LossMean::positions;

  CandidateSet candidates = CandidateSet::uniform;
  int64_t negatives = 256;  ///< for sampled candidates
  NegativesPer negatives_per = NegativesPer::position;
  NegativeShare share = NegativeShare::position;
  Exclusion exclude = Exclusion::none;
  double popularity_power = 0.75;  ///< a of q(i) ~ count(i)^a
  double popularity_share = 0.5;   ///< of the draws of "mixed"; the others are uniform
  bool log_q = false;              ///< correct scores by how often an item is drawn
  int64_t buckets = 48, bucket_positions = 48, bucket_items = 256;  ///< of a tile

  /// Of the target of a query, the share of its soft label (section [labels]); 0 = there are none.
  double label_share = 0;
  /// Times KL(model || label), beside; as CSRec's training-level teacher is tied to another one.
  double label_reverse = 0;
  /// Times the observation term of CSRec's training-level teacher (objectives/observation.h).
  double observation = 0;
  /// Scores are divided by it while training, and in training only: so are CSRec's teachers made in
  /// one of its two routes (csrec.md, trap 5.3).
  double temperature = 1;

  std::string criterion = "gbce";
  double gbce_t = 0.75;
  GbceForm gbce_form = GbceForm::direct;
  double bpr_max_reg = 0;  ///< lambda of BPR-max's score regularisation
  PublishedError compat = PublishedError::none;

  void list(OptionList& options);

  bool sampled() const {
    return candidates != CandidateSet::full && candidates != CandidateSet::buckets;
  }
  bool uses_labels() const { return label_share > 0 || label_reverse > 0; }
  LabelUse label_use() const { return {label_share, label_reverse}; }
  /// Whether drawing needs how often items occur in the training part.
  bool counts_items() const;
  /// Whether tiles have to bring their users' training items, the targets of the whole batch.
  bool needs_seen() const { return exclude == Exclusion::history; }
  bool needs_pool() const { return candidates == CandidateSet::batch; }
  /// Negatives of a position with so many positives.
  int64_t negatives_of(int64_t positives) const {
    return negatives_per == NegativesPer::position ? negatives : negatives * positives;
  }

  /// Usage Error with the reason when a combination makes no sense.
  void check() const;
  /// For every report, e.g. "gBCE(t=0.75), 256 uniform negatives, all positions".
  std::string describe() const;
};

}  // namespace truenext
