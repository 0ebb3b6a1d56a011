// SPDX-License-Identifier: Apache-2.0
// How answers are printed: a table for people, a line of JSON for programs.
#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/terminal_text.h"
#include "cli/recommend_table.h"
#include "cli/recommender.h"
#include "data/id_json.h"
#include "eval/run_inputs.h"

namespace truenext::cli {

std::string_view Recommender::item_id(const Request& request, int32_t item) const {
  return request.fallback ? dataset_->items().raw(item) : model_.item_id(item);
}

std::string_view Recommender::title(const Request& request, int32_t item) const {
  return request.fallback ? dataset_->title(item) : model_.title(item);
}

std::optional<double> Recommender::probability(const Request& request, float score) const {
  if (!arguments_.probabilities || request.fallback) return std::nullopt;
  return model_.description().calibration->probability(static_cast<double>(score),
                                                       request.log_normaliser);
}

void Recommender::print(const Request& request) const {
  if (request.fallback)
    log_warning("no known item in the history: these are the most popular items");
  if (!request.note.empty()) log_warning("{}", request.note);
  if (json_) {
    print_json(request);
    return;
  }
  std::vector<ListRow> rows;
  for (const ScoredItem& entry : request.best) {
    rows.push_back({std::ssize(rows) + 1, item_id(request, entry.item), title(request, entry.item),
                    entry.score, probability(request, entry.score)});
  }
  fmt::print("{}", list_table("score", rows, arguments_.probabilities));
  if (is_blended(request)) fmt::print("{}\n", printable(blend_text(blend_)));
  if (told_request(request)) fmt::print("{}\n", kRequestTimeKnown);
}

void Recommender::print_json(const Request& request) const {
  nlohmann::ordered_json json;
  json["method"] = request.fallback          ? "popularity"
                   : request.history.empty() ? "none"
                   : is_blended(request)     ? "hybrid"
                   : models_.is_one_model()  ? "model"
                                             : "ensemble";
  if (is_blended(request)) {
    json["hybrid"] = {{"counts", blend_.counts}, {"counts_from", blend_.source}};
  }
  if (told_request(request)) {
    json["request_time"] = {{"known", true}, {"at", at_}};
  }
  json["history"] = nlohmann::ordered_json::array();
  for (const int32_t item : request.history) {
    json["history"].push_back(id_json(model_.item_id(item)));
  }
  json["unknown"] = nlohmann::ordered_json::array();
  for (const std::string& id : request.unknown) json["unknown"].push_back(id_json(id));
  json["items"] = nlohmann::ordered_json::array();
  for (const ScoredItem& entry : request.best) {
    nlohmann::ordered_json item = {{"item", id_json(item_id(request, entry.item))},
                                   {"title", title(request, entry.item)},
                                   {"score", entry.score}};
    if (const auto p = probability(request, entry.score)) item["probability"] = *p;
    json["items"].push_back(std::move(item));
  }
  if (!request.note.empty()) json["note"] = request.note;
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace truenext::cli
