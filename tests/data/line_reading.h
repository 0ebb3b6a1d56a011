// SPDX-License-Identifier: Apache-2.0
// A text, what is read of it and what is said: the table of the tests of lines.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "data/prepared.h"

namespace truenext::test {

struct Case {
  const char* name;
  std::string text;
  Lines events;         ///< "user item time value" of what is read, the lines refused left out
  const char* refusal;  ///< of the first refused line when nothing is skipped; "" when all are read
  const char* warning = "";
  void (*set)(ReaderOptions&) = nullptr;
  const char* format = "auto";
  friend std::ostream& operator<<(std::ostream& out, const Case& row) { return out << row.name; }
};

inline std::string case_name(const testing::TestParamInfo<Case>& row) {
  return row.param.name;
}

/// Reads with and without skip_bad.
class LineReading : public testing::TestWithParam<Case> {
 protected:
  void check() {
    const Case& row = GetParam();
    ReaderOptions options;
    options.path = folder_.write("events", row.text);
    options.format = row.format;
    if (row.set != nullptr) row.set(options);
    const auto error = caught([&] { events_of(options); });
    EXPECT_EQ(error.code, *row.refusal == '\0' ? ExitCode::ok : ExitCode::data) << error.message;
    EXPECT_TRUE(error.says(row.refusal)) << error.message;
    options.skip_bad = true;
    std::vector<std::string> events, said;
    const auto say = [&](const std::vector<std::string>& more) {
      said.insert(said.end(), more.begin(), more.end());
    };
    const auto fatal = caught([&] {
      const auto reader = open_events(options);
      for (Event event; reader->next(event);) {
        events.push_back(
            fmt::format("{} {} {} {}", event.user, event.item, event.time, event.value));
      }
      say(reader->account().warnings);
      say(reader->account().passed_over);
      say(reader->warnings());
      counts_ = reader->line_counts();
    });
    fatal_ = fatal.code != ExitCode::ok;
    if (!fatal_) {
      EXPECT_EQ(events, row.events);
      EXPECT_EQ(counts_.skipped > 0, *row.refusal != '\0');
    }
    const std::string all = fmt::format("{}", fmt::join(said, "\n"));
    EXPECT_NE(all.find(row.warning), std::string::npos) << all;
  }
  TemporaryFolder folder_;
  LineCounts counts_;
  bool fatal_ = false;
};

}  // namespace truenext::test
