// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "serve/application.h"

namespace truenext::serve {

/// Sets route and values of a call by its method and path; HEAD goes where GET goes. Of OPTIONS it
/// only looks whether the path is there. Throws ProblemError not-found, method-not-allowed.
void match_route(Call& call);
/// "GET, HEAD, OPTIONS"; empty when no route has the path.
std::string allowed_methods(const Target& target);
HttpResponse options_response(const Call& call, const std::vector<std::string>& cors_origins);
/// What every answer carries.
void add_common_headers(const std::string& id, const std::string& model, HttpResponse& response);
/// {"error": ...} of the inference protocol.
HttpResponse inference_error(const Problem& problem);

}  // namespace truenext::serve
