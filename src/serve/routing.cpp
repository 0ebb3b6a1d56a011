// SPDX-License-Identifier: Apache-2.0
#include "serve/routing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/json_text.h"
#include "base/options.h"

namespace truenext::serve {
namespace {

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  while (true) {
    const size_t end = path.find('/');
    segments.emplace_back(path.substr(0, end));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

/// Cut once: a request is held against all of them.
const std::vector<std::string>& pattern_of(const Route& route) {
  static const std::vector<std::vector<std::string>> patterns = [] {
    std::vector<std::vector<std::string>> all;
    for (const Route& each : route_list()) all.push_back(segments_of(each.path));
    return all;
  }();
  return patterns[static_cast<size_t>(&route - route_list().data())];
}

bool fits(const Route& route, const std::vector<std::string>& path,
          std::vector<std::string>* values) {
  const std::vector<std::string>& pattern = pattern_of(route);
  if (pattern.size() != path.size()) return false;
  std::vector<std::string> found;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with("{")) {
      if (path[i].empty()) return false;
      found.push_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  if (values != nullptr) *values = std::move(found);
  return true;
}

}  // namespace

void match_route(Call& call) {
  const std::string& given = call.request.method;
  const std::string method = given == "HEAD" ? "GET" : given;
  bool path_known = false;
  for (const Route& route : route_list()) {
    if (!fits(route, call.target.segments, &call.values)) continue;
    path_known = true;
    if (method == route.method) {
      call.route = &route;
      return;
    }
  }
  if (path_known && given == "OPTIONS") return;
  if (!path_known) refuse("not-found", "see /openapi.json for what there is");
  refuse("method-not-allowed", fmt::format("this path has {}", allowed_methods(call.target)));
}

std::string allowed_methods(const Target& target) {
  std::string methods;
  for (const Route& route : route_list()) {
    if (!fits(route, target.segments, nullptr)) continue;
    methods += std::string(route.method) + ", ";
    if (std::string_view(route.method) == "GET") methods += "HEAD, ";
  }
  return methods.empty() ? "" : methods + "OPTIONS";
}

HttpResponse options_response(const Call& call, const std::vector<std::string>& cors_origins) {
  HttpResponse response{204, "", ""};
  const std::string methods = allowed_methods(call.target);
  response.headers.emplace_back("Allow", methods);
  const std::string_view origin = call.request.header("origin");
  const bool asked = call.request.count("access-control-request-method") > 0;
  if (asked && std::find(cors_origins.begin(), cors_origins.end(), origin) != cors_origins.end()) {
    response.headers.emplace_back("Access-Control-Allow-Methods", methods);
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  "Authorization, Content-Type, Idempotency-Key, X-Request-Id");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

void add_common_headers(const std::string& id, const std::string& model, HttpResponse& response) {
  response.headers.emplace_back("Truenext-Request-Id", id);
  if (!model.empty()) response.headers.emplace_back("Truenext-Model", model);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
}

HttpResponse inference_error(const Problem& problem) {
  const int known = kind_of(problem.type).status;
  const int status = known == 404 || known == 503 || known == 401 || known == 403 ? known
                     : known >= 500                                               ? 500
                                                                                  : 400;
  std::string detail = problem.detail;
  for (const FieldError& error : problem.errors) {
    detail += fmt::format("; {} {}", error.pointer, error.detail);
  }
  return {status, "application/json", fmt::format(R"({{"error": {}}})", json_text(detail))};
}

std::string Call::query(std::string_view name, std::string otherwise) const {
  for (const auto& [given, value] : target.query) {
    if (given == name) return value;
  }
  return otherwise;
}

int64_t Call::whole(std::string_view name, int64_t low, int64_t high, int64_t otherwise) const {
  const std::string text = query(name);
  int64_t value = otherwise;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool given = std::any_of(target.query.begin(), target.query.end(),
                                 [&](const auto& pair) { return pair.first == name; });
  if (given && (end.ec != std::errc() || end.ptr != text.data() + text.size() || value < low ||
                value > high)) {
    throw ProblemError(
        {"invalid-request", fmt::format("the parameter {} must be {} to {}", name, low, high), {}});
  }
  return value;
}

void Call::check_query(const std::vector<std::string>& known) const {
  for (const auto& [given, value] : target.query) {
    if (std::find(known.begin(), known.end(), given) != known.end()) continue;
    const std::string near = nearest_word(given, known);
    refuse("invalid-request",
           fmt::format("the parameter {} is unknown{}", given,
                       near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
}

}  // namespace truenext::serve
