// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "eval/evaluator.h"
#include "net/encoder.h"

namespace truenext {

/// Items of a dataset in terms of a model, by raw id.
struct ItemMatch {
  std::vector<int32_t> to_model;  ///< model item of every dataset item, -1 when unknown to it
  bool identical = true;          ///< same items under the same numbers
  int64_t unknown_to_model = 0;   ///< dataset items that the model can never recommend
  int64_t unknown_to_data = 0;    ///< model items that are no candidates on this dataset
};

using FindItem = std::function<std::optional<int32_t>(std::string_view raw)>;
ItemMatch match_items(const IdMap& items, int64_t model_items, const FindItem& find_in_model);

/// Scores dataset items with a model of other item numbers. Unknown items are skipped in histories
/// and score minus infinity as candidates; whoever has no known item is never answered (all scores
/// minus infinity). Is the model's own scorer when the numbers are identical.
std::unique_ptr<Scorer> make_matched_scorer(std::unique_ptr<Scorer> model, ItemMatch match);
/// The same of make_encoder_scorer(). The encoder must outlive the scorer.
std::unique_ptr<Scorer> make_matched_scorer(const SequenceEncoder& encoder, ItemMatch match);

}  // namespace truenext
