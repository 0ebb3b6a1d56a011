// SPDX-License-Identifier: Apache-2.0
// What the reader of Arrow streams refuses: types, nulls, damage. Everything is released once.
#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>
#include <ostream>

#include "base/interrupt.h"
#include "data/arrow_columns.h"
#include "data/prepare_stream.h"
#include "data/readers/arrow_stream.h"
#include "support/test_files.h"

namespace truenext {
namespace {

using test::ArrowFrame;
using test::FrameArray;
using test::TemporaryFolder;
using test::Texts;

using Lines = std::vector<std::string>;

FrameArray longs(const std::vector<std::optional<int64_t>>& values) {
  return test::number_array("l", values);
}

/// Three rows: user and item of whole numbers, time in seconds.
ArrowFrame good_frame() {
  ArrowFrame frame;
  frame.names = {"user", "item", "time"};
  frame.add({longs({1, 2, 1}), longs({7, 8, 9}), longs({100, 101, 102})});
  return frame;
}

ReaderOptions frame_options() {
  ReaderOptions options;
  options.path = "table";
  return options;
}

/// "user item time value" of every event.
Lines read(ArrowFrame& frame, const ReaderOptions& options, LineCounts* counts = nullptr,
           Lines* warnings = nullptr) {
  ArrowArrayStream stream = frame.stream();
  const auto reader = open_arrow_stream(&stream, options);
  Lines events;
  for (Event event; reader->next(event);) {
    events.push_back(
        fmt::format("{} {} {} {}", event.user_text(), event.item_text(), event.time, event.value));
  }
  if (counts != nullptr) *counts = reader->line_counts();
  if (warnings != nullptr) *warnings = reader->warnings();
  return events;
}

std::string refusal(ArrowFrame& frame, const ReaderOptions& options = frame_options()) {
  const auto error = test::caught([&] { read(frame, options); });
  EXPECT_EQ(error.code, ExitCode::data) << error.message;
  EXPECT_TRUE(frame.all_released());
  EXPECT_EQ(frame.streams_released, 1);
  return error.message;
}

#define EXPECT_SAYS(text, part) EXPECT_NE(std::string(text).find(part), std::string::npos) << text

struct TypeCase {
  const char* format;
  const char* role;
  const char* want;
  friend std::ostream& operator<<(std::ostream& out, const TypeCase& row) {
    return out << row.format << " as " << row.role;
  }
};

class ArrowTypes : public testing::TestWithParam<TypeCase> {};

TEST_P(ArrowTypes, ThatAreNotReadAreNamedWithColumnAndCast) {
  const TypeCase& row = GetParam();
  ArrowFrame frame = good_frame();
  ReaderOptions options = frame_options();
  frame.names.push_back("odd");
  FrameArray odd = longs({1, 2, 3});
  odd.format = row.format;
  frame.batches[0].columns.push_back(odd);
  ArrowFrame again = frame;
  EXPECT_EQ(read(frame, options).size(), 3u) << "a column that nobody asks for";
  const std::string role = row.role;
  (role == "user"   ? options.user_column
   : role == "item" ? options.item_column
   : role == "time" ? options.time_column
                    : options.value_column) = "odd";
  const std::string said = refusal(again, options);
  EXPECT_SAYS(said, "table: column \"odd\" is taken for the " + role);
  EXPECT_SAYS(said, "(Arrow format \"" + std::string(row.format) + "\")");
  EXPECT_SAYS(said, row.want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ArrowTypes,
    testing::Values(
        TypeCase{"n", "user", "null (Arrow format \"n\"), which is not read as one; every value"},
        TypeCase{"n", "time", "--time-column names another"}, TypeCase{"e", "user", "half float"},
        TypeCase{"e", "time", "cast it to float64 or int64"},
        TypeCase{"e", "value", "cast it to float64"}, TypeCase{"w:16", "item", "fixed-size binary"},
        TypeCase{"d:2,1,128", "value", "decimal with scale 1"},
        TypeCase{"d:2,1", "user", "cast it to int64 or text"},
        TypeCase{"d:5,-2", "item", "decimal with scale -2"},
        TypeCase{"d:60,0,256", "item", "decimal of 256 bits"}, TypeCase{"d:5", "item", "decimal"},
        TypeCase{"tts", "time", "join it with the day"}, TypeCase{"ttn", "time", "time of day"},
        TypeCase{"tDs", "time", "duration"}, TypeCase{"tiM", "time", "interval"},
        TypeCase{"+l", "item", "explode it"}, TypeCase{"+L", "item", "explode it"},
        TypeCase{"+vl", "item", "list view"}, TypeCase{"+w:3", "item", "fixed-size list"},
        TypeCase{"+s", "user", "struct"}, TypeCase{"+m", "user", "map"},
        TypeCase{"+ud:0,1", "user", "union"}, TypeCase{"+r", "user", "run-end encoded"},
        TypeCase{"", "user", "unknown type"}, TypeCase{"ts", "time", "unknown type"},
        TypeCase{"tsx:", "time", "unknown type"}, TypeCase{"hello", "user", "unknown type"},
        TypeCase{"tsu:UTC", "user", "cast it to text"}, TypeCase{"tdD", "item", "date"},
        TypeCase{"tss:", "value", "timestamp"}, TypeCase{"b", "time", "bool"}));

TEST(ArrowTypesTest, DictionariesOfDictionariesAreRefused) {
  ArrowFrame frame = good_frame();
  frame.batches[0].columns[1] = test::dictionary_array<int8_t>("c", {0, 0, 0}, longs({1}));
  static ArrowSchema inner{};
  inner.format = "u";
  frame.change_schema = [](ArrowSchema& schema) {
    schema.children[1]->dictionary->dictionary = &inner;
  };
  EXPECT_SAYS(refusal(frame), "dictionary of dictionaries");
}

struct NullCase {
  const char* name;
  std::function<void(ArrowFrame&, ReaderOptions&)> change;
  const char* said;          ///< without skip_bad
  int64_t skipped, missing;  ///< with it
  friend std::ostream& operator<<(std::ostream& out, const NullCase& row) {
    return out << row.name;
  }
};

class ArrowNulls : public testing::TestWithParam<NullCase> {};

TEST_P(ArrowNulls, StopWithTheirRowOrAreCounted) {
  const NullCase& row = GetParam();
  ArrowFrame frame = good_frame();
  frame.add({longs({3, 4, 5}), longs({1, 2, 3}), longs({7, 8, 9})});
  ReaderOptions options = frame_options();
  row.change(frame, options);
  ArrowFrame strict = frame;
  EXPECT_SAYS(refusal(strict, options), row.said);
  options.skip_bad = true;
  LineCounts counts;
  Lines warnings;
  const Lines events = read(frame, options, &counts, &warnings);
  EXPECT_EQ(counts.skipped, row.skipped);
  EXPECT_EQ(counts.missing, row.missing);
  EXPECT_EQ(static_cast<int64_t>(events.size()), 6 - row.skipped);
  const std::string said = fmt::format("{}", fmt::join(warnings, "\n"));
  EXPECT_SAYS(said, "broken rows were passed over (--skip-bad)");
  EXPECT_SAYS(said, row.said);
  EXPECT_TRUE(frame.all_released());
}

template <size_t Column>
void put(ArrowFrame& frame, FrameArray array) {
  const std::string format = array.format;
  frame.batches[1].columns[Column] = std::move(array);
  // The batch before has the same type, and values that are good.
  FrameArray& before = frame.batches[0].columns[Column];
  if (format == "l") return;
  if (format == "g") before = test::number_array<double>("g", {1, 2, 1});
  if (format == "f") before = test::number_array<float>("f", {1, 2, 1});
  if (format == "u") before = test::text_array("u", {{"1"}, {"2"}, {"1"}});
  if (format == "tss:") before = test::number_array<int64_t>("tss:", {1, 2, 1});
}

INSTANTIATE_TEST_SUITE_P(
    Table, ArrowNulls,
    testing::Values(
        NullCase{"user",
                 [](auto& frame, auto&) {
                   put<0>(frame, longs({3, {}, 5}));
                 },
                 "table: row 5, column \"user\": the user is null", 1, 1},
        NullCase{"item",
                 [](auto& frame, auto&) {
                   put<1>(frame, longs({{}, 2, {}}));
                 },
                 "table: row 4, column \"item\": the item is null", 2, 2},
        NullCase{"time",
                 [](auto& frame, auto&) {
                   put<2>(frame, longs({3, 4, {}}));
                 },
                 "table: row 6, column \"time\": the time is null", 1, 1},
        NullCase{"row",
                 [](auto& frame, auto&) {
                   frame.batches[1].null_count = 1;
                   frame.batches[1].validity = std::string("\x05");
                 },
                 "row 5, column \"user\": the row is null", 1, 1},
        NullCase{"value",
                 [](auto& frame, auto& options) {
                   put<2>(frame, longs({3, {}, 4}));
                   options.value_column = "time";
                   options.time_column = "";
                 },
                 "row 5, column \"time\": the value is null, want a number", 1, 0},
        NullCase{
            "dictionary_value",
            [](auto& frame, auto&) {
              for (auto& batch : frame.batches) {
                batch.columns[0] = test::dictionary_array<int8_t>("c", {0, 1, 0}, longs({5, {}}));
              }
            },
            "row 2, column \"user\": the user is null", 2, 2},
        NullCase{"nan",
                 [](auto& frame, auto&) {
                   put<0>(frame, test::number_array<double>("g", {1, 2, NAN}));
                 },
                 "row 6, column \"user\": the user is NaN", 1, 1},
        NullCase{"nan_time",
                 [](auto& frame, auto&) {
                   put<2>(frame, test::number_array<double>("g", {NAN, 2, 3}));
                 },
                 "row 4, column \"time\": the time is NaN", 1, 1},
        NullCase{"infinite",
                 [](auto& frame, auto&) {
                   put<0>(frame, test::number_array<double>("g", {1, INFINITY, 3}));
                 },
                 "the user is inf, which is no whole number", 1, 0},
        NullCase{"fraction",
                 [](auto& frame, auto&) {
                   put<1>(frame, test::number_array<float>("f", {1, 2.5F, 3}));
                 },
                 "row 5, column \"item\": the item is 2.5, which is no whole number", 1, 0},
        NullCase{"beyond_float64",
                 [](auto& frame, auto&) {
                   put<1>(frame, test::number_array<double>("g", {1, 0x1p53, 3}));
                 },
                 "float64 does not tell whole numbers apart", 1, 0},
        NullCase{"beyond_float32",
                 [](auto& frame, auto&) {
                   put<1>(frame, test::number_array<float>("f", {1, 2, -0x1p24F}));
                 },
                 "float32 does not tell whole numbers apart", 1, 0},
        NullCase{"missing_word",
                 [](auto& frame, auto&) {
                   put<0>(frame, test::text_array("u", {{"NaN"}, {""}, {" "}}));
                 },
                 "row 4, column \"user\": the user is \"NaN\"", 3, 3},
        NullCase{"zero_byte",
                 [](auto& frame, auto&) {
                   put<1>(frame, test::text_array("u", {{"a"}, std::string("b\0c", 3), {"d"}}));
                 },
                 "the item has a zero byte", 1, 0},
        NullCase{"no_time",
                 [](auto& frame, auto&) {
                   put<2>(frame, test::text_array("u", {{"3"}, {"soon"}, {"4"}}));
                 },
                 "row 5, column \"time\": the time is \"soon\"; want a number", 1, 0},
        NullCase{"time_beyond",
                 [](auto& frame, auto&) {
                   put<2>(frame, longs({INT64_MAX, 8, 9}));
                 },
                 "the time is 9223372036854775807, beyond 4400000000000000000", 1, 0},
        NullCase{"moment_beyond",
                 [](auto& frame, auto&) {
                   put<2>(frame, test::number_array<int64_t>("tss:", {1, INT64_MAX, INT64_MIN}));
                 },
                 "the time is 9223372036854775807, beyond", 2, 1},
        NullCase{"time_scale",
                 [](auto& frame, auto& options) {
                   put<2>(frame, longs({1, 2, 1'000'000'000'000'000}));
                   options.time_scale = 1e6;
                 },
                 "does not fit into 64 bits (overflow) when multiplied by --time-scale", 1, 0},
        NullCase{"mixed_times",
                 [](auto& frame, auto&) {
                   put<2>(frame, test::text_array("u", {{"1"}, {"2001-01-01"}, {"3"}}));
                 },
                 "row 5, column \"time\": the time is a date, that of row 1 a number", 1, 0}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ArrowWarnings, TimesThatAFloatCannotHoldAreSaid) {
  ArrowFrame frame = good_frame();
  frame.batches[0].columns[2] = test::number_array<float>("f", {1396859477.F, 5, 1396859478.F});
  Lines warnings;
  EXPECT_EQ(read(frame, frame_options(), nullptr, &warnings).size(), 3u);
  EXPECT_SAYS(fmt::format("{}", fmt::join(warnings, "\n")),
              "2 times are too large for float32, in which neighbouring whole numbers become one");
  ArrowFrame exact = good_frame();
  exact.batches[0].columns[2] = test::number_array<double>("g", {1396859477, 5, 1396859478});
  EXPECT_EQ(read(exact, frame_options(), nullptr, &warnings)[0], "1 7 1396859477 1");
  EXPECT_EQ(warnings, Lines{});
}

TEST(ArrowWarnings, NamesAmongTheRowsArePassedOverWhereIdsAreTexts) {
  ArrowFrame frame = good_frame();
  frame.batches[0].columns[0] = test::text_array("u", {{"a"}, {"user"}, {"user"}});
  frame.batches[0].columns[1] = test::text_array("vu", {{"x"}, {"item"}, {"y"}});
  LineCounts counts;
  Lines warnings;
  EXPECT_EQ(read(frame, frame_options(), &counts, &warnings), (Lines{"a x 100 1", "user y 102 1"}));
  EXPECT_EQ(counts.repeated_headers, 1);
  EXPECT_EQ(warnings, Lines{"1 header rows among the events were passed over"});
  ArrowFrame dictionaries = good_frame();
  dictionaries.batches[0].columns[0] =
      test::dictionary_array<int8_t>("c", {1, 0, 0}, test::text_array("u", {{"user"}, {"a"}}));
  dictionaries.batches[0].columns[1] =
      test::dictionary_array<int8_t>("c", {1, 1, 0}, test::text_array("u", {{"y"}, {"item"}}));
  EXPECT_EQ(read(dictionaries, frame_options(), &counts), (Lines{"a item 100 1", "user y 102 1"}));
  EXPECT_EQ(counts.repeated_headers, 1);
  ArrowFrame numbers = good_frame();
  numbers.names = {"1", "7", "time"};
  ReaderOptions options = frame_options();
  options.user_column = "1";
  options.item_column = "7";
  EXPECT_EQ(read(numbers, options).size(), 3u);
}

TEST(ArrowErrors, StreamsSayWhatBroke) {
  ArrowFrame none = good_frame();
  none.schema_error = EIO;
  EXPECT_SAYS(refusal(none), "table: the stream gives no schema: Input/output error (error 5)");
  ArrowFrame broken = good_frame();
  broken.batch_error = EINVAL;
  broken.last_error = "the server\x1b[2J is gone";
  const std::string said = refusal(broken);
  EXPECT_SAYS(said, "table: the stream breaks off behind 3 rows: the server");
  EXPECT_SAYS(said, "is gone (error 22)");
  EXPECT_EQ(said.find('\x1b'), std::string::npos);
  ArrowFrame column = good_frame();
  column.format = "l";
  EXPECT_SAYS(refusal(column),
              "the stream is a column of int64 (Arrow format \"l\"), want a table");
}

TEST(ArrowErrors, AStreamGivesItsRowsOnce) {
  ArrowFrame frame = good_frame();
  ArrowArrayStream stream = frame.stream();
  { open_arrow_stream(&stream, frame_options()); }
  EXPECT_TRUE(frame.all_released());
  for (ArrowArrayStream* used : {&stream, static_cast<ArrowArrayStream*>(nullptr)}) {
    const auto error = test::caught([&] { open_arrow_stream(used, frame_options()); });
    EXPECT_EQ(error.code, ExitCode::data);
    EXPECT_SAYS(error.message, "table: the Arrow stream was released or read before");
  }
}

TEST(ArrowErrors, TextOptionsAndWrongSplitsReleaseTheStream) {
  const TemporaryFolder folder;
  using Change = void (*)(PrepareOptions&);
  for (const Change change : {Change([](PrepareOptions& o) { o.source.columns = "user,item"; }),
                              Change([](PrepareOptions& o) { o.source.separator = ";"; }),
                              Change([](PrepareOptions& o) { o.source.header = false; }),
                              Change([](PrepareOptions& o) { o.source.format = "csv"; }),
                              Change([](PrepareOptions& o) { o.source.time_scale = 0; }),
                              Change([](PrepareOptions& o) { o.split.valid = -1; }),
                              Change([](PrepareOptions& o) { o.min_value = 3; })}) {
    ArrowFrame frame = good_frame();
    ArrowArrayStream stream = frame.stream();
    PrepareOptions options;
    options.out = folder / "out";
    change(options);
    const auto error = test::caught([&] { prepare_stream(&stream, options); });
    EXPECT_EQ(error.code, ExitCode::usage) << error.message;
    EXPECT_TRUE(frame.all_released());
    EXPECT_EQ(frame.streams_released, 1);
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  }
}

TEST(ArrowErrors, AnInterruptEndsBetweenBatchesAndWritesNothing) {
  const TemporaryFolder folder;
  ArrowFrame frame = good_frame();
  for (int i = 0; i < 3; ++i) frame.batches.push_back(frame.batches[0]);
  frame.before_batch = [&] {
    if (frame.batches_made == 2) set_interrupted(true);
  };
  ArrowArrayStream stream = frame.stream();
  PrepareOptions options;
  options.out = folder / "out";
  const auto error = test::caught([&] { prepare_stream(&stream, options); });
  set_interrupted(false);
  EXPECT_EQ(error.code, ExitCode::interrupted);
  EXPECT_EQ(frame.batches_made, 3);
  EXPECT_TRUE(frame.all_released());
  EXPECT_TRUE(std::filesystem::is_empty(folder / "."));
}

TEST(ArrowErrors, TablesWithoutRowsOrColumnsAreRefused) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.out = folder / "out";
  ArrowFrame empty;
  empty.names = {"user", "item"};
  ArrowArrayStream stream = empty.stream();
  EXPECT_SAYS(test::caught([&] { prepare_stream(&stream, options); }).message, "table: no events");
  ArrowFrame bare;
  EXPECT_SAYS(refusal(bare), "table: no column \"user\" and none \"item\"");
  ArrowFrame twice = good_frame();
  twice.names[1] = "user";
  ReaderOptions named = frame_options();
  named.item_column = "time";
  EXPECT_SAYS(refusal(twice, named), "two columns are called \"user\"; rename one of them");
}

}  // namespace
}  // namespace truenext
