// SPDX-License-Identifier: Apache-2.0
// Arrow streams that break the rules of the interface: an error that says how, and no access
// outside of what is there, as far as that can be known.
#include <gtest/gtest.h>

#include <ostream>

#include "data/arrow_columns.h"
#include "data/readers/arrow_stream.h"
#include "support/test_files.h"

namespace truenext {
namespace {

using test::ArrowFrame;
using test::FrameArray;

enum Column { kUser, kItem, kTime, kValue };

/// A dictionary of texts, views, whole numbers and large texts.
ArrowFrame good_frame() {
  ArrowFrame frame;
  frame.names = {"user", "item", "time", "rating"};
  frame.add(
      {test::dictionary_array<int8_t>("c", {1, 0, {}, 1},
                                      test::text_array("u", {{"anna"}, {"bert"}})),
       test::text_array("vu", {{"short"}, {"longer than twelve"}, {"x"}, {"also longer than"}}),
       test::number_array<int64_t>("l", {1, 2, 3, 4}),
       test::text_array("U", {{"1"}, {"2.5"}, {"3"}, {"4"}})});
  return frame;
}

/// Of a batch, or of a buffer, what the exporter hands over and a case spoils.
template <typename T>
void set_in(ArrowArray& array, int buffer, int64_t place, T value) {
  auto* bytes = static_cast<char*>(const_cast<void*>(array.buffers[buffer]));
  std::memcpy(bytes + place * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

struct DamageCase {
  const char* name;
  void (*batch)(ArrowArray&);
  const char* said;
  void (*schema)(ArrowSchema&) = nullptr;
  friend std::ostream& operator<<(std::ostream& out, const DamageCase& row) {
    return out << row.name;
  }
};

class ArrowDamage : public testing::TestWithParam<DamageCase> {};

TEST_P(ArrowDamage, IsNamedEvenWhereBrokenRowsArePassedOver) {
  const DamageCase& row = GetParam();
  for (const bool skip : {false, true}) {
    ArrowFrame frame = good_frame();
    frame.change_batch = row.batch;
    if (row.schema != nullptr) frame.change_schema = row.schema;
    ArrowArrayStream stream = frame.stream();
    ReaderOptions options;
    options.path = "table";
    options.value_column = "rating";
    options.skip_bad = skip;
    const auto error = test::caught([&] {
      const auto reader = open_arrow_stream(&stream, options);
      for (Event event; reader->next(event);) {
      }
    });
    EXPECT_EQ(error.code, ExitCode::data) << error.message;
    EXPECT_TRUE(error.says("table: ")) << error.message;
    EXPECT_TRUE(error.says(row.said)) << error.message;
    if (!skip) {
      EXPECT_TRUE(error.says("the stream is damaged") || error.says("the user is null"));
    }
    EXPECT_TRUE(frame.all_released());
    EXPECT_EQ(frame.streams_released, 1);
  }
}

using Batch = ArrowArray;
using Schema = ArrowSchema;

void leave(ArrowArray&) {}

INSTANTIATE_TEST_SUITE_P(
    Schemas, ArrowDamage,
    testing::Values(DamageCase{"no_format", leave, "its schema is empty",
                               [](Schema& s) { s.format = nullptr; }},
                    DamageCase{"children_below_zero", leave, "has -1 columns",
                               [](Schema& s) { s.n_children = -1; }},
                    DamageCase{"children_beyond", leave, "columns",
                               [](Schema& s) { s.n_children = INT64_MAX; }},
                    DamageCase{"no_children", leave, "4 columns",
                               [](Schema& s) { s.children = nullptr; }},
                    DamageCase{"no_child", leave, "column 3 of its schema is missing",
                               [](Schema& s) { s.children[2] = nullptr; }},
                    DamageCase{"column_without_format", leave,
                               "column \"item\": the stream is damaged: it has no",
                               [](Schema& s) { s.children[1]->format = nullptr; }},
                    DamageCase{"dictionary_without_format", leave, "its dictionary",
                               [](Schema& s) { s.children[0]->dictionary->format = nullptr; }},
                    DamageCase{"indices_of_text", leave, "the indices of its dictionary are text",
                               [](Schema& s) { s.children[0]->format = "u"; }}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Batches, ArrowDamage,
    testing::Values(
        DamageCase{"length", [](Batch& b) { b.length = -1; }, "-1 rows"},
        DamageCase{"length_beyond", [](Batch& b) { b.length = INT64_MAX; }, "rows with"},
        DamageCase{"offset", [](Batch& b) { b.offset = -1; }, "from place -1"},
        DamageCase{"offset_beyond", [](Batch& b) { b.offset = INT64_MAX; }, "from place"},
        DamageCase{"null_count", [](Batch& b) { b.null_count = -2; }, "-2 nulls"},
        DamageCase{"nulls_nowhere", [](Batch& b) { b.null_count = 1; }, "1 null rows"},
        DamageCase{"children", [](Batch& b) { b.n_children = 3; }, "3 columns, the schema 4"},
        DamageCase{"no_children", [](Batch& b) { b.children = nullptr; }, "4 columns"},
        DamageCase{"no_child", [](Batch& b) { b.children[1] = nullptr; }, "no column 2"},
        DamageCase{"no_buffers", [](Batch& b) { b.buffers = nullptr; }, "0 buffers"},
        DamageCase{"two_buffers", [](Batch& b) { b.n_buffers = 2; }, "2 buffers, want 1"},
        DamageCase{"more_rows", [](Batch& b) { b.length = 5; }, "4 values for 5 rows"},
        DamageCase{"more_offset", [](Batch& b) { b.offset = 1; }, "4 values for 5 rows"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Columns, ArrowDamage,
    testing::Values(
        DamageCase{"length", [](Batch& b) { b.children[kTime]->length = -1; },
                   "column \"time\": the stream is damaged: a batch of -1 values"},
        DamageCase{"offset", [](Batch& b) { b.children[kTime]->offset = -1; }, "from place -1"},
        DamageCase{"offset_beyond", [](Batch& b) { b.children[kTime]->offset = INT64_MAX; },
                   "from place"},
        DamageCase{"null_count", [](Batch& b) { b.children[kTime]->null_count = -9; }, "-9 nulls"},
        DamageCase{"short", [](Batch& b) { b.children[kTime]->length = 3; },
                   "3 values for 4 rows, in the batch from row 1"},
        DamageCase{"no_buffers", [](Batch& b) { b.children[kTime]->buffers = nullptr; },
                   "0 buffers of int64"},
        DamageCase{"one_buffer", [](Batch& b) { b.children[kTime]->n_buffers = 1; },
                   "1 buffers of int64 (Arrow format \"l\"), want 2"},
        DamageCase{"text_of_two_buffers", [](Batch& b) { b.children[kValue]->n_buffers = 2; },
                   "2 buffers of text (Arrow format \"U\"), want 3"},
        DamageCase{"views_of_two_buffers", [](Batch& b) { b.children[kItem]->n_buffers = 2; },
                   "want 3 or more"},
        DamageCase{"children", [](Batch& b) { b.children[kTime]->n_children = 1; },
                   "1 children of int64"},
        DamageCase{"no_values", [](Batch& b) { b.children[kTime]->buffers[1] = nullptr; },
                   "4 rows without values"},
        DamageCase{"nulls_nowhere",
                   [](Batch& b) {
                     b.children[kTime]->null_count = 1;
                     b.children[kTime]->buffers[0] = nullptr;
                   },
                   "1 nulls, and nothing says which"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Texts, ArrowDamage,
    testing::Values(
        DamageCase{"end", [](Batch& b) { set_in<int64_t>(*b.children[kValue], 1, 4, -1); },
                   "its texts end at byte -1"},
        DamageCase{"no_text", [](Batch& b) { b.children[kValue]->buffers[2] = nullptr; },
                   "6 bytes of text without a buffer"},
        DamageCase{"descending", [](Batch& b) { set_in<int64_t>(*b.children[kValue], 1, 1, 5); },
                   "row 2: the text goes from byte 5 to 4 of 6"},
        DamageCase{"below", [](Batch& b) { set_in<int64_t>(*b.children[kValue], 1, 0, -3); },
                   "row 1: the text goes from byte -3 to 1 of 6"},
        DamageCase{"beyond", [](Batch& b) { set_in<int64_t>(*b.children[kValue], 1, 2, 7); },
                   "row 2: the text goes from byte 1 to 7 of 6"},
        DamageCase{"view_length", [](Batch& b) { set_in<int32_t>(*b.children[kItem], 1, 0, -1); },
                   "row 1: a text of -1 bytes"},
        DamageCase{"view_buffer", [](Batch& b) { set_in<int32_t>(*b.children[kItem], 1, 6, 2); },
                   "row 2: the text lies in buffer 2 of 2"},
        DamageCase{"view_buffer_below",
                   [](Batch& b) { set_in<int32_t>(*b.children[kItem], 1, 6, -1); },
                   "row 2: the text lies in buffer -1 of 2"},
        DamageCase{"view_place", [](Batch& b) { set_in<int32_t>(*b.children[kItem], 1, 7, -1); },
                   "row 2: the text goes from byte -1"},
        DamageCase{"view_beyond", [](Batch& b) { set_in<int32_t>(*b.children[kItem], 1, 4, 1000); },
                   "row 2: the text goes from byte 0 to 1000"},
        DamageCase{"view_size", [](Batch& b) { set_in<int64_t>(*b.children[kItem], 4, 1, 3); },
                   "row 2: the text goes from byte 0 to 18 of 3"},
        DamageCase{"view_without_buffer", [](Batch& b) { b.children[kItem]->buffers[3] = nullptr; },
                   "row 2: the text goes from byte 0 to 18 of 0"},
        DamageCase{"view_without_sizes", [](Batch& b) { b.children[kItem]->buffers[4] = nullptr; },
                   "buffers of text without their sizes"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Dictionaries, ArrowDamage,
    testing::Values(
        DamageCase{"index", [](Batch& b) { set_in<int8_t>(*b.children[kUser], 1, 1, 2); },
                   "row 2: index 2 into a dictionary of 2 values"},
        DamageCase{"index_below", [](Batch& b) { set_in<int8_t>(*b.children[kUser], 1, 1, -1); },
                   "row 2: index -1 into a dictionary of 2 values"},
        DamageCase{"none", [](Batch& b) { b.children[kUser]->dictionary = nullptr; },
                   "has no dictionary"},
        DamageCase{"length", [](Batch& b) { b.children[kUser]->dictionary->length = -1; },
                   "its dictionary: the stream is damaged"},
        DamageCase{"text",
                   [](Batch& b) { set_in<int32_t>(*b.children[kUser]->dictionary, 1, 1, 9); },
                   "its dictionary: the stream is damaged: row 1: the text goes from byte 9"},
        DamageCase{"no_values", [](Batch& b) { b.children[kUser]->dictionary->n_buffers = 0; },
                   "its dictionary: the stream is damaged: 0 buffers"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ArrowDamageTest, NothingIsWrongWithTheTableThatIsDamaged) {
  ArrowFrame frame = good_frame();
  ArrowArrayStream stream = frame.stream();
  ReaderOptions options;
  options.path = "table";
  options.skip_bad = true;  // a user is null
  const auto reader = open_arrow_stream(&stream, options);
  std::vector<std::string> items;
  for (Event event; reader->next(event);) items.emplace_back(event.item);
  EXPECT_EQ(items, (std::vector<std::string>{"short", "longer than twelve", "also longer than"}));
}

}  // namespace
}  // namespace truenext
