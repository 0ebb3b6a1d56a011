// SPDX-License-Identifier: Apache-2.0
// A format is taken only when the lines prove it; else prepare refuses and names the candidates, or
// takes the only one there is and warns.
#include <gtest/gtest.h>

#include <ostream>

#include "data/prepared.h"

namespace truenext {
namespace {

struct Lines {
  const char* name;
  const char* file;
  std::string text;
  const char* format;  ///< the one that is taken, "" = refused
  const char* says;    ///< in the reason, or in the refusal
  const char* warns = "";
  friend std::ostream& operator<<(std::ostream& out, const Lines& lines) {
    return out << lines.name;
  }
};

class RecognitionTest : public testing::TestWithParam<Lines> {};

TEST_P(RecognitionTest, TakesWhatIsProvenAndSaysWhy) {
  const Lines& lines = GetParam();
  const test::TemporaryFolder folder;
  ReaderOptions options;
  options.path = folder.write(lines.file, lines.text);
  std::string format, why, warnings;
  const auto error = test::caught([&] {
    const auto reader = open_events(options);
    format = reader->format();
    why = reader->account().why;
    warnings = fmt::format("{}", fmt::join(reader->account().warnings, "\n"));
  });
  EXPECT_EQ(format, lines.format) << error.message;
  if (format.empty()) {
    EXPECT_EQ(error.code, ExitCode::data);
    EXPECT_TRUE(error.says(lines.says)) << error.message;
    EXPECT_TRUE(error.says("--format")) << error.message;
    return;
  }
  EXPECT_NE(why.find(lines.says), std::string::npos) << why;
  EXPECT_NE(warnings.find(lines.warns), std::string::npos) << warnings;
  if (*lines.warns == '\0') {
    EXPECT_EQ(warnings.find("proves nothing"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, RecognitionTest,
    testing::Values(
        Lines{"a_table_of_blanks_is_no_s3rec", "log", "1 11 978300760\n1 12 978302109\n", "",
              "user \"1\" stands on more than one line"},
        Lines{"times_are_no_items", "log", "1 11 978300760\n2 12 978302109\n", "",
              "a field is a time on every line"},
        Lines{"dates_are_no_items", "log", "1 11 2015-06-07\n2 12 2015-06-08 x\n", "",
              "a field is a time on every line"},
        Lines{"equal_lines_may_be_a_table", "log", "1 11 3\n2 12 4\n", "", "as a table has"},
        Lines{"one_line_may_be_anything", "log", "1 11 3\n", "", "--format s3rec takes them"},
        Lines{"histories_of_their_own", "log", "1 11 12 13\n2 14 12\n", "s3rec",
              "each with a user of its own"},
        Lines{"names_are_no_history", "log", "user item item\n1 2 3 4\n2 3 4\n", "",
              "looks like names, not like a history"},
        Lines{"pairs", "log", "1 11\n1 12\n2 11\n", "pairs", "two fields"},
        Lines{"pairs_apart_by_tabs", "log", "1\t11\n1\t12\n2\t11\n", "pairs", "two fields"},
        Lines{"a_header_above_pairs", "log", "user_id item_id\n1 2\n1 3\n", "pairs",
              "the first line names them"},
        Lines{"a_header_the_other_way_round", "log", "item_id user_id\n1 2\n1 3\n", "",
              "looks like names, not like an event"},
        Lines{"unknown_names_are_no_pair", "log", "Klient Towar\nk1 a1\nk1 a2\n", "",
              "looks like names, not like an event"},
        Lines{"a_time_is_no_item_of_a_pair", "log", "1 2015-06-07\n1 2015-06-08\n", "",
              "the second field is always a time"},
        Lines{"movielens_100k", "u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
              "movielens", "the last one a time"},
        Lines{"times_before_ratings", "u.data", "196\t242\t881250949\t3\n186\t302\t891717742\t3\n",
              "", "the third field is a time, not the fourth"},
        Lines{"small_numbers_prove_nothing", "log", "1\t2\t3\t5\n2\t3\t3\t6\n", "movielens",
              "four fields by tabs", "proves nothing"},
        Lines{"colons_and_too_few_fields", "ratings.dat", "1::2::3\n1::3::4\n", "",
              "not every line has four fields"},
        Lines{"tabs_with_usual_names", "log", "user\titem\n1\t2\n", "tsv", "names user and item"},
        Lines{"semicolons_without_a_name", "log.txt", "Kunde;Artikel\n1;2\n", "",
              "--separator ';'"},
        Lines{"json_is_no_csv", "log", "{\"user\": 1, \"item\": 2}\n", "jsonl", "JSON"},
        Lines{"bytes_are_shown_escaped", "log", std::string("\x01\xff\x02\n"), "",
              "\\x01\\xFF\\x02"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Recognition, TheNamedFormatIsNotQuestioned) {
  const test::TemporaryFolder folder;
  ReaderOptions options;
  options.path = folder.write("log", "1 11 3\n2 12 4\n");
  options.format = "s3rec";
  EXPECT_EQ(test::events_of(options), (test::Lines{"1 11 0 1", "1 3 0 1", "2 12 0 1", "2 4 0 1"}));
}

TEST(Recognition, AUserOfS3RecHasOneLineInTheWholeFile) {
  const test::TemporaryFolder folder;
  std::string text;
  for (int user = 0; user < 50; ++user)
    text += fmt::format("{} 1 2{}\n", user, user % 2 ? " 3" : "");
  ReaderOptions options;
  options.path = folder.write("log", text + "7 1 4 5\n");
  EXPECT_TRUE(test::caught([&] { test::events_of(options); }).says("log:51: user \"7\""));
  options.skip_bad = true;
  const auto reader = open_events(options);
  Event event;
  int events = 0;
  while (reader->next(event)) ++events;
  EXPECT_EQ(events, 125);
  EXPECT_EQ(reader->line_counts().skipped, 1);
}

}  // namespace
}  // namespace truenext
