// SPDX-License-Identifier: Apache-2.0
// Counts of CSRec's windows on its own data (spec of CSRec, sections 3.1, 5.2 and 6).
#include <gtest/gtest.h>

#include "data/dataset_summary.h"
#include "data/prepared.h"
#include "data/windows.h"

namespace truenext {
namespace {

struct Golden {
  int64_t length, windows;
  int64_t prefixes, events;  ///< 0 = not published
  double leaked_test, leaked_valid;
};

TEST(CsrecWindows, LastFmHasThePublishedCounts) {
  const std::string source = std::string(TRUENEXT_SHARED_DATA) + "/csrec/lastfm_small.csv";
  if (!std::filesystem::exists(source)) GTEST_SKIP() << "not there: " << source;
  const test::TemporaryFolder folder;
  for (const Golden& want : {Golden{20, 3'173, 48'307, 57'826, 438 / 3173.0, 448 / 3173.0},
                             Golden{10, 5'728, 0, 0, 0.092, 0.098}}) {
    PrepareOptions options;
    options.source.path = source;
    options.out = folder / "out";
    options.overwrite = true;
    options.split.method = SplitMethod::windows;
    options.split.window_length = want.length;
    const PrepareReport report = prepare_dataset(options);
    ASSERT_TRUE(report.windows.has_value());
    const WindowReport& windows = *report.windows;
    EXPECT_EQ(windows.windows, want.windows);
    EXPECT_EQ(windows.held_out, want.windows);
    EXPECT_EQ(windows.users, 1'090);
    EXPECT_EQ(windows.events, 52'551);
    EXPECT_EQ(windows.before_others, want.windows - 1'090);
    const auto count = static_cast<double>(want.windows);
    EXPECT_NEAR(static_cast<double>(windows.leaked_test) / count, want.leaked_test, 5e-4);
    EXPECT_NEAR(static_cast<double>(windows.leaked_valid) / count, want.leaked_valid, 5e-4);
    const DatasetSummary summary = summarise(Dataset::open(options.out));
    EXPECT_EQ(summary.users, want.windows);
    EXPECT_EQ(summary.items, 3'646);
    EXPECT_EQ(summary.test.users, want.windows);
    EXPECT_EQ(summary.valid.users, want.windows);
    EXPECT_EQ(summary.test.in_history, 0);
    EXPECT_EQ(summary.history_lengths.max, want.length);
    if (want.prefixes == 0) continue;
    EXPECT_EQ(windows.leaked_test, 438);
    EXPECT_EQ(windows.leaked_valid, 448);
    EXPECT_EQ(windows.prefixes, want.prefixes);
    EXPECT_EQ(summary.events, want.events);
  }
}

}  // namespace
}  // namespace truenext
