// SPDX-License-Identifier: Apache-2.0
// A table as an Arrow stream and the same rows as CSV give the same dataset, byte for byte.
#include "data/readers/arrow_stream.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/file.h"
#include "base/random.h"
#include "data/arrow_columns.h"
#include "data/dataset_files.h"
#include "data/prepare_stream.h"
#include "data/prepared.h"

namespace truenext {
namespace {

using test::ArrowFrame;
using test::ArrowTestColumn;
using test::csv_options;
using test::dictionary_of;
using test::FrameArray;
using test::FrameBatch;
using test::numbers;
using test::reals;
using test::TemporaryFolder;
using test::texts;
using test::truths;

struct Case {
  const char* name;
  ArrowTestColumn user, item, time, value;
  const char* warning = "";  ///< that CSV does not give
  double time_scale = 1;
  bool true_is_1 = false;  ///< the values are shown as true and false
  friend std::ostream& operator<<(std::ostream& out, const Case& row) { return out << row.name; }
};

const std::vector<int64_t> kUsers{3, 1, 3, 2, 1, 3, 2, 3}, kItems{10, 11, 12, 10, 12, 11, 13, 14},
    kTimes{978300760, 978302109, 978301968, 978300275, 978824291, 978302268, 978300276, 978300761},
    kValues{5, 3, 4, 1, 2, 5, 4, 3};

const ArrowTestColumn kUser = numbers("l", kUsers), kItem = numbers("l", kItems),
                      kTime = numbers("l", kTimes), kValue = numbers("l", kValues);

Case ids(const char* name, ArrowTestColumn user, ArrowTestColumn item, const char* warning = "") {
  return {name, std::move(user), std::move(item), kTime, kValue, warning};
}
Case times(const char* name, ArrowTestColumn time, double scale = 1) {
  return {name, kUser, kItem, std::move(time), kValue, "", scale};
}
Case values(const char* name, ArrowTestColumn value, bool true_is_1 = false) {
  return {name, kUser, kItem, kTime, std::move(value), "", 1, true_is_1};
}

std::vector<std::string> csv_of(const std::vector<int64_t>& numbers_as_text) {
  return numbers("l", numbers_as_text).csv;
}
std::vector<double> reals_of(const std::vector<int64_t>& whole) {
  return {whole.begin(), whole.end()};
}

/// Texts of ids with what CSV has to quote.
const std::vector<std::string> kNames{"anna",
                                      "b, c",
                                      "anna",
                                      "a user with a long name, and more",
                                      "b, c",
                                      "anna",
                                      "a user with a long name, and more",
                                      "anna"},
    kTitles{"x",         "y \"z\"",        "twelve bytes",     "x",
            "line\nend", "thirteen bytes", "\xc3\xa4\xc3\xb6", "  blanks\t"};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string csv_text(const std::vector<const ArrowTestColumn*>& columns) {
  std::string text = "user,item,time,rating\n";
  for (size_t row = 0; row < columns[0]->csv.size(); ++row) {
    for (size_t i = 0; i < columns.size(); ++i) {
      text += (i > 0 ? "," : "") + quoted(columns[i]->csv[row]);
    }
    text += "\n";
  }
  return text;
}

/// In three batches: columns that are slices, none, and a slice of slices whose first row is no
/// row of the table.
ArrowFrame frame_of(const std::vector<const ArrowTestColumn*>& columns) {
  ArrowFrame frame;
  frame.names = {"user", "item", "time", "rating"};
  const size_t rows = columns[0]->csv.size(), cut = rows / 2;
  for (const auto& [begin, end, first] :
       {std::array<size_t, 3>{0, cut, 0}, {cut, cut, 0}, {cut - 1, rows, 1}}) {
    FrameBatch batch;
    for (size_t i = 0; i < columns.size(); ++i) {
      batch.columns.push_back(columns[i]->part(begin, end, static_cast<int64_t>(i + 2)));
    }
    batch.length = static_cast<int64_t>(end - begin - first);
    batch.offset = static_cast<int64_t>(first);
    frame.batches.push_back(std::move(batch));
  }
  return frame;
}

/// The description without what differs by nature.
nlohmann::json description_of(const std::filesystem::path& folder) {
  auto json = nlohmann::json::parse(read_file(folder / dataset_files::kDescription));
  for (const char* key : {"path", "format"}) json["source"].erase(key);
  json["report"].erase("format");
  for (const char* key : {"why", "columns"}) json["report"]["taken"].erase(key);
  json["report"].erase("warnings");
  return json;
}

void expect_same_files(const std::filesystem::path& left, const std::filesystem::path& right) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(left)) {
    names.push_back(entry.path().filename().string());
    if (names.back() == dataset_files::kDescription) continue;
    EXPECT_EQ(read_file(entry.path()), read_file(right / names.back())) << names.back();
  }
  EXPECT_GE(names.size(), 7u);
  EXPECT_EQ(description_of(left), description_of(right));
}

class ArrowStream : public testing::TestWithParam<Case> {};

TEST_P(ArrowStream, GivesTheDatasetOfTheSameCsv) {
  const Case& row = GetParam();
  const std::vector<const ArrowTestColumn*> columns{&row.user, &row.item, &row.time, &row.value};
  const TemporaryFolder folder;
  PrepareOptions options = csv_options(folder, csv_text(columns));
  options.keep_values = true;
  options.source.time_scale = row.time_scale;
  const PrepareReport text = prepare_dataset(options);

  ArrowFrame frame = frame_of(columns);
  ArrowArrayStream stream = frame.stream();
  options.source.format = "auto";
  options.out = folder / "frame";
  const PrepareReport report = prepare_stream(&stream, options);
  EXPECT_EQ(stream.release, nullptr);
  EXPECT_TRUE(frame.all_released());
  EXPECT_EQ(frame.most_batches_alive, 1);
  EXPECT_EQ(report.format, "arrow");
  EXPECT_EQ(report.source.why, "an Arrow stream");
  expect_same_files(folder / "out", folder / "frame");
  for (size_t i = 0; i < report.source.columns.size(); ++i) {
    const TakenColumn& taken = report.source.columns[i];
    EXPECT_EQ(taken.role, text.source.columns[i].role);
    EXPECT_EQ(taken.name, text.source.columns[i].name);
    const std::string& first = text.source.columns[i].sample;
    EXPECT_EQ(taken.sample,
              taken.role == "value" && first == "1" && row.true_is_1 ? "true" : first);
  }

  std::vector<std::string> warnings = text.warnings, more;
  for (const std::string& said : report.warnings) {
    if (std::erase(warnings, said) == 0) more.push_back(said);
  }
  // Bytes are bytes in a frame.
  std::erase_if(warnings, [](const auto& said) { return said.find("UTF-8") != said.npos; });
  EXPECT_EQ(warnings, std::vector<std::string>{});
  EXPECT_EQ(more.size(), *row.warning == '\0' ? 0u : 1u);
  for (const std::string& said : more) EXPECT_NE(said.find(row.warning), std::string::npos) << said;
}

const std::vector<std::string> kDates{"2000-12-31", "2001-01-01", "1969-12-30", "2024-02-29",
                                      "1970-01-01", "2000-12-31", "2038-01-20", "1900-03-01"};
const std::vector<int64_t> kDays{11322, 11323, -2, 19782, 0, 11322, 24856, -25508};

std::vector<int64_t> scaled(const std::vector<int64_t>& all, int64_t factor, int64_t more = 0) {
  std::vector<int64_t> product;
  for (const int64_t each : all) product.push_back(each * factor + more);
  return product;
}

/// kTimes as dates with a clock, and with a fraction and zone behind that.
std::vector<std::string> clocks(const std::string& behind) {
  std::vector<std::string> all;
  for (const char* text : {"2000-12-31 22:12:40", "2000-12-31 22:35:09", "2000-12-31 22:32:48",
                           "2000-12-31 22:04:35", "2001-01-06 23:38:11", "2000-12-31 22:37:48",
                           "2000-12-31 22:04:36", "2000-12-31 22:12:41"}) {
    all.push_back(text + behind);
  }
  return all;
}

/// Batches with dictionaries of their own, whose places mean other ids each time, some of them to
/// be trimmed; and more rows than wait for their numbers at a time.
TEST(ArrowStreams, DictionariesMayDifferFromBatchToBatch) {
  const std::vector<std::vector<std::string>> users{
      {"a", "b", "  c"}, {"b", "d", "c ", "e"}, {"f"}},
      items{
          {"x", "an item of many letters"}, {"y", "x", "z"}, {"z", "", "an item of many letters"}};
  ArrowFrame frame;
  frame.names = {"user", "item", "time"};
  std::string csv = "user,item,time\n";
  for (size_t batch = 0; batch < users.size(); ++batch) {
    std::vector<std::optional<int16_t>> user, item;
    std::vector<std::optional<int64_t>> time;
    for (size_t row = 0; row < 30; ++row) {
      user.emplace_back(static_cast<int16_t>((row * 5 + row / 7) % users[batch].size()));
      item.emplace_back(static_cast<int16_t>(row % items[batch].size()));
      if (items[batch][static_cast<size_t>(*item.back())].empty()) item.back() = int16_t{0};
      time.emplace_back(static_cast<int64_t>(1000 * batch + (row * 7) % 30));
      csv += users[batch][static_cast<size_t>(*user.back())] + "," +
             items[batch][static_cast<size_t>(*item.back())] + "," + std::to_string(*time.back()) +
             "\n";
    }
    const auto values = [](const std::vector<std::string>& all) {
      return test::text_array("vu", {all.begin(), all.end()});
    };
    frame.add({test::dictionary_array<int16_t>("s", user, values(users[batch])),
               test::dictionary_array<int16_t>("s", item, values(items[batch])),
               test::number_array("l", time)});
  }
  const TemporaryFolder folder;
  PrepareOptions options = csv_options(folder, csv);
  const PrepareReport text = prepare_dataset(options);
  ArrowArrayStream stream = frame.stream();
  options.source.format = "auto";
  options.out = folder / "frame";
  const PrepareReport report = prepare_stream(&stream, options);
  EXPECT_EQ(report.users, 6);
  EXPECT_GT(report.trimmed_fields, 2);
  EXPECT_EQ(report.trimmed_fields, text.trimmed_fields);
  EXPECT_EQ(report.time_travel, text.time_travel);
  expect_same_files(folder / "out", folder / "frame");
}

INSTANTIATE_TEST_SUITE_P(
    Ids, ArrowStream,
    testing::Values(
        ids("int8", numbers("c", kUsers), numbers("c", kItems)),
        ids("uint8", numbers("C", kUsers), numbers("C", {255, 0, 128, 255, 1, 2, 3, 4})),
        ids("int16", numbers("s", kUsers), numbers("s", {-32768, 32767, 0, -1, 1, 2, 3, 4})),
        ids("uint16", numbers("S", kUsers), numbers("S", {65535, 0, 1, 2, 3, 4, 5, 65535})),
        ids("int32", numbers("i", kUsers), numbers("i", scaled(kItems, -100'000'000))),
        ids("uint32", numbers("I", kUsers), numbers("I", scaled(kItems, 300'000'000))),
        ids("int64", numbers("l", {INT64_MIN, INT64_MAX, INT64_MIN, 0, -1, 1, -1, 0}), kItem),
        ids("uint64_beyond_int64", kUser,
            numbers("L", {-1, 1, 0, -1, -2, 5, 6, 7},
                    {"18446744073709551615", "1", "0", "18446744073709551615",
                     "18446744073709551614", "5", "6", "7"})),
        ids("text", texts("u", kNames), texts("u", kTitles)),
        ids("large_text", texts("U", kNames), texts("U", kTitles)),
        ids("text_views", texts("vu", kNames), texts("vu", kTitles)),
        ids("binary", texts("z", kNames), texts("Z", kTitles)),
        ids("binary_views", texts("vz", kNames), texts("vz", kTitles)),
        ids("no_utf8", texts("z", {"a", "\xff", "a", "\xff\xfe", "a", "\xff", "a", "b"}), kItem),
        ids("float64", reals("g", reals_of(kUsers), csv_of(kUsers)), kItem,
            "\"user\" holds float64: 8 of its values"),
        ids("float32", kUser, reals("f", reals_of(kItems), csv_of(kItems)),
            "\"item\" holds float32: 8 of its values"),
        ids("float64_large", kUser,
            reals("g", {9007199254740991, -0.0, -5, 1e6, 1e15, 2, 3, 4},
                  {"9007199254740991", "0", "-5", "1000000", "1000000000000000", "2", "3", "4"}),
            "8 of its values"),
        ids("bool",
            truths({1, 0, 1, 1, 0, 1, 0, 0},
                   {"true", "false", "true", "true", "false", "true", "false", "false"}),
            kItem),
        ids("decimal", numbers("d:38,0", scaled(kUsers, -1'000'000'000'000)),
            numbers("d:9,0,32", kItems)),
        ids("decimal_64", numbers("d:18,0,64", kUsers), numbers("d:38,0,128", kItems)),
        ids("dictionary", dictionary_of("c", texts("u", kNames)),
            dictionary_of("I", texts("vu", kTitles))),
        ids("dictionary_of_numbers", dictionary_of("L", kUser), dictionary_of("S", kItem))),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Times, ArrowStream,
    testing::Values(
        times("int32", numbers("i", kTimes)), times("uint32", numbers("I", kTimes)),
        times("int64_negative", numbers("l", {-5, 3, 0, -1, 7, 1LL << 33, -(1LL << 40), 9})),
        times("milliseconds", numbers("l", scaled(kTimes, 1000, 7))),
        times("milliseconds_to_seconds", numbers("l", scaled(kTimes, 1000, 7)), 0.001),
        times("nanoseconds", numbers("l", scaled(kTimes, 1'000'000'000, 123))),
        times("uint64", numbers("L", kTimes)), times("decimal", numbers("d:38,0", kTimes)),
        times("float64",
              reals("g", {978300760.25, 1, -0.5, 1e9, 978300760.125, 2, 1396859477.277, 3},
                    {"978300760.25", "1", "-0.5", "1e9", "978300760.125", "2", "1396859477.277",
                     "3"})),
        times("float32", reals("f", {1.1F, 1, 0.1F, 2, 3, 4, 5, 6},
                               {"1.1", "1", "0.1", "2", "3", "4", "5", "6"})),
        times("text_numbers", texts("u", csv_of(kTimes))),
        times("text_dates", texts("vu", clocks(".5Z"))),
        times("seconds", numbers("tss:", kTimes, clocks(""))),
        times("seconds_with_zone", numbers("tss:UTC", kTimes, clocks("+00:00"))),
        times("thousandths", numbers("tsm:UTC", scaled(kTimes, 1000, 250), clocks(".25+00:00"))),
        times("millionths",
              numbers("tsu:Europe/Berlin", scaled(kTimes, 1'000'000, 7), clocks(".000007+00:00"))),
        times("millionths_scaled",
              numbers("tsu:", scaled(kTimes, 1'000'000, 277'003), clocks(".277003")), 1000),
        times("billionths",
              numbers("tsn:", scaled(kTimes, 1'000'000'000, 987'654'321), clocks(".987654321"))),
        times("before_1970",
              numbers("tsm:", {-1, -1000, -1001, 0, 1, 1000, 999, -86'400'000},
                      {"1969-12-31 23:59:59.999", "1969-12-31 23:59:59", "1969-12-31 23:59:58.999",
                       "1970-01-01 00:00:00", "1970-01-01 00:00:00.001", "1970-01-01 00:00:01",
                       "1970-01-01 00:00:00.999", "1969-12-31 00:00:00"})),
        times("days", numbers("tdD", kDays, kDates)),
        times("days_in_thousandths", numbers("tdm", scaled(kDays, 86'400'000), kDates)),
        times("days_scaled", numbers("tdD", kDays, kDates), 1000),
        times("dictionary", dictionary_of("s", numbers("tsm:", scaled(kTimes, 1000), clocks(""))))),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Values, ArrowStream,
    testing::Values(
        values("int8", numbers("c", kValues)), values("text", texts("u", csv_of(kValues))),
        values("int64", numbers("l", {9007199254740993, -1, 0, 1, 2, 3, 4, 5})),
        values("uint64", numbers("L", {-1, 0, 1, 2, 3, 4, 5, 6},
                                 {"18446744073709551615", "0", "1", "2", "3", "4", "5", "6"})),
        values("float64", reals("g", {4.1, -0.5, 1e-300, 1e30, 5, 0.1, 2.5, 3},
                                {"4.1", "-0.5", "1e-300", "1e30", "5", "0.1", "2.5", "3"})),
        values("float32", reals("f", {4.1F, -0.5F, 3.5F, 1e30F, 5, 0.1F, 2.5F, 3},
                                {"4.1", "-0.5", "3.5", "1e30", "5", "0.1", "2.5", "3"})),
        values("bool", truths({1, 0, 1, 1, 0, 0, 1, 1}, {"1", "0", "1", "1", "0", "0", "1", "1"}),
               true),
        values("dictionary",
               dictionary_of("C", reals("f", {4.1F, 2, 3, 4, 5, 6, 7, 8},
                                        {"4.1", "2", "3", "4", "5", "6", "7", "8"})))),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace truenext
