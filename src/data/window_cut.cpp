// SPDX-License-Identifier: Apache-2.0
#include "data/window_cut.h"

#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "data/dataset_files.h"
#include "data/id_file.h"
#include "data/windows.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// An old file stays mapped while the new one takes its name.
template <typename T>
void cut_values(const fs::path& path, const Windows& windows) {
  const MappedFile file(path);
  const std::span<const T> values = file.as<T>(path.c_str());
  AtomicFile out(path);
  for (int64_t window = 0; window < windows.size(); ++window) {
    out.write_array(values.subspan(static_cast<size_t>(windows.begins[window]),
                                   static_cast<size_t>(windows.length(window))));
  }
  out.commit();
}

void cut_ids(const fs::path& path, int64_t users, const Windows& windows) {
  const IdFile ids(path, users, true);
  std::vector<std::string> names;
  names.reserve(windows.users.size());
  int64_t number = 0;
  for (int64_t window = 0; window < windows.size(); ++window) {
    const int32_t user = windows.users[window];
    number = window > 0 && windows.users[window - 1] == user ? number + 1 : 0;
    names.push_back(window_id(ids.raw(user), number));
  }
  write_id_file(
      path, windows.size(), [&](int64_t window) { return std::string_view(names[window]); }, true);
}

}  // namespace

WindowReport cut_into_windows(const fs::path& folder, int64_t users, bool has_times,
                              const SplitOptions& options) {
  const MappedFile file(folder / dataset_files::kOffsets);
  const auto offsets = file.as<int64_t>(dataset_files::kOffsets);
  const Windows windows = make_windows(offsets, options);
  cut_values<int32_t>(folder / dataset_files::kItems, windows);
  if (has_times) cut_values<int64_t>(folder / dataset_files::kTimes, windows);
  if (const fs::path values = folder / dataset_files::kValues; fs::exists(values)) {
    cut_values<float>(values, windows);
  }
  cut_ids(folder / dataset_files::kUserIds, users, windows);
  WindowReport report = count_leaks(windows);
  report.events = offsets.back();
  AtomicFile out(folder / dataset_files::kOffsets);
  out.write_array(std::span<const int64_t>(windows.offsets));
  out.commit();
  return report;
}

}  // namespace truenext
