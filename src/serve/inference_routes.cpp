// SPDX-License-Identifier: Apache-2.0
// Open Inference Protocol V2, REST (KServe): histories as rows of texts, dense.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "run/run_config.h"
#include "serve/fan_out.h"
#include "serve/handlers.h"
#include "serve/recommend.h"

namespace truenext::serve {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMostCells = 10'000'000;

ServingPtr serving_of(Application& application, const Call& call) {
  ServingPtr serving = application.fleet().find(call.values.front());
  if (!serving) refuse("unknown-model", fmt::format("there is no model {}", call.values.front()));
  if (call.values.size() > 1 && call.values[1] != serving->model->version()) {
    refuse("unknown-model",
           fmt::format("the model {} has no version {}", call.values.front(), call.values[1]));
  }
  return serving;
}

/// What a call asks for.
struct Inference {
  CallPtr call;
  ServingPtr serving;
  std::string id;
  int64_t k = 10;
  std::vector<std::vector<int32_t>> rows;
  bool exclude_seen = true;
  std::vector<std::vector<ScoredItem>> lists;
  std::exception_ptr error;
  std::mutex mutex;  ///< of `error`
};

[[noreturn]] void wrong(const std::string& detail) {
  refuse("invalid-request", detail);
}

std::vector<int64_t> read_shape(const simdjson::dom::element& tensor) {
  simdjson::dom::array shape;
  if (tensor["shape"].get(shape) != simdjson::SUCCESS) wrong("history: shape is missing");
  std::vector<int64_t> sizes;
  for (const auto each : shape) {
    int64_t size = -1;
    if (each.get(size) != simdjson::SUCCESS || size < 0)
      wrong("history: shape wants whole numbers");
    sizes.push_back(size);
  }
  if (sizes.size() == 1) sizes.insert(sizes.begin(), 1);
  if (sizes.size() != 2) wrong("history: want the shape [rows, items]");
  return sizes;
}

/// Flat or nested texts, row after row.
void read_cells(const simdjson::dom::array& data, int depth, std::vector<std::string>* cells) {
  for (const auto each : data) {
    simdjson::dom::array inner;
    if (depth < 2 && each.get(inner) == simdjson::SUCCESS) {
      read_cells(inner, depth + 1, cells);
      continue;
    }
    auto id = id_of(each);
    if (!id) wrong("history: data wants texts");
    cells->push_back(std::move(*id));
  }
}

void read_history(const simdjson::dom::element& tensor, const ServeOptions& options,
                  Inference* inference) {
  std::string_view type;
  if (tensor["datatype"].get(type) != simdjson::SUCCESS || type != "BYTES") {
    wrong("history: want the datatype BYTES");
  }
  const std::vector<int64_t> shape = read_shape(tensor);
  if (shape[0] > options.max_requests || shape[1] > options.max_history ||
      shape[0] * shape[1] > kMostCells) {
    wrong(fmt::format("history: at most {} rows of {} items", options.max_requests,
                      options.max_history));
  }
  simdjson::dom::array data;
  if (tensor["data"].get(data) != simdjson::SUCCESS) wrong("history: data is missing");
  std::vector<std::string> cells;
  read_cells(data, 0, &cells);
  if (std::ssize(cells) != shape[0] * shape[1]) {
    wrong(
        fmt::format("history: {} values for the shape [{}, {}]", cells.size(), shape[0], shape[1]));
  }
  const ModelFile& file = inference->serving->model->file();
  inference->rows.resize(static_cast<size_t>(shape[0]));
  for (size_t i = 0; i < cells.size(); ++i) {  // the empty text fills rows up
    const auto item = cells[i].empty() ? std::nullopt : file.find_item(cells[i]);
    if (item) inference->rows[i / static_cast<size_t>(shape[1])].push_back(*item);
  }
}

void read_parameters(const simdjson::dom::element& root, const ServeOptions& options,
                     Inference* inference) {
  simdjson::dom::object parameters;
  simdjson::dom::element value;
  if (root["parameters"].get(value) != simdjson::SUCCESS) return;
  if (value.get(parameters) != simdjson::SUCCESS) wrong("parameters wants an object");
  if (parameters["k"].get(value) == simdjson::SUCCESS &&
      (value.get(inference->k) != simdjson::SUCCESS || inference->k < 1 ||
       inference->k > options.max_k)) {
    wrong(fmt::format("parameters: k must be 1 to {}", options.max_k));
  }
  if (parameters["exclude_seen"].get(value) == simdjson::SUCCESS &&
      value.get(inference->exclude_seen) != simdjson::SUCCESS) {
    wrong("parameters: exclude_seen must be true or false");
  }
}

void read_inference(const Application& application, Inference* inference) {
  const simdjson::dom::element root = parse_json(inference->call->request.body);
  if (!root.is_object()) wrong("want an object");
  std::string_view id;
  simdjson::dom::element given;
  if (root["id"].get(given) == simdjson::SUCCESS) {
    if (given.get(id) != simdjson::SUCCESS) wrong("id wants a text");
    inference->id = id;
  }
  if (root["outputs"].get(given) == simdjson::SUCCESS && !given.is_array()) {
    wrong("outputs wants a list");
  }
  read_parameters(root, application.options(), inference);
  simdjson::dom::array inputs;
  if (root["inputs"].get(inputs) != simdjson::SUCCESS) wrong("inputs is missing");
  int found = 0;
  for (const auto tensor : inputs) {
    std::string_view name;
    if (tensor["name"].get(name) != simdjson::SUCCESS) wrong("inputs: want tensors with a name");
    if (name != "history") wrong("inputs: the only tensor is history");
    ++found;
    read_history(tensor, application.options(), inference);
  }
  if (found != 1) wrong("inputs: want the tensor history, once");
}

std::string inference_json(const Inference& inference) {
  const ModelFile& file = inference.serving->model->file();
  Json items = Json::array(), scores = Json::array();
  for (const auto& list : inference.lists) {
    for (size_t i = 0; i < static_cast<size_t>(inference.k); ++i) {
      if (i < list.size()) {
        items.push_back(std::string(file.item_id(list[i].item)));
        scores.push_back(list[i].score);
      } else {
        items.push_back("");
        scores.push_back(0);
      }
    }
  }
  const Json shape = {std::ssize(inference.lists), inference.k};
  Json json = {{"model_name", inference.serving->name},
               {"model_version", inference.serving->model->version()}};
  if (!inference.id.empty()) json["id"] = inference.id;
  json["outputs"] = {
      {{"name", "item"}, {"shape", shape}, {"datatype", "BYTES"}, {"data", std::move(items)}},
      {{"name", "score"}, {"shape", shape}, {"datatype", "FP32"}, {"data", std::move(scores)}}};
  return json_line(json);
}

void finish(Inference& inference) {
  try {
    if (inference.error) std::rethrow_exception(inference.error);
    inference.call->json(inference_json(inference));
  } catch (...) {
    inference.call->fail();
  }
}

void send_row(Application& application, const std::shared_ptr<Inference>& inference,
              const std::shared_ptr<FanOut>& all, size_t row) {
  const Serving& serving = *inference->serving;
  Job job;
  job.serving = inference->serving;
  job.history = inference->rows[row];
  job.k = inference->k;
  job.exclude_seen = inference->exclude_seen;
  job.eligible = serving.items->available();
  job.deadline = inference->call->deadline;
  const bool popular = application.options().fallback == Fallback::popularity;
  job.scorer = !job.history.empty() ? &serving.model->scorer()
               : popular            ? serving.popularity.get()
                                    : nullptr;
  if (job.scorer == nullptr) {  // an empty list
    all->done();
    return;
  }
  job.done = [inference, all, row](JobResult result) {
    if (result.error) {
      const std::lock_guard lock(inference->mutex);
      inference->error = result.error;
    } else {
      inference->lists[row] = std::move(result.list);
    }
    all->done();
  };
  if (application.queue().push(job)) return;
  {
    const std::lock_guard lock(inference->mutex);
    inference->error = std::make_exception_ptr(
        ProblemError({"overloaded", "as many requests wait as may wait", {}}));
  }
  all->done();
}

}  // namespace

void v2_server(Application&, const CallPtr& call) {
  call->json(fmt::format(R"({{"name": "truenext", "version": "{}", "extensions": []}})",
                         truenext_version()));
}

void v2_live(Application&, const CallPtr& call) {
  call->json(R"({"live": true})");
}

void v2_ready(Application& application, const CallPtr& call) {
  const bool ready = application.ready();
  call->json(fmt::format(R"({{"live": true, "ready": {}}})", ready), ready ? 200 : 503);
}

void v2_model(Application& application, const CallPtr& call) {
  const ServingPtr serving = serving_of(application, *call);
  const Json tensors = {{{"name", "item"}, {"datatype", "BYTES"}, {"shape", {-1, -1}}},
                        {{"name", "score"}, {"datatype", "FP32"}, {"shape", {-1, -1}}}};
  const Json json = {
      {"name", serving->name},
      {"versions", Json::array({serving->model->version()})},
      {"platform", "truenext_safetensors"},
      {"inputs", Json::array({{{"name", "history"}, {"datatype", "BYTES"}, {"shape", {-1, -1}}}})},
      {"outputs", tensors}};
  call->json(json.dump());
}

void v2_model_ready(Application& application, const CallPtr& call) {
  const ServingPtr serving = serving_of(application, *call);
  call->json(fmt::format(R"({{"name": "{}", "ready": true}})", serving->name));
}

void v2_infer(Application& application, const CallPtr& call) {
  auto inference = std::make_shared<Inference>();
  inference->call = call;
  inference->serving = serving_of(application, *call);
  inference->exclude_seen = inference->serving->exclude_seen;
  call->model_label = inference->serving->label();
  read_inference(application, inference.get());
  inference->lists.resize(inference->rows.size());
  auto fan = std::make_shared<std::weak_ptr<FanOut>>();
  const auto send = [&application, inference, fan](size_t row) {
    send_row(application, inference, fan->lock(), row);
  };
  const auto all = std::make_shared<FanOut>(inference->rows.size(),
                                            std::max<size_t>(1, application.queue().capacity() / 2),
                                            send, [inference] { finish(*inference); });
  *fan = all;
  all->start();
}

}  // namespace truenext::serve
