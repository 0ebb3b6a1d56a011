// SPDX-License-Identifier: Apache-2.0
// What prepare does with input that is wrong: the message, the exit status, and nothing left
// behind.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ostream>

#include "data/prepared.h"
#include "support/compressed.h"

namespace truenext {
namespace {

using test::caught;
using test::csv_options;
using test::TemporaryFolder;

struct BadInput {
  const char* name;
  const char* format;
  std::string text;
  const char* message;
  friend std::ostream& operator<<(std::ostream& out, const BadInput& bad) {
    return out << bad.name;
  }
};

class BadInputTest : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputTest, StopsWithAMessageAndLeavesNothing) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, GetParam().text);
  options.source.format = GetParam().format;
  const auto error = caught([&] { prepare_dataset(options); });
  EXPECT_EQ(error.code, ExitCode::data);
  EXPECT_TRUE(error.says(GetParam().message)) << error.message;
  EXPECT_TRUE(error.says("events.csv")) << error.message;
  EXPECT_EQ(folder.listing(), "events.csv ");
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadInputTest,
    testing::Values(
        BadInput{"empty", "auto", "", "the file is empty"},
        BadInput{"empty_csv", "csv", "", "the file is empty"},
        BadInput{"empty_pairs", "pairs", "", "no events"},
        BadInput{"empty_movielens", "movielens", "", "the file is empty"},
        BadInput{"empty_json", "jsonl", "", "the file is empty"},
        BadInput{"blank_lines", "auto", "\n\n \n", "the file is empty"},
        BadInput{"header_only", "csv", "user,item,time\n", "no events"},
        BadInput{"missing_column", "csv", "user,thing,time\n1,2,3\n", ":1: no column \"item\""},
        BadInput{"time_is_text", "csv", "user,item,time\n1,2,3\n1,2,soon\n",
                 ":3: the time is \"soon\""},
        BadInput{"time_is_empty", "csv", "user,item,time\n1,2,\n", ":2: the time is \"\""},
        BadInput{"field_missing", "csv", "user,item,time\n1,2,3\n1,2\n", ":3: 2 fields, want 3"},
        BadInput{"field_too_many", "csv", "user,item,time\n1,2,3,4\n", ":2: 4 fields, want 3"},
        BadInput{"user_empty", "csv", "user,item,time\n,2,3\n", ":2: the user is empty"},
        BadInput{"item_empty", "csv", "user,item,time\n1,,3\n", ":2: the item is empty"},
        BadInput{"quote_open", "csv", "user,item,time\n1,\"2,3\n", ":2: a quote is not closed"},
        BadInput{"empty_foursquare", "foursquare", "", "no events"},
        BadInput{"check_in_short", "foursquare", "1\tv\tc\tBar\t40.7\t-74.0\t-240\n",
                 ":1: 7 fields, want 8"},
        BadInput{"check_in_time", "foursquare",
                 "1\tv\tc\tBar\t40.7\t-74.0\t-240\tTue Apr 31 18:00:09 +0000 2012\n",
                 ":1: the time is \"Tue Apr 31"},
        BadInput{"pairs_of_three", "pairs", "1 2\n1 2 3\n", ":2: want two fields"},
        BadInput{"empty_steam", "steam", "", "no events"},
        BadInput{"steam_of_silent_users", "steam", "{'user_id': 'u', 'reviews': []}\n",
                 "no events"},
        BadInput{"steam_cut_off", "steam", "{'user_id': 'u', 'reviews': []}\n{'user_id': 'u",
                 ":2: column 13: the text is not closed"},
        BadInput{"truncated_gzip", "auto", test::gzipped("1 2\n1 3\n1 4\n1 5\n").substr(0, 20),
                 "ends early"},
        BadInput{"binary", "auto", std::string("\x89PNG\r\n\x1a\n\0\0", 10), "a PNG image"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(SkipBad, CountsBrokenLinesAndGoesOn) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item,time\n1,a,1\nrubbish\n1,b,2\n1,c,soon\n");
  options.source.skip_bad = true;
  const PrepareReport report = prepare_dataset(options);
  EXPECT_EQ(report.lines_skipped, 2);
  EXPECT_EQ(report.events, 2);
  options.source.path = folder.write("bad.csv", "user,item,time\nx\ny\n");
  EXPECT_TRUE(caught([&] { prepare_dataset(options); }).says("2 broken lines"));
}

TEST(OddInput, OneUserAndOneItemAreADataset) {
  const TemporaryFolder folder;
  const auto one_user = csv_options(folder, "user,item,time\n1,a,1\n1,b,2\n1,c,3\n");
  EXPECT_EQ(test::prepared(one_user).splits()[0], (SplitPoint{1, 1, 2, 2, 3}));
  const auto one_item = csv_options(folder, "user,item,time\n1,a,1\n2,a,2\n3,a,3\n");
  const PrepareReport report = prepare_dataset(one_item);
  EXPECT_EQ(report.items, 1);
  EXPECT_EQ(report.users_without_test, 3);
  EXPECT_EQ(test::prepared(csv_options(folder, "user,item\n1,a\n")).num_events(), 1);
}

TEST(OddInput, NothingLeftAfterTheFiltersIsAnError) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item,time\n1,a,1\n2,b,2\n");
  options.min_user_events = 2;
  const auto error = caught([&] { prepare_dataset(options); });
  EXPECT_EQ(error.code, ExitCode::data);
  EXPECT_TRUE(error.says("no events are left")) << error.message;
  EXPECT_EQ(folder.listing(), "events.csv ");
}

TEST(OddInput, MissingFilesAndFoldersAreNamed) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item\n1,a\n");
  options.source.path = folder / "missing.csv";
  auto error = caught([&] { prepare_dataset(options); });
  EXPECT_EQ(error.code, ExitCode::data);
  EXPECT_TRUE(error.says("missing.csv: cannot read: No such file"));
  options.source.path = folder.path().string();
  options.source.format = "auto";
  EXPECT_EQ(caught([&] { prepare_dataset(options); }).code, ExitCode::data);
}

TEST(OddInput, ExistingOutputIsLeftAlone) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item\n1,a\n");
  options.overwrite = false;
  prepare_dataset(options);
  const std::string before = test::file_bytes(folder / "out/dataset.json");
  const auto error = caught([&] { prepare_dataset(options); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("--overwrite"));
  EXPECT_EQ(test::file_bytes(folder / "out/dataset.json"), before);
}

// In a child that is nobody: root may read everything.
TEST(OddInput, FilesWithoutPermissionAreNamed) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item\n1,a\n");
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  std::filesystem::permissions(options.source.path, std::filesystem::perms::none);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(2);
    const auto error = caught([&] { prepare_dataset(options); });
    const bool good =
        error.code == ExitCode::data && error.says("events.csv: cannot read: Permission");
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(folder.listing(), "events.csv ");
}

TEST(OddInput, OutputFoldersThatCannotBeMadeAreNamed) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item\n1,a\n");
  options.out = folder.write("file", "text") + "/out";
  const auto error = caught([&] { prepare_dataset(options); });
  EXPECT_EQ(error.code, ExitCode::data);
  EXPECT_TRUE(error.says("file")) << error.message;
}

}  // namespace
}  // namespace truenext
