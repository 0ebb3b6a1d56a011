// SPDX-License-Identifier: Apache-2.0
#include "base/status_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "base/resources.h"
#include "base/terminal_text.h"
#include "base/work.h"

namespace truenext {
namespace {

constexpr size_t kUsualColumns = 80;
constexpr double kBetweenSeconds = 0.1;

struct Status {
  std::mutex mutex;
  bool shown = false;
  double last = 0;
};

Status& status() {
  static Status instance;
  return instance;
}

void write_to_terminal(std::string_view text) {
  // Nothing can be said about a stderr that takes nothing.
  if (std::fwrite(text.data(), 1, text.size(), stderr) == text.size()) std::fflush(stderr);
}

}  // namespace

size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* const said = std::getenv("COLUMNS");
  const std::string_view text = said == nullptr ? "" : said;
  size_t columns = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), columns);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && columns > 0 ? columns : kUsualColumns;
}

bool can_show_status() {
  if (current_work() != nullptr) return true;
  const char* const terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && std::string_view(terminal ? terminal : "") != "dumb";
}

void show_status(std::string_view line) {
  Status& now = status();
  if (Work* const work = current_work()) {
    {
      const std::lock_guard lock(now.mutex);
      now.last = wall_seconds();
    }
    work->status(line);
    return;
  }
  const std::lock_guard lock(now.mutex);
  // The last column stays free: some terminals go to the next line when it is filled.
  write_to_terminal(fmt::format("\r\x1b[K{}", fitted(printable(line), terminal_columns() - 1)));
  now.shown = true;
  now.last = wall_seconds();
}

bool status_is_due() {
  Status& now = status();
  const std::lock_guard lock(now.mutex);
  const bool always = !now.shown && current_work() == nullptr;
  return always || wall_seconds() - now.last >= kBetweenSeconds;
}

void clear_status() {
  Status& now = status();
  const std::lock_guard lock(now.mutex);
  if (!now.shown || current_work() != nullptr) return;
  write_to_terminal("\r\x1b[K");
  now.shown = false;
}

}  // namespace truenext
