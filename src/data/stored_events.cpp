// SPDX-License-Identifier: Apache-2.0
#include "data/stored_events.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "base/plugin.h"

namespace truenext {

bool is_event_store(const std::string& path) {
  // The header of an SQLite database, and in it the number of the application (sqlite.org,
  // "Database File Format", 1.3).
  constexpr std::string_view kMagic("SQLite format 3\0", 16), kApplication = "true";
  constexpr size_t kPlace = 68;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;  // a pipe is read once
  std::ifstream file(path, std::ios::binary);
  std::array<char, kPlace + kApplication.size()> begin{};
  file.read(begin.data(), begin.size());
  const std::string_view header(begin.data(), begin.size());
  return header.starts_with(kMagic) && header.substr(kPlace) == kApplication;
}

std::unique_ptr<EventReader> open_stored_events(const ReaderOptions& options) {
  std::string reason;
  const auto path = Plugin::path_of("libtruenext_serve.so");
  void* const entry = Plugin::function(path, "truenext_stored_events", &reason);
  check_data(
      entry != nullptr,
      "{}: the event store of truenext serve is read by {}, which cannot be used ({}); build "
      "it with scripts/setup --with-serve",
      options.path, path.string(), reason);
  return std::unique_ptr<EventReader>(reinterpret_cast<StoredEventsEntry>(entry)(options));
}

}  // namespace truenext
