// SPDX-License-Identifier: Apache-2.0
// Times of mixed forms, and the order of times within a unit.
#include "data/line_reading.h"

namespace truenext {
namespace {

using test::Case;
using test::case_name;
using test::LineReading;
using test::Lines;
using test::TemporaryFolder;

class Times : public LineReading {};
TEST_P(Times, OfMixedFormsAreRefusedOrSaid) {
  check();
}

std::string with_times(const std::string& first, const std::string& second) {
  return "user,item,time\na,x," + first + "\na,y," + second + "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Table, Times,
    testing::Values(
        Case{"number_after_date",
             with_times("1970-01-02T00:00:00Z", "1396864799"),
             {"a x 86400 1"},
             "events:3: the time is a number, that of line 2 a date"},
        Case{"date_after_number",
             with_times("1396864799", "2015-06-07"),
             {"a x 1396864799 1"},
             "events:3: the time is a date, that of line 2 a number"},
        Case{"milliseconds",
             with_times("1396864799", "1396864801000"),
             {"a x 1396864799 1", "a y 1396864801000 1"},
             "",
             "mixed units: 1 of seconds (first in line 2), 1 of milliseconds (first in line 3)"},
        Case{"nanoseconds",
             with_times("1396864801000000000", "1396864799"),
             {"a x 1396864801000000000 1", "a y 1396864799 1"},
             "",
             "mixed units"},
        Case{"zero",
             with_times("1396864799", "0"),
             {"a x 1396864799 1", "a y 0 1"},
             "",
             "1 times are 0 or -1"},
        Case{"zones",
             with_times("1970-01-02T00:00:00+01:00", "1970-01-02 00:00:00"),
             {"a x 82800 1", "a y 86400 1"},
             "",
             "1 dates have no zone"},
        Case{"day_and_clock",
             with_times("1970-01-02", "1970-01-02 01:00:00"),
             {"a x 86400 1", "a y 90000 1"},
             "",
             "1 dates have no time of day"},
        Case{"days_as_numbers",
             with_times("20150607", "20150608"),
             {"a x 20150607 1", "a y 20150608 1"},
             "",
             "days without dashes"},
        Case{"forms_are_listed",
             with_times("1970-01-02", "02/01/1970"),
             {"a x 86400 1"},
             "T10:00:00.25 and with Z, UTC"}),
    case_name);

TEST(TimesTest, OfOneFormSayNothing) {
  const TemporaryFolder folder;
  for (const auto& [first, second] :
       {std::pair{"1396864799", "1496864801"}, std::pair{"5", "1396864801000"},
        std::pair{"1", "20150607"}, std::pair{"2015-06-07", "2015-06-08"}}) {
    ReaderOptions options;
    options.path = folder.write("events.csv", with_times(first, second));
    const auto reader = open_events(options);
    for (Event event; reader->next(event);) {
    }
    EXPECT_EQ(reader->warnings(), std::vector<std::string>{}) << first << " " << second;
  }
}

// The stored times are equal; the order is that of the fractions, whatever the scale stores.
TEST(SubSecondTimes, OrderTheEvents) {
  const TemporaryFolder folder;
  for (const auto& [times, scale] :
       {std::pair{std::vector{"1700000000.75", "1700000000.25", "1700000000.5"}, 1.0},
        std::pair{std::vector{"1700000000.75", "1700000000.25", "1700000000.5"}, 0.001},
        std::pair{std::vector{"2023-11-14T22:13:20.000000003Z", "2023-11-14T22:13:20.000000001Z",
                              "2023-11-14T22:13:20.000000002Z"},
                  1000.0},
        std::pair{std::vector{"1700000000123.75", "1700000000123.25", "1700000000123.5"}, 1.0},
        std::pair{std::vector{"1700000000123456789", "1700000000123456787", "1700000000123456788"},
                  1e-9}}) {
    auto options = test::csv_options(folder, fmt::format("user,item,time\nu,c,{}\nu,a,{}\nu,b,{}\n",
                                                         times[0], times[1], times[2]));
    options.source.time_scale = scale;
    const PrepareReport report = prepare_dataset(options);
    EXPECT_EQ(report.ties, 0) << times[0];
    const Dataset dataset = Dataset::open(options.out);
    EXPECT_EQ(test::sequences(dataset), (Lines{"u: a b c"})) << times[0];
    EXPECT_EQ(dataset.times().values[0], dataset.times().values[2]) << times[0];
  }
}

}  // namespace
}  // namespace truenext
