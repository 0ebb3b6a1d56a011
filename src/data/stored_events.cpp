// SPDX-License-Identifier: Apache-2.0
#include "data/stored_events.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "base/plugin.h"

namespace truenext {

bool is_database(const std::string& path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;  // a pipe is read once
  std::ifstream file(path, std::ios::binary);
  std::array<char, kMagic.size()> begin{};
  file.read(begin.data(), begin.size());
  return std::string_view(begin.data(), begin.size()) == kMagic;
}

std::unique_ptr<EventReader> open_stored_events(const ReaderOptions& options) {
  std::string reason;
  const auto path = Plugin::path_of("libtruenext_serve.so");
  void* const entry = Plugin::function(path, "truenext_stored_events", &reason);
  check_usage(entry != nullptr,
              "{}: this is an SQLite database; the events of truenext serve are read by {}, which "
              "is not there ({}); build it with scripts/setup --with-serve, or write a table as "
              "CSV: sqlite3 -header -csv FILE \"select * from TABLE\" > events.csv",
              options.path, path.string(), reason);
  return std::unique_ptr<EventReader>(reinterpret_cast<StoredEventsEntry>(entry)(options));
}

}  // namespace truenext
