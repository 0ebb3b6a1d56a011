// SPDX-License-Identifier: Apache-2.0
// Which column is taken for what, on which evidence, and what is said where more than one would do.
#include <gtest/gtest.h>

#include <ostream>

#include "data/prepared.h"
#include "data/time_look.h"

namespace truenext {
namespace {

struct Table {
  const char* name;
  std::string text;
  const char* taken;      ///< "user item time" by name, "-" = none; "" = refused
  const char* says = "";  ///< in the warnings or in the refusal; nothing = no warning at all
  const char* columns = "";
  bool header = true;
  friend std::ostream& operator<<(std::ostream& out, const Table& table) {
    return out << table.name;
  }
};

class ColumnsTest : public testing::TestWithParam<Table> {};

std::string taken(const SourceAccount& account) {
  std::string names[] = {"-", "-", "-"};
  for (const TakenColumn& column : account.columns) {
    if (column.role == "user") names[0] = column.name;
    if (column.role == "item") names[1] = column.name;
    if (column.role == "time") names[2] = column.name;
  }
  return names[0] + ' ' + names[1] + ' ' + names[2];
}

TEST_P(ColumnsTest, TakesTheBestAndNamesTheOthers) {
  const Table& table = GetParam();
  const test::TemporaryFolder folder;
  ReaderOptions options;
  options.path = folder.write("log", table.text);
  options.format = table.text.starts_with('{') ? "jsonl" : "csv";
  options.columns = table.columns;
  options.header = table.header;
  std::string found, warnings;
  const auto error = test::caught([&] {
    const auto reader = open_events(options);
    found = taken(reader->account());
    warnings = fmt::format("{}", fmt::join(reader->account().warnings, "\n"));
  });
  EXPECT_EQ(found, table.taken) << error.message;
  const std::string& said = found.empty() ? error.message : warnings;
  EXPECT_NE(said.find(table.says), std::string::npos) << said;
  if (*table.says == '\0') {
    EXPECT_EQ(said, "");
  }
  if (found.empty()) {
    EXPECT_EQ(error.code, ExitCode::data);
  }
}

/// A table with the named column of times beside user and item.
Table time_named(const char* name, const char* column, const char* value, const char* taken) {
  return {name, fmt::format("user,item,{}\n1,2,{}\n1,3,{}\n1,4,{}\n", column, value, value, value),
          taken};
}

INSTANTIATE_TEST_SUITE_P(
    NamesOfTimes, ColumnsTest,
    testing::Values(
        time_named("created_at", "created_at", "2015-06-07", "user item created_at"),
        time_named("event_dt", "event_dt", "2015-06-07", "user item event_dt"),
        time_named("event_date", "event_date", "2015-06-07", "user item event_date"),
        time_named("purchase_date", "purchase_date", "2015-06-07", "user item purchase_date"),
        time_named("visited_at", "visited_at", "2015-06-07", "user item visited_at"),
        time_named("last_watch_dt", "last_watch_dt", "2021-05-11", "user item last_watch_dt"),
        time_named("t_dat", "t_dat", "2018-09-20", "user item t_dat"),
        time_named("epoch", "epoch", "978300760", "user item epoch"),
        time_named("unixtime", "UnixTime", "5", "user item UnixTime"),
        time_named("ts", "ts", "5", "user item ts"),
        time_named("review_time", "review_time", "978300760", "user item review_time"),
        time_named("utc", "utc", "978300760", "user item utc"),
        time_named("not_on_any_list", "lastPlayedAt", "978300760", "user item lastPlayedAt"),
        time_named("order_purchase_timestamp", "order_purchase_timestamp", "2017-10-02 10:56:33",
                   "user item order_purchase_timestamp")),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    SeveralFit, ColumnsTest,
    testing::Values(
        Table{"two_users", "sessionId,userId,itemId,time\n1,u,2,3\n1,v,3,4\n", "userId itemId time",
              "several columns fit the user: \"userId\" is taken, \"sessionId\" would fit too; "
              "--user-column sessionId"},
        Table{"a_user_that_is_often_missing", "session,user,item,time\n1,NA,2,3\n1,v,3,4\n",
              "user item time", "(missing in 1 of the first 2 rows)"},
        Table{"two_keys_of_items",
              "{\"asin\": \"V0\", \"parent_asin\": \"P0\", \"user_id\": \"u\", \"timestamp\": "
              "1600000000123}\n",
              "user_id asin timestamp", "\"parent_asin\" would fit too; --item-column parent_asin"},
        Table{"two_times", "user,item,timeframe,eventdate\n1,2,4000,2016-05-01\n",
              "user item eventdate", "\"timeframe\" may be one too"},
        Table{"numbers_that_tell_when_before_others",
              "user,item,time,timestamp\n1,2,8,978300760\n1,3,9,978300761\n", "user item timestamp",
              "\"time\" may be one too"},
        Table{"a_written_time_that_is_not_read",
              "{\"reviewerID\": 1, \"asin\": 2, \"reviewTime\": \"09 4, 2015\", "
              "\"unixReviewTime\": 1441324800}\n",
              "reviewerID asin unixReviewTime"},
        Table{"a_birthday_is_no_event", "user,item,birth_date\n1,2,1980-01-01\n", "user item -",
              "\"birth_date\" may be one (1980-01-01): the order of the file decides"},
        Table{"dates_in_an_unused_column",
              "user,item,time,Lieferung\n1,2,3,2016-05-01\n1,3,4,2016-05-02\n", "user item time",
              "\"Lieferung\" may be one too"},
        Table{"a_form_that_is_not_read", "user,item,Tag\n1,2,01/05/2016\n", "user item -",
              "its form is not read: write 2016-05-01"},
        Table{"german_names", "Kunde;Artikel;Bestelldatum\n17;a5;01.05.2016\n",
              "Kunde Artikel Bestelldatum"},
        Table{"semicolons_and_decimal_commas", "Kunde;Artikel;Preis;Datum\n1;2;3,5;1.5.2016\n",
              "Kunde Artikel Datum"},
        Table{"commas_between_quoted_texts", "user,item,time\n\"a;b\",\"c;d\",978300760\n",
              "user item time"},
        Table{"a_clock_beside_a_date", "user,item,date,time\n1,2,2015-06-07,10:51:09\n",
              "user item date", "\"time\" holds times of day and is not used"},
        Table{"a_clock_alone", "user,item,uhr\n1,2,10:51\n", "user item -",
              "it holds times of day: join it with the day"},
        Table{"a_readable_time_before_a_better_name",
              "user,item,date,event_ts\n1,2,28/02/2015,978300760\n1,3,01/03/2015,978300761\n",
              "user item event_ts"},
        Table{"one_date_that_is_none",
              "user,item,clickTime\n1,2,0000-00-00 00:00:00\n1,3,2015-06-07 10:51:09\n",
              "user item clickTime"},
        Table{"values_by_position", "1,2,5\n1,3,4\n", "field 1 field 2 field 3",
              "if they are values, say --columns user,item,value", "", false},
        Table{"no_time_at_all", "user,item\n1,2\n", "user item -",
              "no column was found for the time: the order of the file decides"},
        Table{"ids_that_look_like_times", "user,item,time\n1,978300760,1\n1,978300761,2\n",
              "user item time"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Refused, ColumnsTest,
    testing::Values(
        Table{"polish_names", "Klient,Towar,Kiedy\n17,a5,01.05.2016\n18,a6,02.05.2016\n", "",
              "among \"Klient\", \"Towar\", \"Kiedy\"; the first row is Klient = 17, Towar = a5, "
              "Kiedy = 01.05.2016; say which is which, for example --user-column Klient "
              "--item-column Towar --time-column Kiedy"},
        Table{"another_separator_on_some_lines", "user;item;time\n1;2\n", "",
              "the line is one field, but holds \";\": --separator ';'"},
        Table{"an_event_for_a_header", "1,a,978300760,5\n2,b,978300761,4\n", "",
              "if the first line is an event --columns user,item,time,-"},
        Table{"dates_for_items", "1,2015-06-07,300100,0\n1,2015-06-08,300101,0\n", "",
              "field 2 holds times (2015-06-07), yet is taken for the item; the first row is "
              "field 1 = 1, field 2 = 2015-06-07, field 3 = 300100, field 4 = 0; say which is "
              "which, for example --columns user,time,item,-",
              "", false},
        Table{"dates_for_users", "2015-06-07,1,2\n2015-06-08,1,3\n", "",
              "for example --columns time,user,item", "", false},
        Table{"numbers_for_items_that_are_times", "1,978300760,7\n1,978300761,8\n", "",
              "for example --columns user,time,item", "", false},
        Table{"times_before_ratings", "1,a,978300760,5\n2,b,978300761,4\n", "",
              "for example --columns user,item,time,-", "", false},
        Table{"pairs_of_users_and_dates", "1,2015-06-07\n1,2015-06-08\n", "", "field 2 holds times",
              "", false}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    WithoutHeader, ColumnsTest,
    testing::Values(Table{"the_usual_order", "1,a,3,978300760\n2,b,4,978300761\n",
                          "field 1 field 2 field 4", "", "", false},
                    Table{"named_by_an_option", "1,2015-06-07,300100,0\n",
                          "field 1 field 3 field 2", "", "user,time,item,-"},
                    Table{"an_option_that_leaves_the_dates_out", "1,2015-06-07,300100,0\n",
                          "field 1 field 3 -", "--columns user,time,item,- takes it",
                          "user,-,item,-"},
                    Table{"an_option_that_takes_dates_for_items", "1,2015-06-07,300100\n",
                          "field 1 field 2 field 3", "yet is taken for the item",
                          "user,item,time"}),
    [](const auto& row) { return std::string(row.param.name); });

struct Look {
  std::vector<std::string> values;
  TimeLook look;
};

TEST(TimeLook, JudgesAllValuesButTheMissing) {
  for (const Look& row :
       std::vector<Look>{{{}, TimeLook::unknown},
                         {{"", "NA", "\\N"}, TimeLook::unknown},
                         {{"2015-06-07", "NA"}, TimeLook::date},
                         {{"2015-06-07", "soon"}, TimeLook::other},
                         {{"978300760", "978300761"}, TimeLook::epoch},
                         {{"1600000000123", "1600000001123"}, TimeLook::epoch},
                         {{"978300760"}, TimeLook::number},
                         {{"978300760", "17"}, TimeLook::number},
                         {{"20160501", "20160502"}, TimeLook::epoch},
                         {{"20169901", "20160502"}, TimeLook::number},
                         {{"10:51", "9:02:03"}, TimeLook::clock},
                         {{"01/05/2016", "1/5/16", "1.5.16"}, TimeLook::other_date},
                         {{"01.05.2016", "1.5.2016 10:51"}, TimeLook::date},
                         {{"5/1/2016 10:51"}, TimeLook::other_date},
                         {{"1.2.3.4", "5.6.7.8"}, TimeLook::other},
                         {{"192-16-1"}, TimeLook::other}}) {
    EXPECT_EQ(time_look(row.values), row.look) << fmt::format("{}", fmt::join(row.values, " "));
  }
}

TEST(Account, IsPartOfTheDescriptionAndTheSameEveryTime) {
  const test::TemporaryFolder folder;
  auto options = test::csv_options(folder, "session,user,item,time,x\n1,u\x01,b,3,4\n1,v,c,4,5\n");
  const PrepareReport report = prepare_dataset(options);
  EXPECT_EQ(columns_text(report.source),
            "user \"user\" = u\\x01, item \"item\" = b, time \"time\" = 3, no value");
  EXPECT_EQ(report.source.unused, (std::vector<std::string>{"session", "x"}));
  const std::string description = test::file_bytes(options.out / "dataset.json");
  for (const char* part : {"\"taken\"", "\"first\": \"b\"", "\"also_fits\"", "\"session\"",
                           "several columns fit the user"}) {
    EXPECT_NE(description.find(part), std::string::npos) << part;
  }
  prepare_dataset(options);
  EXPECT_EQ(test::file_bytes(options.out / "dataset.json"), description);
}

TEST(Account, FormatsWithoutColumnsShowTheirFirstEvent) {
  const test::TemporaryFolder folder;
  auto options = test::csv_options(folder, "u a b c\nv a\n");
  options.source.format = "s3rec";
  EXPECT_EQ(columns_text(prepare_dataset(options).source),
            "user \"field 1\" = u, item \"fields 2 and on\" = a, no time, no value");
}

TEST(ChosenColumns, MayBeCalledLikeTheUsualOnes) {
  const test::TemporaryFolder folder;
  ReaderOptions options;
  options.path = folder.write("log.csv", "user,item,time,timestamp\n1,2,8,978300760\n");
  options.time_column = "time";
  const auto reader = open_events(options);
  EXPECT_EQ(taken(reader->account()), "user item time");
  EXPECT_TRUE(reader->account().warnings.empty());
}

TEST(ChosenColumns, OfSessionsWarnOfAnotherUser) {
  const test::TemporaryFolder folder;
  ReaderOptions options;
  options.path = folder.write("log", "UserId\tSessionId\tItemId\tTime\nu\t1\t2\t3\n");
  EXPECT_EQ(taken(open_events(options)->account()), "SessionId ItemId Time");
  EXPECT_EQ(open_events(options)->account().warnings.size(), 1u);
  options.user_column = "UserId";
  EXPECT_EQ(taken(open_events(options)->account()), "UserId ItemId Time");
}

TEST(ChosenColumns, AreNeverPassedOver) {
  const test::TemporaryFolder folder;
  ReaderOptions options;
  options.columns = "item,user,value,time";
  options.path = folder.write("u.data", "1\t2\t3\t881250949\n1\t3\t3\t881250950\n");
  EXPECT_EQ(open_events(options)->format(), "tsv");
  options.format = "movielens";
  const auto error = test::caught([&] { open_events(options); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("--columns goes with --format csv and tsv")) << error.message;
}

}  // namespace
}  // namespace truenext
