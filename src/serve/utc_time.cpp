// SPDX-License-Identifier: Apache-2.0
#include "serve/utc_time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace truenext::serve {

int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string utc_text(int64_t milliseconds) {
  const int64_t part = (milliseconds % 1000 + 1000) % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03d}Z",
                     fmt::gmtime(static_cast<std::time_t>((milliseconds - part) / 1000)), part);
}

}  // namespace truenext::serve
