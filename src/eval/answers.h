// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/jagged.h"
#include "base/thread_pool.h"
#include "eval/evaluator.h"
#include "eval/item_set.h"
#include "inference/calibration.h"
#include "net/encoder.h"

namespace truenext {

/// What is asked of a scorer, for all histories of a call.
struct AnswerOptions {
  int64_t k = 10;
  bool exclude_seen = true;                  ///< items of the history are no candidates
  const ItemSet* eligible = nullptr;         ///< what may be answered, null = everything
  const Calibration* calibration = nullptr;  ///< of the model: asks for the normalisers
};

struct Answers {
  Jagged<ScoredItem> lists;             ///< a row for each history, best first; can be short
  std::vector<double> log_normalisers;  ///< one per history for Calibration::probability, or none
};

/// The best items for each history, which is not empty where the scorer is a model. A list does not
/// depend on what else is asked, nor on the number of threads, and is the full ranking without what
/// is not eligible, bit for bit. Several threads may ask at once, each with a pool of its own.
/// `times` are for models that are told some.
Answers answer(const Scorer& scorer, JaggedView<int32_t> histories, const AnswerOptions& options,
               WorkerPool& pool, const HistoryTimes& times = {});

/// Scores items by the cosine of their row of the model's item table with that of the history's
/// last item. A row of zeros is at cosine 0 to all. Copies the table.
std::unique_ptr<Scorer> make_cosine_scorer(const SequenceEncoder& model);

}  // namespace truenext
