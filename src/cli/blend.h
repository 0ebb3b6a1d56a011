// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "data/dataset.h"
#include "eval/evaluator.h"
#include "eval/result_report.h"
#include "inference/model_file.h"

namespace truenext::cli {

class Command;

/// `--blend counts:SHARE` of `recommend` and `evaluate`: in the place of the model's probabilities
/// p, softmax(scores) over the whole catalogue before any filter, (1 - SHARE) p + SHARE q with
/// q = p(item | newest item) by counts of the training part (make_next_scorer). A hybrid, and
/// called so wherever it answers (decision 0034).
struct BlendArguments {
  std::string text;  ///< as given; empty = the model alone

  bool exists() const { return !text.empty(); }
};
void add_blend_option(Command& verb, BlendArguments& arguments);

/// What was asked for, in figures, without the source. Usage Error when `text` is no blend, or goes
/// with several models.
BlendReport check_blend(const BlendArguments& arguments, bool ensemble);

/// Where the counts are and where they come from: the model file's (train.store_counts), or else
/// those of the training part of `data` (null = none is open) in the model's items. Data Error when
/// there are neither.
struct BlendCounts {
  NextCounts counts;
  std::string source;
};
BlendCounts find_counts(const ModelFile& model, const Dataset* data);

/// The hybrid of a scorer of the model and counts; both over the model's items. Scores the whole
/// catalogue for every query.
std::unique_ptr<Scorer> blended(std::unique_ptr<Scorer> model, NextCounts counts, double share);

}  // namespace truenext::cli
