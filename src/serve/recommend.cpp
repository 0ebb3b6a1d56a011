// SPDX-License-Identifier: Apache-2.0
#include "serve/recommend.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/hash.h"
#include "data/id_json.h"

namespace truenext::serve {
namespace {

using Json = nlohmann::ordered_json;

/// A query on its way through the queue.
struct Pending {
  Asked asked;
  ServingPtr serving;
  std::vector<int32_t> history;
  std::vector<std::string> unknown, unknown_listed;
  const char* method = "model";
  int64_t k = 0;
  bool names_sticky = false;  ///< the answer says whether the model stays the caller's
  Answered answered;
};

Json ids_json(const std::vector<std::string>& ids) {
  Json list = Json::array();
  for (const std::string& id : ids) list.push_back(id_json(id));
  return list;
}

Json item_json(const Pending& pending, const ScoredItem& entry, int64_t rank,
               double log_normaliser) {
  const ModelFile& file = pending.serving->model->file();
  Json item = {{"rank", rank}, {"item", id_json(file.item_id(entry.item))}, {"score", entry.score}};
  const RecommendQuery& query = pending.asked.query;
  if (query.probabilities && std::string_view(pending.method) == "model") {
    item["probability"] = file.description().calibration->probability(
        static_cast<double>(entry.score), log_normaliser);
  }
  if (query.titles) item["title"] = std::string(pending.serving->items->title(entry.item));
  const ItemEntry* const known = pending.serving->items->entry(entry.item);
  if (known != nullptr && !known->data.empty()) item["data"] = Json::parse(known->data);
  return item;
}

Json explanation_json(const Pending& pending, const std::vector<Reason>& reasons) {
  Json list = Json::array();
  for (const Reason& reason : reasons) {
    const auto item = pending.history[reason.index];
    list.push_back({{"item", id_json(pending.serving->model->file().item_id(item))},
                    {"index", reason.index},
                    {"effect", reason.effect}});
  }
  return list;
}

std::string answer_json(const Pending& pending, const JobResult& result) {
  const Serving& serving = *pending.serving;
  const RecommendQuery& query = pending.asked.query;
  Json json;
  json["request_id"] = pending.asked.request_id;
  json["model"] = {{"name", serving.name}, {"version", serving.model->version()}};
  if (pending.names_sticky) json["model"]["sticky"] = pending.asked.sticky;
  json["method"] = pending.method;
  json["history"] = {{"given", pending.history.size() + pending.unknown.size()},
                     {"used", std::min<int64_t>(std::ssize(pending.history),
                                                serving.model->file().encoder().max_length())},
                     {"unknown", ids_json(pending.unknown)}};
  if (!pending.unknown_listed.empty()) json["unknown"] = ids_json(pending.unknown_listed);
  std::vector<std::vector<Reason>> reasons;
  if (query.explain != Explain::none && std::string_view(pending.method) == "model") {
    reasons = explain(serving, query.explain, query.explain_items, pending.history, result.list);
  }
  json["items"] = Json::array();
  for (size_t i = 0; i < result.list.size(); ++i) {
    Json item =
        item_json(pending, result.list[i], static_cast<int64_t>(i) + 1, result.log_normaliser);
    if (!reasons.empty()) item["explanation"] = explanation_json(pending, reasons[i]);
    json["items"].push_back(std::move(item));
  }
  json["exhausted"] = std::ssize(result.list) < pending.k;
  return json_line(json);
}

void check_calibrated(const Serving& serving, bool exclude_seen) {
  const auto& calibration = serving.model->file().description().calibration;
  if (!calibration) {
    refuse("not-calibrated", "run `truenext calibrate` on the run and reload the model");
  }
  if (calibration->exclude_seen != exclude_seen) {
    refuse("not-calibrated", fmt::format("probabilities were fitted with \"exclude_seen\": {}",
                                         calibration->exclude_seen));
  }
}

/// A copy of the job for the shadow, and what to compare its list with.
void send_shadow(Application& application, const Pending& pending,
                 std::shared_ptr<std::vector<ScoredItem>> main_list) {
  const ShadowPlan shadow = application.fleet().traffic().shadow;
  if (shadow.model.empty() || shadow.model == pending.serving->name) return;
  const uint64_t hash = text_hash("shadow\n" + pending.asked.request_id);
  if (static_cast<double>(hash >> 11) * 0x1p-53 >= shadow.share) return;
  const ServingPtr other = application.fleet().find(shadow.model);
  const ServingPtr main = pending.serving;
  Job job;
  for (const std::string& id : pending.asked.query.history) {
    if (const auto item = other->model->file().find_item(id)) job.history.push_back(*item);
  }
  if (job.history.empty()) return;
  job.serving = other;
  job.scorer = &other->model->scorer();
  job.k = pending.k;
  job.low = true;
  job.exclude_seen = pending.asked.query.exclude_seen.value_or(other->exclude_seen);
  job.eligible = eligible_items(pending.asked.query, *other, nullptr);
  job.done = [&metrics = application.metrics(), main, other, main_list](JobResult result) {
    if (result.error || main_list->empty()) return;
    std::set<std::string_view> listed;
    for (const ScoredItem& each : *main_list) {
      listed.insert(main->model->file().item_id(each.item));
    }
    double both = 0;
    for (const ScoredItem& each : result.list) {
      both += static_cast<double>(listed.contains(other->model->file().item_id(each.item)));
    }
    metrics.shadow_overlap(other->name, both / static_cast<double>(main_list->size()));
  };
  if (!application.queue().push(job)) application.metrics().shadow_dropped();
}

/// What is done with the list of a job.
void finish(Application& application, const std::shared_ptr<Pending>& pending, JobResult result) {
  const std::string label = pending->serving->label();
  try {
    if (result.error) std::rethrow_exception(result.error);
    std::string json = answer_json(*pending, result);
    application.metrics().answer(pending->serving->name, pending->method);
    auto list = std::make_shared<std::vector<ScoredItem>>(std::move(result.list));
    pending->answered(std::move(json), label, nullptr);
    if (std::string_view(pending->method) == "model") {
      try {  // it was answered already
        send_shadow(application, *pending, std::move(list));
      } catch (const std::exception&) {  // as with a tag that the shadow's items do not have
        application.metrics().shadow_dropped();
      }
    }
  } catch (...) {
    pending->answered("", label, std::current_exception());
  }
}

void find_history(Application& application, Pending& pending) {
  const ModelFile& file = pending.serving->model->file();
  for (const std::string& id : pending.asked.query.history) {
    if (const auto item = file.find_item(id)) {
      pending.history.push_back(*item);
    } else {
      pending.unknown.push_back(id);
    }
  }
  if (pending.unknown.empty()) return;
  application.metrics().unknown_items(pending.serving->name, std::ssize(pending.unknown));
  if (pending.asked.query.refuse_unknown) {
    refuse("unknown-items",
           fmt::format("{} of {} items of the history are unknown to the model",
                       pending.unknown.size(), pending.asked.query.history.size()));
  }
}

}  // namespace

ServingPtr model_for(Application& application, Asked& asked) {
  std::string name = asked.query.model;
  if (name.empty()) {
    const std::string& unit = asked.query.unit.empty() ? asked.unit : asked.query.unit;
    asked.sticky = !unit.empty();
    name = chosen_model(application.fleet().traffic(), application.options().traffic_salt,
                        unit.empty() ? asked.request_id : unit);
  } else if (asked.role != Role::admin && !application.options().allow_model_choice) {
    refuse("forbidden", "model is for the role admin (allow_model_choice)");
  }
  ServingPtr serving = application.fleet().find(name);
  if (!serving) refuse("unknown-model", fmt::format("there is no model \"{}\"", name));
  return serving;
}

void recommend(Application& application, Asked asked, Answered answered) {
  auto pending = std::make_shared<Pending>();
  pending->serving = model_for(application, asked);
  pending->asked = std::move(asked);
  const RecommendQuery& query = pending->asked.query;
  const Serving& serving = *pending->serving;
  pending->names_sticky = application.options().models.size() > 1 && query.model.empty();
  find_history(application, *pending);
  Job job;
  job.serving = pending->serving;
  job.scorer = &serving.model->scorer();
  job.exclude_seen = query.exclude_seen.value_or(query.candidates ? false : serving.exclude_seen);
  job.eligible = eligible_items(query, serving, &pending->unknown_listed);
  const int64_t listed =
      query.candidates && !query.k_given ? std::ssize(*query.candidates) : query.k;
  pending->k = job.k = std::max<int64_t>(1, listed);
  if (query.probabilities) {
    check_calibrated(serving, job.exclude_seen);
    application.fleet().note_probabilities();
  }
  if (pending->history.empty()) {
    const bool popular =
        serving.popularity && application.options().fallback == Fallback::popularity;
    pending->method = popular ? "popularity" : "none";
    job.scorer = serving.popularity.get();
  }
  job.probabilities = query.probabilities && !pending->history.empty();
  job.deadline = pending->asked.deadline;
  job.history = pending->history;
  pending->answered = std::move(answered);
  if (job.scorer == nullptr) {
    finish(application, pending, {});
    return;
  }
  job.done = [&application, pending](JobResult result) {
    finish(application, pending, std::move(result));
  };
  if (!application.queue().push(job)) {
    application.metrics().rejected("overloaded");
    refuse("overloaded", "more requests wait than can be answered in time; ask again later");
  }
}

Asked asked_of(const Call& call) {
  Asked asked;
  asked.request_id = call.id;
  asked.role = call.role;
  asked.deadline = call.deadline;
  return asked;
}

void call_recommend(Application& application, const CallPtr& call, Asked asked) {
  recommend(application, std::move(asked),
            [call](std::string json, std::string model, std::exception_ptr error) {
              call->model_label = std::move(model);
              if (!error) {
                call->json(std::move(json));
                return;
              }
              try {
                std::rethrow_exception(error);
              } catch (...) {
                call->fail();
              }
            });
}

}  // namespace truenext::serve
