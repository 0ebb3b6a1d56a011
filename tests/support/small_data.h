// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/random.h"
#include "data/prepare.h"
#include "support/temporary_folder.h"

namespace truenext::test {

/// "user item" lines of users who walk through a ring of items with a few jumps, so that the next
/// item can be learned.
inline std::string ring_log(int users, int items, int length, uint64_t seed = 1) {
  RandomStream random(random_key(seed, Purpose::simulate));
  std::string text;
  for (int user = 0; user < users; ++user) {
    auto item = random.below(static_cast<uint32_t>(items));
    const int own = length - static_cast<int>(random.below(static_cast<uint32_t>(length / 2 + 1)));
    for (int i = 0; i < own; ++i) {
      text += "u" + std::to_string(user) + " i" + std::to_string(item) + "\n";
      item = random.uniform() < 0.9 ? (item + 1) % static_cast<uint32_t>(items)
                                    : random.below(static_cast<uint32_t>(items));
    }
  }
  return text;
}

/// Prepares "user item" lines as a leave-last 1/1 dataset in `folder`/`name` and returns that path.
/// `attributes` are lines "item,attribute", if any.
inline std::filesystem::path prepare_pairs(const TemporaryFolder& folder, const std::string& pairs,
                                           const std::string& name = "data",
                                           const std::string& attributes = "") {
  write_file_atomically(folder / "log.txt", pairs);
  PrepareOptions options;
  options.source.path = (folder / "log.txt").string();
  options.source.format = "pairs";
  options.out = folder / name;
  if (!attributes.empty()) {
    write_file_atomically(folder / "attributes.csv", attributes);
    options.attributes = (folder / "attributes.csv").string();
    options.attribute_options.columns = "item,attribute";
  }
  prepare_dataset(options);
  return options.out;
}

/// Lines "item,attribute" of the items of ring_log(): some have two, some none.
inline std::string ring_attributes(int items, const std::string& prefix = "") {
  std::string text;
  for (int item = 0; item < items; ++item) {
    const auto line = [&](int attribute) {
      text += "i" + std::to_string(item) + "," + prefix + "a" + std::to_string(attribute) + "\n";
    };
    if (item % 5 != 0) line(item % 4);
    if (item % 3 == 0) line(4 + item % 2);
  }
  return text;
}

/// Prepares ring_log() as a leave-last 1/1 dataset in `folder`/data and returns that path.
inline std::filesystem::path ring_dataset(const TemporaryFolder& folder, int users = 60,
                                          int items = 40, int length = 12) {
  return prepare_pairs(folder, ring_log(users, items, length));
}

}  // namespace truenext::test
