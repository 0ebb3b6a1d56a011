// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "data/prepared.h"
#include "support/compressed.h"

namespace truenext {
namespace {

using test::caught;
using test::events_of;
using test::Lines;

class Readers : public testing::Test {
 protected:
  ReaderOptions file(std::string_view text, const char* format, const char* name = "events") {
    ReaderOptions options;
    options.path = folder_.write(name, text);
    options.format = format;
    return options;
  }
  std::string format_of(std::string_view text, const char* name = "events") {
    return open_events(file(text, "auto", name))->format();
  }
  test::TemporaryFolder folder_;
};

const Lines kTwo{"1 a 5 3", "2 b 6 4"};

TEST_F(Readers, CsvFindsColumnsByName) {
  EXPECT_EQ(events_of(file("time,x,user,rating,item\n5,?,1,3,a\n6,?,2,4,b\n", "csv")), kTwo);
  EXPECT_EQ(events_of(file("timestamp,reviewerID,Rating,asin\r\n5,1,3,a\r\n6,2,4,b\r\n", "csv")),
            kTwo);
  auto options = file("who,what,when,how\n1,a,5,3\n2,b,6,4\n", "csv");
  options.user_column = "who";
  options.item_column = "what";
  options.time_column = "when";
  options.value_column = "how";
  EXPECT_EQ(events_of(options), kTwo);
}

TEST_F(Readers, CsvWithoutHeaderTakesNamesOrTheUsualOrder) {
  auto options = file("1,a,3,5\n2,b,4,6\n", "csv");
  options.header = false;
  EXPECT_EQ(events_of(options), kTwo);
  options = file("5,skipped,1,a,3\n6,skipped,2,b,4\n", "csv");
  options.columns = "time,-,user,item,value";
  EXPECT_EQ(events_of(options), kTwo);
  options.columns = "";
  options.header = false;
  EXPECT_TRUE(caught([&] { open_events(options); }).says("--columns user,item,-,time"));
}

TEST_F(Readers, CsvUnderstandsQuotesAndAnySeparator) {
  EXPECT_EQ(events_of(file("user,item,time\n\"1\",\"a, \"\"b\"\"\",5\n", "csv")),
            (Lines{"1 a, \"b\" 5 1"}));
  auto options = file("user|item|time|value\n1|a|5|3\n2|b|6|4\n", "csv");
  options.separator = "pipe";
  EXPECT_EQ(events_of(options), kTwo);
}

TEST_F(Readers, CsvWithoutTimeSaysSo) {
  const auto reader = open_events(file("user,item\n1,a\n", "csv"));
  EXPECT_FALSE(reader->has_time());
  EXPECT_FALSE(reader->has_value());
  auto options = file("user,item,time\n1,a,5\n", "csv");
  options.time_column = "";
  EXPECT_FALSE(open_events(options)->has_time());
}

TEST_F(Readers, TsvSessionAndRecBole) {
  EXPECT_EQ(events_of(file("user\titem\ttime\tvalue\n1\ta\t5\t3\n2\tb\t6\t4\n", "tsv")), kTwo);
  EXPECT_EQ(events_of(file("SessionId\tItemId\tTime\n1\ta\t5.0\n2\tb\t6.5\n", "session")),
            (Lines{"1 a 5 1", "2 b 6 1"}));
  EXPECT_EQ(events_of(file("user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
                           "1\ta\t3\t5\n2\tb\t4\t6\n",
                           "recbole")),
            kTwo);
}

TEST_F(Readers, MovieLensInItsThreeLayouts) {
  EXPECT_EQ(events_of(file("1::a::3::5\n2::b::4::6\n", "movielens")), kTwo);
  EXPECT_EQ(events_of(file("1\t7\t3\t5\n2\t8\t4\t6\n", "movielens")),
            (Lines{"1 7 5 3", "2 8 6 4"}));
  EXPECT_EQ(events_of(file("userId,movieId,rating,timestamp\n1,a,3.5,5\n", "movielens")),
            (Lines{"1 a 5 3.5"}));
  EXPECT_TRUE(
      caught([&] { events_of(file("1 2 3\n", "movielens")); }).says("not a MovieLens file"));
}

// A name of a category in ISO-8859-1 with a quote that is never closed, and another time zone.
constexpr char kCheckIns[] =
    "470\t49bbd6c0f964a520f4531fe3\t4bf58dd8d48988d127951735\tArts & Crafts Store\t"
    "40.719810375488535\t-74.00258103213994\t-240\tTue Apr 03 18:00:09 +0000 2012\n"
    "979\t4a43c0aef964a520c6a61fe3\t4bf58dd8d48988d1df941735\t\"Caf\xe9 Bar\t"
    "40.6067\t-74.0440\t540\tSat Feb 16 02:35:36 +0000 2013\r\n";

// The seconds were taken from `date -u -d ... +%s`.
TEST_F(Readers, FoursquareCheckInsInUtc) {
  const auto options = file(kCheckIns, "foursquare", "dataset_TSMC2014_NYC.txt");
  EXPECT_EQ(events_of(options), (Lines{"470 49bbd6c0f964a520f4531fe3 1333476009 1",
                                       "979 4a43c0aef964a520c6a61fe3 1360982136 1"}));
  const auto reader = open_events(options);
  EXPECT_TRUE(reader->has_time());
  EXPECT_FALSE(reader->has_value());
  PrepareOptions ratings;
  ratings.source = options;
  ratings.out = folder_ / "out";
  ratings.min_value = 1;
  EXPECT_TRUE(caught([&] { prepare_dataset(ratings); }).says("--min-value needs values"));
  auto categories = options;
  categories.item_column = "category";
  EXPECT_EQ(events_of(categories)[1], "979 \"Caf\xe9 Bar 1360982136 1");
}

// spec/relevance-loss.md 3.3. Ids of digits stay texts, in the dump as in the table made of it.
TEST_F(Readers, AmazonDumpsAndTheTablesMadeOfThem) {
  const Lines want{"A3CIUOJXQ5VDQ2 B0000530HU 1441324800 5", "A3H7T87S984REU 0001527665 -86400 4"};
  EXPECT_EQ(events_of(file(R"({"overall": 5.0, "verified": true, "reviewTime": "09 4, 2015", )"
                           R"("reviewerID": "A3CIUOJXQ5VDQ2", "asin": "B0000530HU", )"
                           R"("style": {"Size:": " 7.0 oz"}, "reviewerName": "Shelly \"F\"", )"
                           R"("reviewText": "As {advertised}", "unixReviewTime": 1441324800})"
                           "\n"
                           R"({"reviewerID": "A3H7T87S984REU", "asin": "0001527665", "vote": "3", )"
                           R"("image": ["a.jpg"], "overall": 4.0, "unixReviewTime": -86400})",
                           "auto", "All_Beauty.json")),
            want);
  auto table = file(
      "A3CIUOJXQ5VDQ2,B0000530HU,5.0,1441324800\n"
      "A3H7T87S984REU,0001527665,4.0,-86400\n",
      "csv", "All_Beauty.csv");
  table.header = false;
  EXPECT_EQ(events_of(table), want);
}

TEST_F(Readers, PairsAndS3RecLines) {
  EXPECT_EQ(events_of(file("1 a\n1\tb\n\n2 a\n", "pairs")),
            (Lines{"1 a 0 1", "1 b 0 1", "2 a 0 1"}));
  EXPECT_EQ(events_of(file("1 a b\n2 a\r\n", "s3rec")), (Lines{"1 a 0 1", "1 b 0 1", "2 a 0 1"}));
  EXPECT_TRUE(caught([&] { events_of(file("1 a b\n", "pairs")); }).says("events:1: want two"));
  EXPECT_TRUE(caught([&] { events_of(file("1 a\n2\n", "s3rec")); }).says("events:2:"));
}

TEST_F(Readers, JsonLinesOfTextsNumbersAndBooleans) {
  EXPECT_EQ(events_of(file(R"({"overall": 3.0, "reviewerID": "1", "unixReviewTime": 5, "asin": "a"}
{"asin": "b", "verified": [1, {"x": 2}], "reviewerID": "2", "overall": 4.0, "unixReviewTime": 6})",
                           "jsonl")),
            kTwo);
  auto options = file(
      "{\"user_id\": 17, \"item_id\": \"caf\\u00e9\", \"recommend\": true}\n"
      "{\"user_id\": 18, \"item_id\": \"x\", \"recommend\": false}\n",
      "jsonl");
  options.value_column = "recommend";
  EXPECT_EQ(events_of(options), (Lines{"17 caf\xc3\xa9 0 1", "18 x 0 0"}));
}

TEST_F(Readers, JsonLinesNameTheBrokenLine) {
  const std::string good = "{\"user\": 1, \"item\": 2, \"time\": 3}\n";
  for (const char* bad :
       {"{\"user\": 1, \"item\": 2}", "{\"user\": 1, \"item\": [2], \"time\": 3}",
        "{\"user\": 1, \"item\": 2, \"time\": 3", "not json", "[1,2]",
        "{\"user\": 1, \"item\": 2, \"time\": 3} {}", "{\"user\": 1, \"item\": null, \"time\": 3}",
        "{\"user\": 1, \"item\": 2, \"time\": \"yesterday\"}"}) {
    const auto options = file(good + good + bad + "\n" + good, "jsonl");
    const auto error = caught([&] { events_of(options); });
    EXPECT_EQ(error.code, ExitCode::data) << bad;
    EXPECT_TRUE(error.says("events:3: ")) << bad << ": " << error.message;
    auto skipping = options;
    skipping.skip_bad = true;
    EXPECT_EQ(events_of(skipping).size(), 3u) << bad;
  }
}

TEST_F(Readers, RecogniseEveryFormat) {
  EXPECT_EQ(format_of("user,item,time\n1,2,3\n"), "csv");
  EXPECT_EQ(format_of("user\titem\ttime\n1\t2\t3\n"), "tsv");
  EXPECT_EQ(format_of("{\"user\": 1, \"item\": 2}\n"), "jsonl");
  EXPECT_EQ(format_of("1::1193::5::978300760\n"), "movielens");
  EXPECT_EQ(format_of("196\t242\t3\t881250949\n"), "movielens");
  EXPECT_EQ(format_of("userId,movieId,rating,timestamp\n1,2,3,4\n"), "movielens");
  EXPECT_EQ(format_of("user_id:token\titem_id:token\n1\t2\n"), "recbole");
  EXPECT_EQ(format_of("SessionId\tItemId\tTime\n1\t2\t3\n"), "session");
  EXPECT_EQ(format_of(kCheckIns), "foursquare");
  EXPECT_EQ(format_of("{'user_id': 'u', 'reviews': [{'item_id': '1'}]}\n"), "steam");
  EXPECT_EQ(format_of("user\titem\tc\td\te\tf\tg\t2012-04-03\n"), "tsv");
  EXPECT_EQ(format_of("1 2\n1 3\n"), "pairs");
  EXPECT_EQ(format_of("1 2 3\n2 4 5 6\n"), "s3rec");
  EXPECT_EQ(format_of(test::gzipped("1 2\n1 3\n"), "a.txt.gz"), "pairs");
  EXPECT_EQ(format_of(test::zstd_packed("user,item\n1,2\n"), "a.csv.zst"), "csv");
  EXPECT_TRUE(caught([&] { format_of("hello\nworld\n"); }).says("--format"));
}

TEST_F(Readers, UnknownFormatsAreNamedWithTheNearest) {
  const auto error = caught([&] { open_events(file("1 2\n", "moveilens")); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("did you mean \"movielens\""));
  EXPECT_TRUE(error.says("s3rec"));
}

TEST_F(Readers, EveryFormatIsOnTheListOnceWithASummary) {
  std::vector<std::string> names;
  for (const ReaderInfo* reader : reader_list()) {
    names.push_back(reader->name);
    EXPECT_FALSE(reader->summary.empty());
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(names.size(), 11u);
}

}  // namespace
}  // namespace truenext
