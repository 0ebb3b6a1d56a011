// SPDX-License-Identifier: Apache-2.0
#include "teachers/count_scorers.h"

#include <algorithm>
#include <vector>

namespace truenext {
namespace {

std::vector<int64_t> training_counts(const Dataset& dataset) {
  return count_items(dataset.histories(), dataset.splits(), dataset.num_items(),
                     &SplitPoint::train_end);
}

}  // namespace

std::unique_ptr<Scorer> make_popularity_teacher(const Dataset& dataset) {
  const std::vector<int64_t> counts = training_counts(dataset);
  const auto most = static_cast<double>(std::max<int64_t>(1, *std::ranges::max_element(counts)));
  std::vector<float> scores;
  for (const int64_t count : counts) {
    scores.push_back(static_cast<float>(5 * (2 * static_cast<double>(count) / most - 1)));
  }
  return make_item_scorer(std::move(scores));
}

std::unique_ptr<Scorer> make_item_to_item_teacher(const Dataset& dataset) {
  return make_next_scorer(count_next(dataset));
}

}  // namespace truenext
