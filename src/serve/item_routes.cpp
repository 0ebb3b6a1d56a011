// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/id_json.h"
#include "serve/handlers.h"
#include "serve/http_rules.h"
#include "serve/recommend.h"

namespace truenext::serve {
namespace {

using Json = nlohmann::ordered_json;

Json item_json(const Serving& serving, int32_t item) {
  Json json = {{"item", id_json(serving.model->file().item_id(item))},
               {"title", std::string(serving.items->title(item))}};
  if (const ItemEntry* const entry = serving.items->entry(item)) {
    json["tags"] = entry->tags;
    json["available"] = entry->available;
    if (entry->popularity >= 0) json["popularity"] = entry->popularity;
    if (!entry->data.empty()) json["data"] = Json::parse(entry->data);
  }
  return json;
}

int32_t item_of(const Call& call, const Serving& serving) {
  const auto item = serving.model->file().find_item(call.values.front());
  if (!item) {
    refuse("unknown-item",
           fmt::format("the model {} has no item \"{}\"", serving.name, call.values.front()));
  }
  return *item;
}

ServingPtr serving_of(Application& application, const CallPtr& call) {
  Asked asked = asked_of(*call);
  asked.query.model = call->query("model");
  ServingPtr serving = model_for(application, asked);
  call->model_label = serving->label();
  return serving;
}

/// Items whose title or id holds every word, popular ones first where that is known.
std::vector<int32_t> found_items(const Serving& serving, const std::string& search, size_t limit) {
  std::vector<std::string> words;
  for (size_t at = 0; at < search.size();) {
    const size_t end = std::min(search.find(' ', at), search.size());
    if (end > at) words.push_back(ascii_lower(search.substr(at, end - at)));
    at = end + 1;
  }
  const auto& file = serving.model->file();
  std::vector<std::pair<float, int32_t>> found;
  const auto& popularity = serving.items->popularity();
  for (int32_t item = 0; item < file.num_items(); ++item) {
    const std::string text =
        ascii_lower(serving.items->title(item)) + ' ' + ascii_lower(file.item_id(item));
    const bool fits = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
      return text.find(word) != std::string::npos;
    });
    if (!fits) continue;
    found.emplace_back(popularity.empty() ? 0 : -popularity[static_cast<size_t>(item)], item);
    if (popularity.empty() && found.size() == limit) break;
  }
  std::sort(found.begin(), found.end());
  std::vector<int32_t> items;
  for (const auto& [popular, item] : found) {
    if (items.size() < limit) items.push_back(item);
  }
  return items;
}

struct SimilarQuery {
  RecommendQuery query;
  std::string by;
};

SimilarQuery read_similar(const Application& application, const Call& call) {
  SimilarQuery similar;
  similar.by = "embedding";
  if (call.request.method == "POST") {
    call.check_query({});
    std::vector<FieldError> errors;
    JsonFields fields(parse_json(call.request.body), "", &errors);
    similar.query.k = fields.whole("k", 1, application.options().max_k, 10);
    similar.by = fields.text("by", similar.by, 16, {"embedding", "next"});
    similar.query.model = fields.text("model", "", 64);
    read_filters(fields, application.options(), &similar.query);
    fields.finish();
    check_fields(std::move(errors));
    return similar;
  }
  call.check_query({"k", "by", "model"});
  similar.query.k = call.whole("k", 1, application.options().max_k, 10);
  similar.query.model = call.query("model");
  similar.by = call.query("by", similar.by);
  if (similar.by != "embedding" && similar.by != "next") {
    refuse("invalid-request", "the parameter by must be embedding or next");
  }
  return similar;
}

std::string similar_json(const Call& call, const Serving& serving, const std::string& by,
                         const JobResult& result) {
  Json json = {{"item", call.values.front()}, {"by", by}, {"items", Json::array()}};
  for (const ScoredItem& entry : result.list) {
    json["items"].push_back({{"rank", json["items"].size() + 1},
                             {"item", id_json(serving.model->file().item_id(entry.item))},
                             {"score", entry.score},
                             {"title", std::string(serving.items->title(entry.item))}});
  }
  return json_line(json);
}

}  // namespace

void get_item(Application& application, const CallPtr& call) {
  call->check_query({"model"});
  const ServingPtr serving = serving_of(application, call);
  call->json(json_line(item_json(*serving, item_of(*call, *serving))));
}

/// A scan of all titles, so it goes through the queue like other work.
void search_items(Application& application, const CallPtr& call) {
  call->check_query({"search", "limit", "model"});
  const auto limit = static_cast<size_t>(call->whole("limit", 1, 100, 20));
  const ServingPtr serving = serving_of(application, call);
  Job job;
  job.deadline = call->deadline;
  job.work = [call, serving, limit] {
    try {
      Json json = {{"items", Json::array()}};
      for (const int32_t item : found_items(*serving, call->query("search"), limit)) {
        json["items"].push_back(item_json(*serving, item));
      }
      call->json(json_line(json));
    } catch (...) {
      call->fail();
    }
  };
  job.done = [call](JobResult result) {  // only of a job that was dropped
    try {
      std::rethrow_exception(result.error);
    } catch (...) {
      call->fail();
    }
  };
  if (!application.queue().push(job)) refuse("overloaded", "as many requests wait as may wait");
}

void similar_items(Application& application, const CallPtr& call) {
  SimilarQuery similar = read_similar(application, *call);
  Asked asked = asked_of(*call);
  asked.query.model = similar.query.model;
  const ServingPtr serving = model_for(application, asked);
  call->model_label = serving->label();
  Job job;
  job.serving = serving;
  job.history = {item_of(*call, *serving)};
  job.k = similar.query.k;
  job.eligible = eligible_items(similar.query, *serving, nullptr);
  job.deadline = call->deadline;
  job.scorer = similar.by == "next" ? &serving->model->scorer() : nullptr;
  job.done = [call, serving, by = similar.by](JobResult result) {
    try {
      if (result.error) std::rethrow_exception(result.error);
      call->json(similar_json(*call, *serving, by, result));
    } catch (...) {
      call->fail();
    }
  };
  if (!application.queue().push(job)) refuse("overloaded", "as many requests wait as may wait");
}

}  // namespace truenext::serve
