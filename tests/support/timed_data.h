// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <sstream>
#include <string>

#include "base/file.h"
#include "base/random.h"
#include "data/prepare.h"
#include "support/temporary_folder.h"

namespace truenext::test {

/// Lines "user,item,time" of lines "user item": gaps of a second to a month.
inline std::string timed_log(const std::string& pairs, uint64_t seed = 2) {
  RandomStream random(random_key(seed, Purpose::simulate));
  std::istringstream lines(pairs);
  std::string text = "user,item,time\n";
  int64_t time = 1'000'000'000;
  for (std::string user, item; lines >> user >> item;) {
    time += int64_t{1} << random.below(22);
    text += user + "," + item + "," + std::to_string(time) + "\n";
  }
  return text;
}

/// Prepares lines "user,item,time" below their header as a leave-last 1/1 dataset in
/// `folder`/`name` and returns that path.
inline std::filesystem::path prepare_timed(const TemporaryFolder& folder, const std::string& log,
                                           const std::string& name = "data") {
  write_file_atomically(folder / (name + ".csv"), log);
  PrepareOptions options;
  options.source.path = (folder / (name + ".csv")).string();
  options.source.format = "csv";
  options.out = folder / name;
  prepare_dataset(options);
  return options.out;
}

}  // namespace truenext::test
