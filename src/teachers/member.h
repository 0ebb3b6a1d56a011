// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"

namespace truenext {

/// One teacher: anything that scores the catalogue for a history. Scores are logits: a softmax of
/// them is its opinion of the next item.
struct Member {
  std::string name;         ///< as it was asked for
  std::string fingerprint;  ///< of what it answers: of the model file, or of counts
  std::optional<ModelFile> model;
  std::unique_ptr<Scorer> scorer;
};

/// Names of members that are no models:
///   popularity    5 (2 c_i / max c - 1), c_i = occurrences of item i in the training part (CSRec)
///   item-to-item  ln of the share of i among the items that follow the newest one in the training
///                 part, backed off to popularity: (c_ji + p_i) / (c_j + 1), p_i = (c_i + 1) /
///                 (sum_i c_i + items)
inline constexpr const char* kPopularityMember = "popularity";
inline constexpr const char* kItemToItemMember = "item-to-item";

/// A run folder, a model file or one of the names above. Data Error when a model's items are not
/// those of the dataset in their order, naming the first that differs.
Member open_member(const std::string& name, const Dataset& dataset);
std::vector<Member> open_members(std::span<const std::string> names, const Dataset& dataset);
/// A line of the log for each model: how good its weights are, and which they are.
void log_weights(std::span<const Member> members);

}  // namespace truenext
