// SPDX-License-Identifier: Apache-2.0
#include "data/data_place.h"

#include "base/error.h"
#include "base/log.h"
#include "data/dataset_files.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_dataset(const fs::path& folder) {
  std::error_code ignored;
  return !folder.empty() && fs::exists(folder / dataset_files::kDescription, ignored);
}

bool is_same_folder(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored);
}

/// The folder by its one name without links.
fs::path real_path(const fs::path& folder, std::error_code& error) {
  const fs::path absolute = fs::absolute(folder, error);
  return error ? fs::path() : fs::weakly_canonical(absolute, error);
}

/// The way is one from the folder itself, not from a link to it.
fs::path go_from_run(const fs::path& run, const std::string& way) {
  if (way.empty()) return "";
  const fs::path as_named = (run / way).lexically_normal();
  std::error_code error;
  const fs::path real = (real_path(run, error) / way).lexically_normal();
  return error || is_same_folder(as_named, real) ? as_named : real;
}

}  // namespace

std::string way_from_run(const fs::path& run, const fs::path& data) {
  std::error_code from_error, to_error;
  const fs::path from = real_path(run, from_error);
  const fs::path to = real_path(data, to_error);
  if (from_error || to_error) return "";
  return to.lexically_relative(from).string();
}

fs::path find_data(const DataPlace& place, const fs::path& run, const std::string& source) {
  const fs::path beside = go_from_run(run, place.from_run);
  if (is_dataset(beside)) {
    if (is_same_folder(beside, place.path)) return place.path;
    log_info("data        {}, where {} has it (data.from_run = \"{}\")", beside.string(), source,
             place.from_run);
    return beside;
  }
  if (is_folder(place.path)) return place.path;
  const std::string other = place.from_run.empty()
                                ? ""
                                : fmt::format(" nor at data.from_run = \"{}\", which is {}",
                                              place.from_run, beside.string());
  fail_data(
      "{}: no such folder; {} names it (data.path = \"{}\", seen from the folder the command runs "
      "in), and there is no dataset there{}; say where it is with --data FOLDER",
      place.path, source, place.path, other);
}

}  // namespace truenext
