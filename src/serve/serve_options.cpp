// SPDX-License-Identifier: Apache-2.0
#include "serve/serve_options.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/toml-inl.h"

namespace truenext::serve {
namespace {

constexpr double kMostMs = 86'400'000;
const std::vector<std::string> kTables{"model", "shadow"};

std::string text_of(const toml::table& table, const char* key, const std::string& where) {
  const auto* node = table.get(key);
  check_usage(node != nullptr && node->value_exact<std::string>(), "{}: {} is missing or no text",
              where, key);
  return *node->value_exact<std::string>();
}

void check_keys(const toml::table& table, const std::vector<std::string>& known,
                const std::string& where) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    check_usage(std::find(known.begin(), known.end(), name) != known.end(),
                "{}: unknown key {}; want {}", where, name, fmt::join(known, ", "));
  }
}

ModelPlace read_model(const toml::table& table, const std::string& where) {
  check_keys(table, {"name", "path", "weight"}, where);
  ModelPlace place{text_of(table, "name", where), text_of(table, "path", where)};
  if (const auto* weight = table.get("weight")) {
    const auto value = weight->value_exact<int64_t>();
    check_usage(value && *value >= 0 && *value <= 10000, "{}: weight wants 0 to 10000", where);
    place.weight = *value;
  }
  return place;
}

void read_models(const std::string& text, const std::string& source, ServeOptions* options) {
  const toml::table root = toml::parse(text, source);
  if (const auto* models = root.get("model")) {
    const toml::array* list = models->as_array();
    check_usage(list != nullptr, "{}: models are [[model]] tables with name and path", source);
    for (const toml::node& node : *list) {
      const auto where = fmt::format("{}:{}", source, node.source().begin.line);
      check_usage(node.is_table(), "{}: models are [[model]] tables", where);
      options->models.push_back(read_model(*node.as_table(), where));
    }
  }
  if (const auto* shadow = root.get("shadow")) {
    const auto where = fmt::format("{}:{}", source, shadow->source().begin.line);
    check_usage(shadow->is_table(), "{}: [shadow] is a table with model and share", where);
    check_keys(*shadow->as_table(), {"model", "share"}, where);
    options->shadow.model = text_of(*shadow->as_table(), "model", where);
    const auto* share = shadow->as_table()->get("share");
    const auto value = share != nullptr ? share->value<double>() : std::nullopt;
    check_usage(value && *value >= 0 && *value <= 1, "{}: share wants 0 to 1", where);
    options->shadow.share = *value;
  }
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

void ServeOptions::list(OptionList& o) {
  o.add("listen", listen, "addresses: HOST:PORT, [IPv6]:PORT, unix:PATH or fd:N");
  o.add("keys", keys, "file of keys; without one everybody may do everything, on loopback only");
  o.add("host_names", host_names, "values of Host beside those of the addresses");
  o.add("cors_origins", cors_origins, "origins whose pages may ask");
  o.add("insecure_no_keys", insecure_no_keys, "listen beyond loopback without keys");
  o.add("allow_model_choice", allow_model_choice, "requests of every role may name a model");
  o.add("timeout_ms", timeout_ms, "an answer that would come later is not computed")
      .range(1, kMostMs);
  o.add("header_ms", header_ms, "from the first byte of a request to the end of its header")
      .range(1, kMostMs);
  o.add("body_ms", body_ms, "for the body of a request").range(1, kMostMs);
  o.add("write_ms", write_ms, "for taking an answer").range(1, kMostMs);
  o.add("idle_ms", idle_ms, "between the requests of a connection").range(1, kMostMs);
  o.add("drain_ms", drain_ms, "for requests in flight when the server stops").range(0, kMostMs);
  o.add("drain_grace_ms", drain_grace_ms, "late requests are still answered").range(0, kMostMs);
  o.add("queue", queue, "requests that may wait").range(1, 1'000'000);
  o.add("max_batch", max_batch, "waiting requests that are answered as one block").range(1, 1024);
  o.add("threads", threads, "compute threads, 0 = as --threads").range(0, 1024);
  o.add("max_body_bytes", max_body_bytes, "of a request").range(1, 1e9);
  o.add("max_header_bytes", max_header_bytes, "of a request").range(512, 1e6);
  o.add("max_connections", max_connections, "at a time; others wait").range(1, 1e6);
  o.add("max_k", max_k, "items of an answer").range(1, 1e6);
  o.add("max_history", max_history, "items of a history").range(1, 1e6);
  o.add("max_list", max_list, "ids of exclude and allow").range(1, 1e6);
  o.add("max_candidates", max_candidates, "ids of candidates").range(1, 1e6);
  o.add("max_requests", max_requests, "in one batch").range(1, 1e6);
  o.add("items", items, "titles, tags, availability and popularity of items, JSON lines");
  o.add("events", events, "file of the event store, made when there is none");
  o.add("data", data, "dataset folder, for popularity");
  o.add("deny", deny, "file of item ids that are never recommended, one a line");
  o.add("keep_events", keep_events, "newest events that are kept of a user").range(1, 1e6);
  o.add("history_kinds", history_kinds, "kinds of events that make a history; [] = all but shown");
  o.add("store_required", store_required, "not ready while events cannot be stored");
  o.add("fallback", fallback, "what answers a history without a known item");
  o.add("min_shared_items", min_shared_items, "share of items that a new model must have in common")
      .range(0, 1);
  o.add("keep_previous", keep_previous, "the model before the last reload stays for rollback");
  o.add("reload_memory", reload_memory, "what happens when a new model may not fit into memory");
  o.add("traffic_salt", traffic_salt, "another salt assigns units to models anew");
  o.add("log", log, "form of the log on standard error");
  o.add("access_log", access_log, "requests that are logged");
  o.add("page", page, "the page at /");
}

void ServeOptions::check() const {
  check_usage(!models.empty(),
              "say what to serve: truenext serve RUN, or [[model]] tables in --config FILE");
  std::set<std::string> names;
  int64_t weights = 0;
  for (const ModelPlace& model : models) {
    check_usage(is_name(model.name), "model name \"{}\": want up to 64 letters, digits, and - _ .",
                model.name);
    check_usage(names.insert(model.name).second, "model name \"{}\" stands twice", model.name);
    weights += model.weight;
  }
  check_usage(weights > 0, "the weights of all models are 0; one must get requests");
  check_usage(shadow.model.empty() || names.contains(shadow.model),
              "[shadow]: there is no model \"{}\"", shadow.model);
  check_usage(!listen.empty(), "listen: want at least one address, e.g. 127.0.0.1:8600");
}

std::string ServeOptions::toml() {
  OptionList options;
  list(options);
  std::string text;
  for (const Option& option : options.all()) {
    text += fmt::format("{} = {}  # {}\n", option.key(), option.toml_value(), option.help());
  }
  for (const ModelPlace& model : models) {
    text += fmt::format("\n[[model]]\nname = \"{}\"\npath = \"{}\"\nweight = {}\n", model.name,
                        model.path, model.weight);
  }
  if (!shadow.model.empty()) {
    text += fmt::format("\n[shadow]\nmodel = \"{}\"\nshare = {}\n", shadow.model, shadow.share);
  }
  return text;
}

ServeOptions read_serve_options(const ServeArguments& arguments) {
  ServeOptions options;
  OptionList list;
  options.list(list);
  if (!arguments.config.empty()) {
    const std::string text = read_file(arguments.config, uint64_t{1} << 20);
    apply_toml(list, text, arguments.config, kTables);
    read_models(text, arguments.config, &options);
  }
  for (const std::string& setting : arguments.settings) apply_setting(list, setting);
  if (!arguments.run.empty()) {
    check_usage(options.models.empty(),
                "{}: the configuration names models; leave out one of the two", arguments.run);
    options.models.push_back({"main", arguments.run});
  }
  const auto take = [](const std::string& given, std::string* option) {
    if (!given.empty()) *option = given;
  };
  take(arguments.items, &options.items);
  take(arguments.events, &options.events);
  take(arguments.keys, &options.keys);
  take(arguments.data, &options.data);
  if (!arguments.listen.empty()) options.listen = arguments.listen;
  options.insecure_no_keys = options.insecure_no_keys || arguments.allow_without_keys;
  if (options.threads == 0) options.threads = arguments.threads;
  options.check();
  return options;
}

}  // namespace truenext::serve
