// SPDX-License-Identifier: Apache-2.0
#include "data/time_text.h"

#include <gtest/gtest.h>

namespace truenext {
namespace {

int64_t time_of(std::string_view text, double scale = 1) {
  const auto parsed = parse_time(text, scale);
  return parsed ? parsed->time : -999'999;
}

TEST(ParseTime, ReadsWholeNumbersExactly) {
  EXPECT_EQ(time_of("978300760"), 978300760);
  EXPECT_EQ(time_of("-5"), -5);
  EXPECT_EQ(time_of("9007199254740993"), 9007199254740993);  // not a double
}

TEST(ParseTime, RoundsFractionsDownAndSaysSo) {
  EXPECT_EQ(time_of("1396861020.295"), 1396861020);
  EXPECT_TRUE(parse_time("1396861020.295")->rounded);
  EXPECT_EQ(time_of("-0.5"), -1);
  EXPECT_EQ(time_of("8.93286638e8"), 893286638);
  EXPECT_FALSE(parse_time("893286638.0")->rounded);
}

TEST(ParseTime, ScaleKeepsThousandths) {
  EXPECT_EQ(time_of("1396861020.295", 1000), 1396861020295);
  EXPECT_FALSE(parse_time("1396861020.295", 1000)->rounded);
  EXPECT_EQ(time_of("2014-04-07T10:51:09.277Z", 1000), 1396867869277);
}

// The seconds were taken from `date -u -d ... +%s`.
TEST(ParseTime, ReadsDates) {
  EXPECT_EQ(time_of("1970-01-01"), 0);
  EXPECT_EQ(time_of("2000-02-29"), 951782400);
  EXPECT_EQ(time_of("2014-04-07 10:51:09"), 1396867869);
  EXPECT_EQ(time_of("2014-04-07T10:51:09+02:00"), 1396860669);
  EXPECT_EQ(time_of("2014-04-07T10:51-0130"), 1396873260);
  EXPECT_EQ(time_of("Tue Apr 03 18:00:09 +0000 2012"), 1333476009);
  EXPECT_EQ(time_of("1969-12-31T23:59:59Z"), -1);
  for (const char* text :
       {"2014-04-07 10:51:09 UTC", "2014-04-07T10:51:09z", "2014-04-07t10:51:09Z",
        "2014-04-07 12:51:09 +0200", "2014-04-07 12:51:09 +02:00", "2014-04-07 12:51:09+02",
        "2014-04-07 10:51:09 GMT", "2014-04-07 10:51:09.000 UTC"}) {
    EXPECT_EQ(time_of(text), 1396867869) << text;
    EXPECT_EQ(parse_time(text)->form, TimeForm::zoned) << text;
  }
  for (const char* text : {"2014/04/07 10:51:09", "2014.04.07T10:51:09", "07.04.2014 10:51:09",
                           "7.4.2014 10:51:09", "7.4.2014 12:51:09 +0200"}) {
    EXPECT_EQ(time_of(text), 1396867869) << text;
  }
  EXPECT_EQ(parse_time("2014-04-07 10:51:09")->form, TimeForm::unzoned);
  EXPECT_EQ(parse_time("2014-04-07")->form, TimeForm::day);
  EXPECT_EQ(parse_time("1396867869")->form, TimeForm::number);
}

TEST(ParseTime, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "abc",
                           "12x",
                           "1e400",
                           "nan",
                           "inf",
                           "2014-13-01",
                           "2014-02-30",
                           "2014-04-07T25:00:00",
                           "2014-04-07 10",
                           "2014-04-07T10:51:09 junk",
                           "2014-04-07 10:51:09 CEST",
                           "2014-04-07T10:51:09+25:00",
                           "2014-04-07T10:51:09 ",
                           "Tue Foo 03 18:00:09 +0000 2012",
                           "12 ",
                           "2014-04/07",
                           "2014/4/7",
                           "07/04/2014",
                           "07.04.14",
                           "31.02.2014",
                           "4.2014 10:51",
                           "07.04-2014"}) {
    EXPECT_FALSE(parse_time(text).has_value()) << text;
  }
}

int64_t day_of(std::string_view text, double scale = 1) {
  const auto parsed = parse_written_day(text, scale);
  if (!parsed) return -999'999;
  return parsed->time ? parsed->time->time : -1;
}

TEST(ParseWrittenDay, ReadsTheBeginningOfTheDayInUtc) {
  EXPECT_EQ(day_of("November 5, 2011"), 1320451200);
  EXPECT_EQ(day_of("February 29, 2012"), 1330473600);
  EXPECT_EQ(day_of("May 05, 2014"), 1399248000);
  EXPECT_EQ(day_of("January 1, 1970"), 0);
  EXPECT_EQ(day_of("November 5, 2011", 1.0 / 86400), 15283);
  EXPECT_EQ(day_of("November 5"), -1);
  EXPECT_EQ(day_of("February 29"), -1);
}

TEST(ParseWrittenDay, RefusesWhatIsNoDay) {
  for (const char* text : {"", "November", "November 5,", "November 5, 11", "November 31, 2011",
                           "November 31", "Nov 5, 2011", "5 November 2011", "November 5 2011",
                           "November 5, 2011 ", "February 29, 2011", "November 123, 2011", "5"}) {
    EXPECT_FALSE(parse_written_day(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace truenext
