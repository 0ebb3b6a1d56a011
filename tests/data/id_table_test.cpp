// SPDX-License-Identifier: Apache-2.0
#include "data/id_table.h"

#include <gtest/gtest.h>

#include <string>

#include "data/id_file.h"
#include "support/test_files.h"

namespace truenext {
namespace {

// Every length around the 11 bytes that stand in the table itself, with bytes that look like
// padding.
std::vector<std::string> awkward_ids() {
  std::vector<std::string> ids;
  for (size_t length = 0; length <= 30; ++length) {
    ids.emplace_back(length, '\0');
    ids.emplace_back(length, '\xff');
    if (length > 0) ids.push_back(std::string(length - 1, 'a') + "b");
  }
  ids.erase(ids.begin());  // the empty id is there twice
  return ids;
}

TEST(IdTable, NumbersInOrderOfFirstAppearance) {
  IdTable table;
  EXPECT_EQ(table.intern("b"), 0);
  EXPECT_EQ(table.intern("a"), 1);
  EXPECT_EQ(table.intern("b"), 0);
  EXPECT_EQ(table.size(), 2);
  EXPECT_EQ(table.raw(1), "a");
  EXPECT_EQ(table.find("a"), 1);
  EXPECT_EQ(table.find("c"), std::nullopt);
}

TEST(IdTable, TellsAnyBytesApart) {
  IdTable table;
  const std::vector<std::string> ids = awkward_ids();
  for (size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(table.intern(ids[i]), static_cast<int32_t>(i));
  for (size_t i = 0; i < ids.size(); ++i) {
    ASSERT_EQ(table.intern(ids[i]), static_cast<int32_t>(i));
    ASSERT_EQ(table.raw(static_cast<int64_t>(i)), ids[i]);
  }
}

TEST(IdTable, NumbersStandForTheirDigits) {
  IdTable table;
  const std::vector<int64_t> numbers{0, 7, 10, 99'999'999, 100'000'000'000, INT64_MAX};
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto id = static_cast<int32_t>(i);
    ASSERT_EQ(table.intern(IdTable::key_of_number(numbers[i]), ""), id);
    ASSERT_EQ(table.intern(IdTable::key_of_number(numbers[i]), ""), id);
    const std::string digits = std::to_string(numbers[i]);
    ASSERT_EQ(table.raw(id), digits);
    ASSERT_EQ(table.find(digits), id);
  }
  EXPECT_EQ(table.intern("-7"), 6);
  EXPECT_EQ(table.intern("18446744073709551615"), 7);
  EXPECT_EQ(table.find("-7"), 6);
  EXPECT_EQ(table.find("18446744073709551615"), 7);
  for (const char* text : {"", "07", "00", "+7", " 7", "7 ", "7.0", "8", "9223372036854775808"}) {
    EXPECT_EQ(table.find(text), std::nullopt) << text;
  }
}

TEST(IdTable, KeepsTextsAndNumbersWhileItGrows) {
  IdTable table;
  table.intern("first and longer than eleven bytes");
  const std::string_view first = table.raw(0);
  for (int i = 0; i < 200'000; ++i) table.intern(std::to_string(i * 7919));
  EXPECT_EQ(first, "first and longer than eleven bytes");
  for (int i = 0; i < 200'000; ++i) ASSERT_EQ(table.find(std::to_string(i * 7919)), i + 1);
  EXPECT_EQ(table.size(), 200'001);
}

TEST(IdFile, FindsWhatWasWritten) {
  const test::TemporaryFolder folder;
  const std::vector<std::string> ids = awkward_ids();
  const auto count = static_cast<int64_t>(ids.size());
  const auto text = [&](int64_t id) { return std::string_view(ids[id]); };
  write_id_file(folder / "a.ids", count, text, true);
  const IdFile file(folder / "a.ids", count, true);
  ASSERT_EQ(file.size(), count);
  for (int64_t id = 0; id < count; ++id) {
    ASSERT_EQ(file.raw(id), ids[id]);
    ASSERT_EQ(file.find(ids[id]), static_cast<int32_t>(id));
  }
  EXPECT_EQ(file.find("nobody"), std::nullopt);
}

TEST(IdFile, RefusesDamagedFiles) {
  const test::TemporaryFolder folder;
  const std::vector<std::string> ids{"b", "a", "longer"};
  const auto text = [&](int64_t id) { return std::string_view(ids[id]); };
  write_id_file(folder / "a.ids", 3, text, true);
  const std::string good = test::file_bytes(folder / "a.ids");
  const auto open = [&](std::string bytes, int64_t count = 3) {
    const std::string path = folder.write("b.ids", bytes);
    const auto error = test::caught([&] { IdFile(path, count, true); });
    return error.code == ExitCode::data && error.says("b.ids");
  };
  EXPECT_FALSE(open(good));
  EXPECT_TRUE(open(good, 2));
  for (size_t size = 0; size < good.size(); ++size) ASSERT_TRUE(open(good.substr(0, size))) << size;
  EXPECT_TRUE(open(good + "12345678"));
  std::string wrong = good;
  wrong[32 + 8] = 9;  // the second offset is beyond the third
  EXPECT_TRUE(open(wrong));
  wrong = good;
  wrong[good.size() - 12] = 7;  // an id out of range in the order
  EXPECT_TRUE(open(wrong));
  wrong = good;
  std::swap(wrong[good.size() - 12], wrong[good.size() - 8]);  // "b" before "a"
  EXPECT_TRUE(open(wrong));
}

}  // namespace
}  // namespace truenext
