// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "serve/application.h"

namespace truenext::serve {

/// Lines are JSON objects, or text; set once, before anything is logged.
void set_log_form(LogForm form);
/// A line on standard error with the time: fields are texts. Histories, users and keys are never
/// logged.
void log_event(const std::string& event,
               const std::vector<std::pair<std::string, std::string>>& fields);
/// A request that was answered, where it is to be logged.
void log_access(AccessLog which, const Call& call, const HttpResponse& response, double seconds);

}  // namespace truenext::serve
