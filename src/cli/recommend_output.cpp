// SPDX-License-Identifier: Apache-2.0
// How answers are printed: a table for people, a line of JSON for programs.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "cli/recommender.h"
#include "data/id_json.h"

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
  if (json_) {
    print_json(request);
    return;
  }
  size_t width = 4;
  bool titles = false;  // many catalogues have none
  for (const ScoredItem& entry : request.best) {
    width = std::max(width, item_id(request, entry.item).size());
    titles = titles || !title(request, entry.item).empty();
  }
  fmt::print("{:>4}  {:<{}}  {:>9}{}{}\n", "rank", "item", width, "score",
             arguments_.probabilities ? "  probability" : "", titles ? "  title" : "");
  int64_t rank = 0;
  for (const ScoredItem& entry : request.best) {
    std::string column;
    if (arguments_.probabilities) {
      const auto p = probability(request, entry.score);
      column = fmt::format("  {:>11}", p ? fmt::format("{:.5f}", *p) : "-");
    }
    fmt::print("{:>4}  {:<{}}  {:>9.4f}{}{}{}\n", ++rank, item_id(request, entry.item), width,
               entry.score, column, titles ? "  " : "", title(request, entry.item));
  }
}

void Recommender::print_json(const Request& request) const {
  nlohmann::ordered_json json;
  json["method"] = request.fallback ? "popularity" : request.history.empty() ? "none" : "model";
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
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace truenext::cli
