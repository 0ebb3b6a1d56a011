// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "data/prepared.h"

namespace truenext {
namespace {

using test::caught;
using test::events_of;
using test::Lines;

// The shape of australian_user_reviews.json; the times were taken from `date -u -d ... +%s`.
constexpr char kReviews[] =
    R"({'user_id': '76561197970982479', 'user_url': 'http://x/y', 'reviews': [)"
    R"({'funny': '', 'posted': 'Posted November 5, 2011.', 'last_edited': '', 'item_id': '1250', )"
    R"('helpful': 'No ratings yet', 'recommend': True, 'review': "It's {'item_id': 'no'}"}, )"
    R"({'funny': '', 'posted': 'Posted July 15.', 'item_id': '22200', 'recommend': False, )"
    R"('review': 'It\'s \u2665 \\'}]})"
    "\n"
    R"({'user_id': 'silent', 'user_url': '', 'reviews': []})"
    "\n\n"
    R"({u'reviews': [{u'item_id': 440, u'recommend': True, u'posted': u'Posted May 5, 2014.'}], )"
    R"(u'user_id': u'js\xe9'})"
    "\r\n";

class SteamReaderTest : public testing::Test {
 protected:
  ReaderOptions file(std::string_view text, const char* format = "steam") {
    ReaderOptions options;
    options.path = folder_.write("reviews.json", text);
    options.format = format;
    return options;
  }
  test::TemporaryFolder folder_;
};

std::string line_of(std::string_view reviews) {
  return fmt::format("{{'user_id': 'u', 'reviews': {}}}", reviews);
}

TEST_F(SteamReaderTest, OneLineGivesManyEvents) {
  const auto options = file(kReviews, "auto");
  EXPECT_EQ(events_of(options),
            (Lines{"76561197970982479 1250 1320451200 1", "76561197970982479 22200 -1 0",
                   "js\xc3\xa9 440 1399248000 1"}));
  const auto reader = open_events(options);
  EXPECT_EQ(reader->format(), "steam");
  EXPECT_TRUE(reader->has_time());
  EXPECT_TRUE(reader->has_value());
  for (Event event; reader->next(event);) {
  }
  EXPECT_EQ(reader->undated_events(), 1);
  EXPECT_EQ(reader->line_counts().skipped, 0);
}

TEST_F(SteamReaderTest, ReadsTheSameAsJson) {
  EXPECT_EQ(events_of(file(R"({"user_id": "u", "reviews": [{"item_id": "7", "recommend": false, )"
                           R"("posted": "Posted May 5, 2014.", "review": null}]})",
                           "auto")),
            (Lines{"u 7 1399248000 0"}));
}

TEST_F(SteamReaderTest, TimesFollowTheScaleButForTheUndated) {
  auto options =
      file(line_of("[{'item_id': 'a', 'recommend': True, 'posted': 'Posted June 1.'}, "
                   "{'item_id': 'b', 'recommend': True, "
                   "'posted': 'Posted November 5, 2011.'}]"));
  options.time_scale = 1000;
  EXPECT_EQ(events_of(options), (Lines{"u a -1 1", "u b 1320451200000 1"}));
}

TEST_F(SteamReaderTest, ValuesThatDecideNothingAreNotRead) {
  auto options = file(line_of("[{'item_id': 'a', 'posted': 'Posted June 1, 2012.'}]"));
  EXPECT_TRUE(caught([&] { events_of(options); }).says("has no \"recommend\""));
  options.values = false;
  EXPECT_EQ(events_of(options), (Lines{"u a 1338508800 1"}));
  EXPECT_FALSE(open_events(options)->has_value());
}

TEST_F(SteamReaderTest, IsRecognisedByItsFirstReviewsEvenWhenTheLineIsLong) {
  const std::string review =
      "{'item_id': 'a', 'recommend': True, 'posted': 'Posted June 1, 2012.'},";
  std::string reviews = "[";
  for (int i = 0; i < 5'000; ++i) reviews += review;
  EXPECT_EQ(events_of(file(line_of(reviews + "]"), "auto")).size(), 5'000u);
  EXPECT_EQ(open_events(file(line_of("[]") + "\n" + line_of("[" + review + "]"), "auto"))->format(),
            "steam");
  const char* other = R"({"user_id": 1, "item_id": 2, "reviews": [{"stars": 3}]})";
  EXPECT_EQ(open_events(file(other, "auto"))->format(), "jsonl");
}

TEST_F(SteamReaderTest, BrokenLinesAreNamedAndLeaveNoEvents) {
  const std::string review =
      "{'item_id': 'a', 'recommend': True, 'posted': 'Posted June 1, 2012.'}";
  const std::string good = line_of("[" + review + "]");
  const struct {
    std::string line;
    const char* message;
  } table[] = {
      {"{'user_id': 'u', 'reviews': [" + review + ", {'item_id': 'b",
       "column 113: the text is not"},
      {line_of(std::string(70, '[')), "column 30: want a dict"},
      {"{'user_id': 'u', 'x': " + std::string(70, '['), "more than 64 lists and dicts"},
      {"{'reviews': [" + review + "]}", "the user has no \"user_id\""},
      {"{'user_id': 'u'}", "the user has no \"reviews\""},
      {"{'user_id': '', 'reviews': []}", "the id is empty"},
      {"{'user_id': None, 'reviews': []}", "an id is a text or a number"},
      {line_of("{}"), "want a list"},
      {line_of("[1]"), "want a dict"},
      {line_of("[" + review + ", {}]"), "the review has no \"item_id\""},
      {line_of("[{'item_id': ['a']}]"), "an id is a text or a number"},
      {line_of("[{'item_id': 'a', 'recommend': True}]"), "the review has no \"posted\""},
      {line_of("[{'item_id': 'a', 'posted': 'Posted June 1.'}]"), "has no \"recommend\""},
      {line_of("[{'item_id': 'a', 'posted': 5}]"), "want a text"},
      {line_of("[{'posted': 'Posted yesterday.'}]"), "\"posted\" is \"Posted yesterday.\", want"},
      {line_of("[{'posted': 'Posted June 31, 2012.'}]"), "want \"Posted November 5, 2011.\""},
      {line_of("[{'recommend': None}]"), "\"recommend\" is None, want True or False"},
      {line_of("[{'recommend': 'True'}]"), "want True, False or None"},
      {good + " 1", "more text behind the value"},
      {"['user_id', 'reviews']", "column 1: want a dict"},
      {"not a literal", "column 1: want a dict"},
  };
  for (const auto& [line, message] : table) {
    const auto options = file(good + "\n" + line + "\n" + good);
    const auto error = caught([&] { events_of(options); });
    EXPECT_EQ(error.code, ExitCode::data) << line;
    EXPECT_TRUE(error.says("reviews.json:2: column ")) << error.message;
    EXPECT_TRUE(error.says(message)) << line << ": " << error.message;
    auto skipping = options;
    skipping.skip_bad = true;
    EXPECT_EQ(events_of(skipping), Lines(2, "u a 1338508800 1")) << line;
  }
}

TEST_F(SteamReaderTest, PreparePutsUndatedReviewsFirstAndCountsThem) {
  PrepareOptions options;
  options.source = file(kReviews, "auto");
  options.out = folder_ / "out";
  options.overwrite = true;
  PrepareReport report = prepare_dataset(options);
  EXPECT_EQ(report.undated_events, 1);
  EXPECT_EQ(report.events, 3);
  EXPECT_EQ(test::sequences(Dataset::open(options.out)),
            (Lines{"76561197970982479: 22200 1250", "js\xc3\xa9: 440"}));
  EXPECT_NE(test::file_bytes(options.out / "dataset.json").find("\"undated_events\": 1"),
            std::string::npos);
  options.min_value = 1;
  report = prepare_dataset(options);
  EXPECT_EQ(report.events_below_value, 1);
  EXPECT_EQ(test::sequences(Dataset::open(options.out)),
            (Lines{"76561197970982479: 1250", "js\xc3\xa9: 440"}));
}

}  // namespace
}  // namespace truenext
