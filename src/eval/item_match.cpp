// SPDX-License-Identifier: Apache-2.0
#include "eval/item_match.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace truenext {
namespace {

class MatchedScorer : public Scorer {
 public:
  MatchedScorer(std::unique_ptr<Scorer> model, ItemMatch match)
      : inner_(std::move(model)), match_(std::move(match)) {}

  int64_t num_items() const override { return static_cast<int64_t>(match_.to_model.size()); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    Queries known;
    std::vector<int64_t> rows;  // query of each translated history
    for (int64_t query = begin; query < end; ++query) {
      if (add_known(queries, query, &known)) rows.push_back(query);
    }
    std::fill(scores, scores + (end - begin) * num_items(),
              -std::numeric_limits<float>::infinity());
    if (rows.empty()) return;
    const int64_t width = inner_->num_items();
    std::vector<float> model_scores(rows.size() * static_cast<size_t>(width));
    inner_->score(known, 0, known.histories.size(), model_scores.data());
    for (size_t i = 0; i < rows.size(); ++i) {
      spread(model_scores.data() + static_cast<int64_t>(i) * width,
             scores + (rows[i] - begin) * num_items());
    }
  }

 private:
  /// Adds a query of those items that the model knows, with their times; false when there are none.
  bool add_known(const Queries& queries, int64_t query, Queries* known) const {
    std::vector<int32_t> history;
    const int64_t first = queries.histories.offsets[query];
    const std::span<const int32_t> items = queries.histories.row(query);
    for (size_t i = 0; i < items.size(); ++i) {
      const int32_t translated = match_.to_model[static_cast<size_t>(items[i])];
      if (translated < 0) continue;
      history.push_back(translated);
      if (!queries.event_times.empty()) {
        known->event_times.push_back(queries.event_times[static_cast<size_t>(first) + i]);
      }
    }
    if (history.empty()) return false;
    known->histories.add_row(history);
    if (!queries.request_times.empty()) {
      known->request_times.push_back(queries.request_times[static_cast<size_t>(query)]);
    }
    return true;
  }
  void spread(const float* from, float* to) const {
    for (size_t item = 0; item < match_.to_model.size(); ++item) {
      if (match_.to_model[item] >= 0) to[item] = from[match_.to_model[item]];
    }
  }

  std::unique_ptr<Scorer> inner_;
  ItemMatch match_;
};

}  // namespace

ItemMatch match_items(const IdMap& items, int64_t model_items, const FindItem& find_in_model) {
  ItemMatch match;
  match.to_model.reserve(static_cast<size_t>(items.size()));
  int64_t known = 0;
  for (int64_t item = 0; item < items.size(); ++item) {
    const int32_t found = find_in_model(items.raw(item)).value_or(-1);
    match.to_model.push_back(found);
    if (found >= 0) ++known;
    if (found != item) match.identical = false;
  }
  match.unknown_to_model = items.size() - known;
  match.unknown_to_data = model_items - known;
  if (model_items != items.size()) match.identical = false;
  return match;
}

std::unique_ptr<Scorer> make_matched_scorer(std::unique_ptr<Scorer> model, ItemMatch match) {
  if (match.identical) return model;
  return std::make_unique<MatchedScorer>(std::move(model), std::move(match));
}

std::unique_ptr<Scorer> make_matched_scorer(const SequenceEncoder& encoder, ItemMatch match) {
  return make_matched_scorer(make_encoder_scorer(encoder), std::move(match));
}

}  // namespace truenext
