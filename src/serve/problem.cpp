// SPDX-License-Identifier: Apache-2.0
#include "serve/problem.h"

#include <fmt/format.h>

#include "base/json_text.h"

namespace truenext::serve {

const std::vector<ProblemKind>& problem_kinds() {
  static const std::vector<ProblemKind> kinds{
      {"invalid-json", 400, "The body is not JSON"},
      {"invalid-request", 400, "The request is not valid"},
      {"bad-framing", 400, "The request is not well-formed HTTP", 0, true},
      {"unauthorized", 401, "A key is needed"},
      {"forbidden", 403, "The key does not allow this"},
      {"wrong-host", 403, "This server has another name"},
      {"origin-not-allowed", 403, "Pages of this origin may not ask"},
      {"not-found", 404, "There is nothing under this path"},
      {"unknown-item", 404, "The model does not know the item"},
      {"unknown-model", 404, "There is no model of this name"},
      {"no-store", 404, "This server stores no events"},
      {"method-not-allowed", 405, "The path has other methods"},
      {"request-timeout", 408, "The request took too long to arrive", 0, true},
      {"not-calibrated", 409, "The scores of the model are no probabilities"},
      {"idempotency-conflict", 409, "The key was used for another request"},
      {"reload-in-progress", 409, "The model is being loaded"},
      {"no-previous", 409, "There is no model before this one"},
      {"too-large", 413, "The body is too large", 0, true},
      {"uri-too-long", 414, "The target is too long", 0, true},
      {"unsupported-media-type", 415, "The body must be application/json"},
      {"unknown-items", 422, "The history holds unknown items"},
      {"reload-refused", 422, "The new model was refused"},
      {"rate-limited", 429, "The key has used up its rate", 1},
      {"header-too-large", 431, "The header is too large", 0, true},
      {"internal", 500, "The server failed"},
      {"overloaded", 503, "The queue is full", 1},
      {"deadline", 503, "The answer would have come too late", 1},
      {"starting", 503, "The server is starting", 1},
      {"draining", 503, "The server is stopping", 5},
      {"store-unavailable", 503, "The events cannot be stored", 5},
      {"http-version", 505, "The version of HTTP is not 1.0 or 1.1", 0, true},
  };
  return kinds;
}

const ProblemKind& kind_of(std::string_view type) {
  for (const ProblemKind& kind : problem_kinds()) {
    if (kind.type == type) return kind;
  }
  return kind_of("internal");
}

void refuse(std::string type, std::string detail) {
  throw ProblemError({std::move(type), std::move(detail), {}});
}

std::string problem_json(const Problem& problem, const std::string& request_id) {
  const ProblemKind& kind = kind_of(problem.type);
  std::string text = fmt::format(
      R"({{"type": "urn:truenext:problem:{}", "title": {}, "status": {}, "detail": {}, )"
      R"("instance": "urn:truenext:request:{}")",
      kind.type, json_text(kind.title), kind.status, json_text(problem.detail), request_id);
  for (size_t i = 0; i < problem.errors.size(); ++i) {
    text += fmt::format(R"({}{{"pointer": {}, "detail": {}}})", i == 0 ? R"(, "errors": [)" : ", ",
                        json_text(problem.errors[i].pointer), json_text(problem.errors[i].detail));
  }
  if (!problem.errors.empty()) text += "]";
  return text + "}";
}

HttpResponse problem_response(const Problem& problem, const std::string& request_id) {
  const ProblemKind& kind = kind_of(problem.type);
  HttpResponse response{kind.status, "application/problem+json", problem_json(problem, request_id)};
  response.close = kind.close;
  if (kind.retry_after > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(kind.retry_after));
  }
  if (kind.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"truenext\"");
  }
  return response;
}

}  // namespace truenext::serve
