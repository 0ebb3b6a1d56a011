// SPDX-License-Identifier: Apache-2.0
// Quotes, comments and blanks: what is taken for what, and that it is said.
#include "data/line_reading.h"

namespace truenext {
namespace {

using test::Case;
using test::case_name;
using test::LineReading;
using test::Lines;
using test::TemporaryFolder;

class Quotes : public LineReading {};
TEST_P(Quotes, AreTextUnlessTheyEncloseAField) {
  check();
}

constexpr auto tsv = "user\ttitle\titem\n";
constexpr auto quotes_off = [](ReaderOptions& options) { options.quotes = QuoteOption::off; };
constexpr auto quotes_on = [](ReaderOptions& options) { options.quotes = QuoteOption::on; };

INSTANTIATE_TEST_SUITE_P(
    Table, Quotes,
    testing::Values(
        Case{"tsv_passed_over_open",
             tsv + std::string("a\t\"Unclosed\tx\nb\tS \"half\ty\n"),
             {"a x 0 1", "b y 0 1"},
             ""},
        Case{"tsv_lone",
             tsv + std::string("a\t\"\tx\nb\t\"A\" & \"B\"\ty\n"),
             {"a x 0 1", "b y 0 1"},
             ""},
        Case{"tsv_item_with_quotes",
             tsv + std::string("a\tt\t\"Big Bo\" L\nb\tt\t7\" mix\n"),
             {"a \"Big Bo\" L 0 1", "b 7\" mix 0 1"},
             ""},
        Case{"tsv_whole_field",
             tsv + std::string("\"a\"\tt\t\"x \"\"1\"\"\"\n"),
             {"a x \"1\" 0 1"},
             ""},
        Case{"tsv_on", tsv + std::string("a\t\"one\ttwo\"\tx\n"), {"a x 0 1"}, "", "", quotes_on},
        Case{"csv_text_behind",
             "user,item,title\na,x,\"Big\" Bo\nb,\"A\" 9,t\n",
             {"a x 0 1", "b \"A\" 9 0 1"},
             ""},
        Case{"csv_blanks_around",
             "\"user\", \"item\" ,\"time\"\n\"a\", \"x,1\" ,1\n",
             {"a x,1 1 1"},
             ""},
        Case{"csv_several_lines",
             "user,item,title\na,x,\"one\nb,y,two\nthree\"\nc,z,t\n",
             {"a x 0 1", "c z 0 1"},
             ""},
        Case{"csv_broken_record_of_several_lines",
             "user,item,title\na,x,\"one\nb,y,two\nthree\",4\nc,z,t\n",
             {"c z 0 1"},
             "events:2: 4 fields, want 3",
             "3 broken lines"},
        Case{"csv_off",
             "user,item\n\"a,x\nb,\"y\"\n",
             {"\"a x 0 1", "b \"y\" 0 1"},
             "",
             "",
             quotes_off},
        Case{"csv_never_closed",
             "user,item,title\na,x,\"one\nb,y,two\n",
             {},
             "events:2: a quote is not closed"}),
    case_name);

TEST(QuotesTest, NothingIsReadBehindAQuoteThatIsNeverClosedEvenWithSkipBad) {
  const TemporaryFolder folder;
  ReaderOptions options;
  options.path = folder.write("events.csv", "user,item,title\na,x,\"one\nb,y,two\n");
  options.skip_bad = true;
  const auto error = test::caught([&] { test::events_of(options); });
  EXPECT_EQ(error.code, ExitCode::data);
  EXPECT_TRUE(error.says("events.csv:2:") && error.says("--quotes off")) << error.message;
}

class Comments : public LineReading {};
TEST_P(Comments, AtTheStartArePassedOverAndSaid) {
  check();
}

constexpr auto comments_on = [](ReaderOptions& options) { options.comments = CommentOption::on; };
constexpr auto comments_off = [](ReaderOptions& options) { options.comments = CommentOption::off; };

INSTANTIATE_TEST_SUITE_P(
    Table, Comments,
    testing::Values(
        Case{"csv",
             "# exported 2024-01-01\nuser,item,time\na,x,1\n",
             {"a x 1 1"},
             "",
             "1 comment line at the start"},
        Case{"snap",
             "# Directed list: user item\n# user\titem\n1 10\n1 11\n",
             {"1 10 0 1", "1 11 0 1"},
             "",
             "2 comment lines"},
        Case{"konect",
             "% bip unweighted\n% 8 2 4\n1 10\n% end\n1 11\n",
             {"1 10 0 1", "1 11 0 1"},
             ""},
        Case{"blank_lines_between", "# a\n\n#\n1 10\n", {"1 10 0 1"}, "", "2 comment lines"},
        Case{"behind_a_blank_line",
             "\n# a\n1 10\n1 11\n",
             {"1 10 0 1", "1 11 0 1"},
             "",
             "1 comment line"},
        Case{"between_pairs", "# a\n1 10\n# the second part\n1 11\n", {"1 10 0 1", "1 11 0 1"}, ""},
        Case{"tags_as_ids",
             "#love 1\n#hate 2\n",
             {"#love 1 0 1", "#hate 2 0 1"},
             "",
             "taken as events"},
        Case{"tags_among_others",
             "#love 1\nx 2\n#hate 3\n",
             {"#love 1 0 1", "x 2 0 1", "#hate 3 0 1"},
             "",
             "taken as events"},
        Case{"in_the_middle",
             "1 10\n# 11\n1 12\n",
             {"1 10 0 1", "1 12 0 1"},
             "events:2: the user is \"#\""},
        Case{"in_the_middle_on",
             "1 10\n# 11\n1 12\n",
             {"1 10 0 1", "1 12 0 1"},
             "",
             "",
             comments_on},
        Case{"off", "# 10\n% 11\n", {"# 10 0 1", "% 11 0 1"}, "", "", comments_off}),
    case_name);

class Blanks : public LineReading {};
TEST_P(Blanks, AroundFieldsAreTakenOffAndSaid) {
  check();
  EXPECT_GT(counts_.trimmed, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Blanks,
    testing::Values(
        Case{"csv",
             "user_id, item_id\nu1, a\nu1,a\n",
             {"u1 a 0 1", "u1 a 0 1"},
             "",
             "blanks around 1 fields"},
        Case{"time", "user,item,time\na,x, 5 \n", {"a x 5 1"}, "", "blanks around 1 fields"},
        Case{"tsv", "user\titem\na \tx\n", {"a x 0 1"}, "", "blanks around 1 fields"},
        Case{"date", "user,item,time\na,x, 1970-01-02 00:00:00 UTC\n", {"a x 86400 1"}, ""}),
    case_name);

}  // namespace
}  // namespace truenext
