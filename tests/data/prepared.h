// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/events.h"
#include "data/prepare.h"
#include "support/test_files.h"

namespace truenext::test {

/// Options that prepare `text`, written as a CSV file with a header, to "out" in the folder.
inline PrepareOptions csv_options(const TemporaryFolder& folder, std::string_view text) {
  PrepareOptions options;
  options.source.path = folder.write("events.csv", text);
  options.source.format = "csv";
  options.out = folder / "out";
  options.overwrite = true;
  return options;
}

inline Dataset prepared(const PrepareOptions& options) {
  prepare_dataset(options);
  return Dataset::open(options.out);
}

/// "user: item item ..." for every user, raw ids, blank-separated.
inline std::vector<std::string> sequences(const Dataset& dataset) {
  std::vector<std::string> lines;
  for (int64_t user = 0; user < dataset.num_users(); ++user) {
    std::string line = std::string(dataset.users().raw(user)) + ":";
    for (const int32_t item : dataset.histories().row(user)) {
      line += ' ';
      line += dataset.items().raw(item);
    }
    lines.push_back(line);
  }
  return lines;
}

/// "user item time value" for every event that a reader gives.
inline std::vector<std::string> events_of(const ReaderOptions& options) {
  const auto reader = open_events(options);
  std::vector<std::string> events;
  Event event;
  while (reader->next(event)) {
    events.push_back(fmt::format("{} {} {} {}", event.user, event.item, event.time, event.value));
  }
  return events;
}

using Lines = std::vector<std::string>;

}  // namespace truenext::test
