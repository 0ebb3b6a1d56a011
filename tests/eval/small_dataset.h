// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "data/dataset.h"
#include "data/prepare.h"
#include "support/test_files.h"

namespace truenext {

/// Prepares a CSV file (user,item,time) with one validation and one test item per user.
inline Dataset prepare_csv(const std::filesystem::path& log, const std::filesystem::path& out) {
  PrepareOptions options;
  options.source.path = log.string();
  options.source.format = "csv";
  options.out = out;
  prepare_dataset(options);
  return Dataset::open(out);
}

inline Dataset small_dataset(const test::TemporaryFolder& folder, const std::string& csv) {
  return prepare_csv(folder.write("log.csv", "user,item,time\n" + csv), folder / "data");
}

}  // namespace truenext
