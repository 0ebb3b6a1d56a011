// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace truenext {
namespace {

std::atomic<bool> quiet_flag{false};

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_color_mt("truenext");
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
  switch (level) {
    case LogLevel::info:
      logger().info("{}", message);
      break;
    case LogLevel::warning:
      logger().warn("warning: {}", message);
      break;
    case LogLevel::error:
      logger().error("error: {}", message);
      break;
  }
}

}  // namespace truenext
