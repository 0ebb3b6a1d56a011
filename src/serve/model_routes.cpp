// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "run/run_config.h"
#include "serve/access_log.h"
#include "serve/embedded.h"
#include "serve/handlers.h"
#include "serve/json_fields.h"

namespace truenext::serve {
namespace {

using Json = nlohmann::ordered_json;

Json model_json(Application& application, const Serving& serving, bool admin) {
  const ModelFile& file = serving.model->file();
  const ModelDescription& description = file.description();
  Json json = {{"name", serving.name}, {"version", serving.model->version()}};
  if (admin) json["path"] = application.fleet().path_of(serving.name);
  json["loaded"] = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                               fmt::gmtime(static_cast<std::time_t>(serving.model->loaded())));
  json["items"] = file.num_items();
  json["encoder"] = description.model.name;
  json["hidden_size"] = description.model.hidden_size;
  json["max_length"] = file.encoder().max_length();
  json["loss"] = description.loss_name;
  json["validation"] = description.validation;
  json["exclude_seen"] = description.exclude_seen;
  json["calibrated"] = description.calibration.has_value();
  json["dataset_fingerprint"] = description.dataset_fingerprint;
  json["compact_table"] = serving.model->has_compact_table();
  json["memory_bytes"] = serving.model->memory_bytes();
  json["weight"] = application.fleet().traffic().weights[serving.name];
  const std::string previous = application.fleet().previous_version(serving.name);
  if (!previous.empty()) json["previous"] = previous;
  return json;
}

std::string traffic_json(const Traffic& traffic) {
  Json json = {{"weights", Json::object()}};
  for (const auto& [name, weight] : traffic.weights) json["weights"][name] = weight;
  if (traffic.shadow.model.empty()) {
    json["shadow"] = nullptr;
  } else {
    json["shadow"] = {{"model", traffic.shadow.model}, {"share", traffic.shadow.share}};
  }
  json["note"] = "as long as the server runs; what is to stay belongs into its configuration";
  return json_line(json);
}

void check_model(const Traffic& traffic, std::string_view name) {
  if (traffic.weights.contains(std::string(name))) return;
  refuse("unknown-model", fmt::format("there is no model \"{}\"", name));
}

void read_weights(JsonFields& fields, Traffic* traffic) {
  const auto object = fields.object("weights");
  if (!object) return;
  simdjson::dom::object given;
  if (object->get(given) == simdjson::SUCCESS) {
    for (const auto weight : given) check_model(*traffic, weight.key);
  }
  std::vector<FieldError> errors;
  JsonFields weights(*object, "/weights", &errors);
  int64_t sum = 0;
  for (auto& [name, weight] : traffic->weights) {
    weight = weights.whole(name, 0, 10000, weight);
    sum += weight;
  }
  weights.finish();
  fields.add(std::move(errors));
  if (sum == 0) fields.wrong("weights", "must leave a model that gets requests");
}

void read_shadow(JsonFields& fields, Traffic* traffic) {
  const auto object = fields.object("shadow");
  if (!object) return;
  std::vector<FieldError> errors;
  JsonFields shadow(*object, "/shadow", &errors);
  if (!shadow.has("model")) shadow.wrong("model", "is missing");
  traffic->shadow.model = shadow.text("model", "", 64);
  double share = 0;
  simdjson::dom::element element;
  if ((*object)["share"].get(element) != simdjson::SUCCESS ||
      element.get(share) != simdjson::SUCCESS || share < 0 || share > 1) {
    shadow.wrong("share", "must be 0 to 1");
  }
  (void)shadow.has("share");
  traffic->shadow.share = share;
  shadow.finish();
  if (errors.empty()) check_model(*traffic, traffic->shadow.model);
  fields.add(std::move(errors));
}

}  // namespace

void get_models(Application& application, const CallPtr& call) {
  call->check_query({});
  Json json = {{"models", Json::array()}};
  for (const ServingPtr& serving : application.fleet().all()) {
    json["models"].push_back(model_json(application, *serving, call->role == Role::admin));
  }
  call->json(json_line(json));
}

void get_model(Application& application, const CallPtr& call) {
  call->check_query({});
  const ServingPtr serving = application.fleet().find(call->values.front());
  if (!serving) refuse("unknown-model", "GET /v1/models lists the models");
  call->json(json_line(model_json(application, *serving, call->role == Role::admin)));
}

/// What a loader did, as an answer.
static void change_model(Application& application, const CallPtr& call,
                         Reloaded (*change)(Fleet&, const Call&)) {
  if (!application.fleet().find(call->values.front())) {
    refuse("unknown-model", "GET /v1/models lists the models");
  }
  application.load([&application, call, change] {
    const std::string name = call->values.front();
    try {
      const Reloaded reloaded = change(application.fleet(), *call);
      application.metrics().reload(name, true);
      application.note_model(*application.fleet().find(name));
      log_event("reload", {{"what", "model " + name},
                           {"result", "ok"},
                           {"before", reloaded.before},
                           {"now", reloaded.now}});
      call->json(json_line(Json{{"name", name},
                                {"before", reloaded.before},
                                {"version", reloaded.now},
                                {"seconds", reloaded.seconds}}));
    } catch (const ProblemError& error) {
      application.metrics().reload(name, false);
      log_event("reload",
                {{"what", "model " + name}, {"result", "refused"}, {"detail", error.what()}});
      call->problem(error.problem());
    } catch (...) {
      call->fail();
    }
  });
}

void reload_model(Application& application, const CallPtr& call) {
  call->check_query({"force"});
  const std::string force = call->query("force", "false");
  if (force != "true" && force != "false") {
    refuse("invalid-request", "the parameter force must be true or false");
  }
  change_model(application, call, [](Fleet& fleet, const Call& asked) {
    return fleet.reload(asked.values.front(), asked.query("force") == "true");
  });
}

void rollback_model(Application& application, const CallPtr& call) {
  call->check_query({});
  change_model(application, call, [](Fleet& fleet, const Call& asked) {
    return fleet.rollback(asked.values.front());
  });
}

void get_traffic(Application& application, const CallPtr& call) {
  call->check_query({});
  call->json(traffic_json(application.fleet().traffic()));
}

void put_traffic(Application& application, const CallPtr& call) {
  call->check_query({});
  Traffic traffic = application.fleet().traffic();
  std::vector<FieldError> errors;
  JsonFields fields(parse_json(call->request.body), "", &errors);
  read_weights(fields, &traffic);
  read_shadow(fields, &traffic);
  fields.finish();
  check_fields(std::move(errors));
  application.fleet().set_traffic(traffic);
  call->json(traffic_json(traffic));
}

void health_live(Application&, const CallPtr& call) {
  call->json(R"({"live": true})");
}

void health_ready(Application& application, const CallPtr& call) {
  if (application.ready()) {
    call->json(R"({"ready": true})");
  } else if (application.draining()) {
    refuse("draining", "the server is stopping");
  } else {
    refuse("store-unavailable", "events cannot be stored");
  }
}

void get_metrics(Application& application, const CallPtr& call) {
  call->reply({200, "text/plain; version=0.0.4; charset=utf-8", application.metrics().text()});
}

/// Operations ask for a key only where the server does.
void get_openapi(Application& application, const CallPtr& call) {
  constexpr std::string_view kKeyed = R"("security": [{"key": []}])";
  std::string text(embedded_file("openapi.json"));
  if (application.options().keys.empty()) {
    for (size_t at = 0; (at = text.find(kKeyed, at)) != std::string::npos;) {
      text.replace(at, kKeyed.size(), R"("security": [])");
    }
  }
  call->json(std::move(text));
}

}  // namespace truenext::serve
