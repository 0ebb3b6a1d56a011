// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "data/id_json.h"
#include "eval/evaluator.h"

namespace truenext::cli {
namespace {

constexpr int64_t kNewestSent = 100;  // items of a history
constexpr int64_t kAskedFor = 10;
constexpr int64_t kMostBodies = 10'000;

nlohmann::ordered_json read_fields(const std::string& fields) {
  const nlohmann::ordered_json json = nlohmann::ordered_json::parse(
      fields.empty() ? "{}" : fields, nullptr, /*allow_exceptions=*/false);
  check_usage(json.is_object(), "--fields {}: want a JSON object, such as '{{\"k\": 20}}'", fields);
  return json;
}

/// Requests for the histories of test users.
std::vector<std::string> list_bodies(const Dataset& dataset, const nlohmann::ordered_json& fields) {
  const Queries queries = make_queries(dataset, Protocol());
  check_data(!queries.users.empty(), "{}: the split holds out nothing to be asked for",
             dataset.folder().string());
  std::vector<std::string> bodies;
  for (int64_t row = 0; row < std::min<int64_t>(kMostBodies, queries.histories.size()); ++row) {
    const auto history = queries.histories.row(row);
    nlohmann::ordered_json json = {{"history", nlohmann::ordered_json::array()}, {"k", kAskedFor}};
    const auto skipped =
        static_cast<size_t>(std::max<int64_t>(0, std::ssize(history) - kNewestSent));
    for (const int32_t item : history.subspan(skipped)) {
      json["history"].push_back(id_json(dataset.items().raw(item)));
    }
    json.update(fields);
    bodies.push_back(json.dump());
  }
  return bodies;
}

/// Users and items that neighbouring calls do not share.
std::vector<std::string> event_bodies(const Dataset& dataset) {
  std::vector<std::string> bodies;
  for (int64_t number = 0; number < kMostBodies; ++number) {
    const auto item = static_cast<int32_t>(number % dataset.num_items());
    const nlohmann::ordered_json event = {{"user", fmt::format("bench-{}", number)},
                                          {"item", id_json(dataset.items().raw(item))}};
    bodies.push_back(
        nlohmann::ordered_json{{"events", nlohmann::ordered_json::array({event})}}.dump());
  }
  return bodies;
}

}  // namespace

ServeRequests serve_requests(const std::string& ask, const std::string& fields,
                             const Dataset& dataset) {
  check_usage(ask == "recommend" || fields.empty(), "--fields goes with --ask recommend");
  if (ask == "recommend") {
    return {"POST", "/v1/recommend", list_bodies(dataset, read_fields(fields))};
  }
  if (ask == "events") return {"POST", "/v1/events", event_bodies(dataset)};
  check_usage(ask == "live", "--ask {}: want recommend, events or live", ask);
  return {"GET", "/health/live", {""}};
}

}  // namespace truenext::cli
