// SPDX-License-Identifier: Apache-2.0
#include "data/data_place.h"

#include "base/error.h"
#include "base/log.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_same_folder(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored);
}

}  // namespace

std::string way_from_run(const fs::path& run, const fs::path& data) {
  std::error_code from_error, to_error;
  const fs::path from = fs::weakly_canonical(fs::absolute(run, from_error), from_error);
  const fs::path to = fs::weakly_canonical(fs::absolute(data, to_error), to_error);
  if (from_error || to_error) return "";
  return to.lexically_relative(from).string();
}

fs::path find_data(const DataPlace& place, const fs::path& run, const std::string& source) {
  const fs::path beside =
      place.from_run.empty() ? fs::path() : (run / place.from_run).lexically_normal();
  if (is_folder(beside)) {
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
