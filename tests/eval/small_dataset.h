// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "data/dataset.h"
#include "data/prepare.h"

namespace upnext {

/// A temporary folder, gone with the object.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("upnext-eval-" + name + "-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Prepares a CSV file (user,item,time) with one validation and one test item per user.
inline Dataset prepare_csv(const std::filesystem::path& log, const std::filesystem::path& out) {
  PrepareOptions options;
  options.source.path = log.string();
  options.source.format = "csv";
  options.out = out;
  prepare_dataset(options);
  return Dataset::open(out);
}

inline Dataset small_dataset(const ScratchFolder& folder, const std::string& csv) {
  write_file_atomically(folder / "log.csv", "user,item,time\n" + csv);
  return prepare_csv(folder / "log.csv", folder / "data");
}

}  // namespace upnext
