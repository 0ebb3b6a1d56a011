// SPDX-License-Identifier: Apache-2.0
#include "serve/access_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/json_text.h"
#include "base/terminal_text.h"
#include "serve/utc_time.h"

namespace truenext::serve {
namespace {

std::atomic<LogForm> log_form{LogForm::json};

}  // namespace

void set_log_form(LogForm form) {
  log_form = form;
}

void log_event(const std::string& event,
               const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string line;
  if (log_form == LogForm::json) {
    line = fmt::format(R"({{"ts": "{}", "event": {})", utc_text(now_ms()), json_text(event));
    for (const auto& [name, value] : fields) {
      line += fmt::format(", {}: {}", json_text(name), json_text(value));
    }
    line += "}";
  } else {
    line = fmt::format("{} {}", utc_text(now_ms()), event);
    for (const auto& [name, value] : fields) {
      line += fmt::format(" {}={}", name, printable(value));
    }
  }
  line += "\n";
  // One call, so that lines of several threads stay whole. A log that cannot be written stops
  // nothing.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

void log_access(AccessLog which, const Call& call, const HttpResponse& response, double seconds) {
  if (which == AccessLog::none || (which == AccessLog::errors && response.status < 500)) return;
  std::vector<std::pair<std::string, std::string>> fields{
      {"request_id", call.id},
      {"method", call.request.method},
      {"route", call.route != nullptr ? call.route->path : "other"},
      {"status", std::to_string(response.status)},
      {"ms", fmt::format("{:.3f}", seconds * 1000)}};
  if (!call.model_label.empty()) fields.emplace_back("model", call.model_label);
  if (call.key != nullptr) fields.emplace_back("key", call.key->name);
  const std::string_view trace = call.request.header("traceparent");
  if (!trace.empty()) fields.emplace_back("trace", std::string(trace.substr(0, 128)));
  log_event("request", fields);
}

}  // namespace truenext::serve
