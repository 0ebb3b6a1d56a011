// SPDX-License-Identifier: Apache-2.0
#include "serve/access_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/json_text.h"
#include "base/terminal_text.h"

namespace truenext::serve {
namespace {

std::atomic<LogForm> log_form{LogForm::json};

std::string now_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03d}Z",
                     fmt::gmtime(static_cast<std::time_t>(milliseconds / 1000)),
                     milliseconds % 1000);
}

}  // namespace

void set_log_form(LogForm form) {
  log_form = form;
}

void log_event(const std::string& event,
               const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string line;
  if (log_form == LogForm::json) {
    line = fmt::format(R"({{"ts": "{}", "event": {})", now_text(), json_text(event));
    for (const auto& [name, value] : fields) {
      line += fmt::format(", {}: {}", json_text(name), json_text(value));
    }
    line += "}";
  } else {
    line = fmt::format("{} {}", now_text(), event);
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
  if (!call.key_name.empty()) fields.emplace_back("key", call.key_name);
  const std::string_view trace = call.request.header("traceparent");
  if (!trace.empty()) fields.emplace_back("trace", std::string(trace.substr(0, 128)));
  log_event("request", fields);
}

}  // namespace truenext::serve
