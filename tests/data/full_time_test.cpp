// SPDX-License-Identifier: Apache-2.0
#include "data/full_time.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "data/id_json.h"
#include "data/time_text.h"

namespace truenext {
namespace {

// Ascending; neighbours differ by what their magnitude keeps.
TEST(TimeOrder, IsThatOfTheTimesWithTheirFractions) {
  const std::vector<std::string> times{"-4400000000000000000",
                                       "-1700000000000",
                                       "-4294967296",
                                       "-4294967295.9",
                                       "-1.5",
                                       "-1",
                                       "-0.000000001",
                                       "0",
                                       "0.000000001",
                                       "1",
                                       "1.000000001",
                                       "1700000000.25",
                                       "1700000000.250000001",
                                       "1700000000.5",
                                       "1700000001",
                                       "4294967295.999999999",
                                       "4294967296",
                                       "4294967296.00001",
                                       "1700000000123",
                                       "1700000000123.4",
                                       "4398046511103.99999",
                                       "4398046511104",
                                       "1700000000123456",
                                       "1700000000123456.7",
                                       "4503599627370496",
                                       "1700000000123456787",
                                       "1700000000123456788",
                                       "4400000000000000000"};
  for (size_t i = 1; i < times.size(); ++i) {
    const auto before = parse_time(times[i - 1]), after = parse_time(times[i]);
    ASSERT_TRUE(before && after) << times[i];
    EXPECT_LT(before->order, after->order) << times[i - 1] << " " << times[i];
  }
}

TEST(TimeOrder, DatesAndNumbersOfOneMomentAreEqual) {
  for (const auto& [date, number] :
       {std::pair{"2023-11-14T22:13:20.123456789Z", "1700000000.123456789"},
        std::pair{"1969-12-31T23:59:59.5Z", "-0.5"}, std::pair{"1969-12-31T23:59:58Z", "-2"}}) {
    EXPECT_EQ(parse_time(date)->order, parse_time(number)->order) << date;
  }
}

struct Stored {
  const char* text;
  double scale;
  int64_t time;
  bool rounded;
};

TEST(StoredTime, IsTheExactProductRoundedDown) {
  for (const Stored& row :
       {Stored{"1396861020.295", 1000, 1396861020295, false}, Stored{"-0.5", 1, -1, true},
        Stored{"-1.5", 2, -3, false}, Stored{"86399", 1.0 / 86400, 0, true},
        Stored{"86400", 1.0 / 86400, 1, false}, Stored{"-1", 0.001, -1, true},
        Stored{"1e3", 0.5, 500, false}, Stored{"10", 0.3, 3, false}, Stored{"5", 0.3, 1, true},
        Stored{"1700000000123456789", 1, 1700000000123456789, false},
        Stored{"1.7e9", 1, 1700000000, false}}) {
    const auto parsed = parse_time(row.text, row.scale);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(parsed->time, row.time) << row.text << " * " << row.scale;
    EXPECT_EQ(parsed->rounded, row.rounded) << row.text << " * " << row.scale;
  }
  for (const double scale : {1.0, 1000.0, 1e9, 1.0 / 86400, 0.3}) {
    EXPECT_EQ(stored_time(kUndated, scale)->time, -1) << scale;
  }
}

TEST(WhyNoTime, NamesOverflowAndTheFormsThatAreRead) {
  EXPECT_NE(why_no_time("1700000000123456789", 1e9).find("overflow"), std::string::npos);
  EXPECT_NE(why_no_time("9200000000000000000", 1).find("overflow"), std::string::npos);
  EXPECT_NE(why_no_time("1e400", 1).find("overflow"), std::string::npos);
  EXPECT_NE(why_no_time("7. June", 1).find("2015-06-07, 2015/06/07 or 07.06.2015"),
            std::string::npos);
  EXPECT_NE(why_no_time("07/06/2015", 1).find("may mean two days"), std::string::npos);
}

TEST(IdJson, GivesTheBytesOfAnyIdBack) {
  EXPECT_EQ(id_json("caf\xc3\xa9").dump(), "\"caf\xc3\xa9\"");
  EXPECT_EQ(id_json("caf\xe9").dump(), "{\"hex\":\"636166e9\"}");
  EXPECT_EQ(id_json("\xff\xfe").dump(), "{\"hex\":\"fffe\"}");
}

}  // namespace
}  // namespace truenext
