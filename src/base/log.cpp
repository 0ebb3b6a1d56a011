// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "base/status_line.h"
#include "base/terminal_text.h"
#include "base/work.h"

namespace truenext {
namespace {

/// Ids and lines of a file stand in messages, and they can be of any length.
constexpr size_t kLongestMessage = 4000;

std::atomic<bool> quiet_flag{false};

/// https://no-color.org: any value but the empty one.
spdlog::color_mode color_mode() {
  const char* const no_color = std::getenv("NO_COLOR");
  const bool wanted = no_color == nullptr || *no_color == '\0';
  return wanted ? spdlog::color_mode::automatic : spdlog::color_mode::never;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_color_mt("truenext", color_mode());
    made->set_pattern("%^%v%$");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

}  // namespace

void set_quiet(bool quiet) {
  quiet_flag = quiet;
}
bool is_quiet() {
  return quiet_flag;
}

void log_message(LogLevel level, std::string_view message) {
  if (Work* const work = current_work()) {
    work->message(level, shortened(message, kLongestMessage));
    return;
  }
  const std::string text = printable_lines(shortened(message, kLongestMessage));
  clear_status();
  switch (level) {
    case LogLevel::info:
      logger().info("{}", text);
      break;
    case LogLevel::warning:
      logger().warn("warning: {}", text);
      break;
    case LogLevel::error:
      logger().error("error: {}", text);
      break;
  }
}

}  // namespace truenext
