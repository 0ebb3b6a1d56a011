// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace truenext {

/// What has to be known of a row of scores that is shown in pieces. The first two come from the
/// caller, the others from Criterion::survey().
struct WholeRow {
  int64_t negatives = 0;                                  ///< candidates that are no positives
  double weight = 0;                                      ///< sum of the positives' weights
  double top = -std::numeric_limits<double>::infinity();  ///< largest score
  double sum = 0;                                         ///< of e^(score - top)
};

/// The scores of one query: every candidate, with the positives among them, or a piece of them.
template <typename T>
struct ScoreRow {
  std::span<T> scores;                 ///< [candidates]
  std::span<const int32_t> positives;  ///< indices into scores
  std::span<const float> weights;      ///< one per positive
  const WholeRow* whole = nullptr;     ///< set when these are a piece
};

/// What a criterion may need to know of the rest of the objective.
struct CriterionContext {
  int64_t num_items = 0;   ///< catalogue size
  int64_t candidates = 0;  ///< negatives per query, or num_items - 1 with the full catalogue
  double gbce_t = 0.75;    ///< calibration of gBCE
  bool clamped = false;    ///< gBCE as the original computes it
  double bpr_max_reg = 0;  ///< lambda of BPR-max's score regularisation
};

/// Loss of one query from its scores, with the gradient: the third part of an objective. A
/// criterion knows neither models nor tensors, so it serves full and sampled candidates, float
/// training and double gradient checks alike.
class Criterion {
 public:
  virtual ~Criterion() = default;
  /// Returns the loss and overwrites row.scores by its gradient. Rows too long to be held are shown
  /// in pieces, all of them to survey() first and then, made again, all to apply(), which returns
  /// the piece's share of the loss.
  virtual double apply(ScoreRow<float> row) const = 0;
  virtual double apply(ScoreRow<double> row) const = 0;
  /// Adds a piece to what is known of its row. A criterion whose scores do not depend on each other
  /// needs none; one that does is a softmax and leaves e^(score - row.top) in place of the scores.
  virtual void survey(std::span<float> /*piece*/, WholeRow& /*row*/) const {}
  virtual void survey(std::span<double> /*piece*/, WholeRow& /*row*/) const {}
  virtual bool needs_survey() const { return false; }
  /// A loss of differences between a positive and the negatives cannot be told from pieces: its
  /// rows are never shown in any.
  virtual bool needs_whole_rows() const { return false; }
};

/// A list entry: a criterion is one file with one such constant, plus a line in criterion.cpp.
/// (The published forms of one paper share a file.)
struct CriterionInfo {
  std::string name;
  std::string formula;  ///< for --criteria and the table in docs/objectives.md
  std::string source;
  std::unique_ptr<Criterion> (*make)(const CriterionContext& context);
};

const std::vector<const CriterionInfo*>& criterion_list();
/// Usage Error naming the nearest known criterion.
const CriterionInfo& find_criterion(const std::string& name);
/// The list as the Markdown table of docs/objectives.md.
std::string criterion_table();

}  // namespace truenext
