// SPDX-License-Identifier: Apache-2.0
#include "data/attributes.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/attribute_file.h"
#include "support/compressed.h"

namespace truenext {
namespace {

using test::AttributeFile;
using test::caught;
using test::columns;
using test::named;
using test::shown;

struct Reading {
  const char* what;
  const char* name;
  std::string_view text;
  AttributeOptions options;
  const char* format;
  const char* want;
};

TEST_F(AttributeFile, IsReadInEveryFormat) {
  const Reading readings[] = {
      {"S3-Rec's object",
       "a.json",
       R"({"2": [3, 5], "9": [1], "1": ["a"]})",
       {},
       "s3rec",
       "1: a; 2: 3 5"},
      {"the same over lines",
       "a.json",
       "{\n  \"1\": [\n    3,\n    3\n  ]\n}\n",
       {},
       "s3rec",
       "1: 3 3"},
      {"an object whose first item is called item",
       "a.json",
       R"({"item": [7], "1": [8]})",
       {},
       "s3rec",
       "1: 8"},
      {"JSON lines of lists",
       "a.jsonl",
       "{\"item\": 1, \"attributes\": [\"b\", 7]}\n\n{\"attributes\": [], \"item\": \"4\"}\n",
       {},
       "jsonl",
       "1: b 7"},
      {"JSON lines of one attribute",
       "a.jsonl",
       "{\"item\": \"1\", \"attribute\": \"b\"}\n{\"item\": \"1\", \"attribute\": 2}\n"
       "{\"item\": 2, \"attribute\": null}\n{\"item\": 2}\n",
       {},
       "jsonl",
       "1: b 2"},
      {"JSON lines, the attribute first, cut", "a.jsonl",
       R"({"genres": "a|b", "n": [1], "movieId": 2})", named({}, {}, "|"), "jsonl", "2: a b"},
      {"lists are not cut", "a.jsonl", R"({"asin": "1", "tags": ["a|b"]})", named({}, {}, "pipe"),
       "jsonl", "1: a|b"},
      {"keys with escapes", "a.jsonl", R"({"k": 1, "Ger\u00e4t": "a"})", named("k", "Ger\xc3\xa4t"),
       "jsonl", "1: a"},
      {"keys by option", "a.jsonl", R"({"k": 1, "v": "a", "tag": "no", "id": 2})", named("k", "v"),
       "jsonl", "1: a"},
      {"CSV with a header", "a.csv", "item,attribute\n1,a\n1,b\n2,a\n", {}, "csv", "1: a b; 2: a"},
      {"CSV without one", "a.csv", "2,b\r\n1,a\r\n", {}, "csv", "1: a; 2: b"},
      {"columns in any order",
       "a.csv",
       "genre,year,item_id\na,1999,1\nb,2000,2\n",
       {},
       "csv",
       "1: a; 2: b"},
      {"MovieLens' movies.csv", "movies.csv", "movieId,title,genres\n1,\"One, The\",a|b\n2,Two,b\n",
       named({}, {}, "|"), "csv", "1: a b; 2: b"},
      {"columns by option", "a.csv", "id,kind,key\n1,a,2\n", named("key", "kind"), "csv", "2: a"},
      {"quotes over lines",
       "a.csv",
       "item,tag\n1,\"a\nb\"\n2,\"c,d\"\n",
       {},
       "csv",
       "1: a\nb; 2: c,d"},
      {"TSV without a header", "a.tsv", "1\ta\nx y\tb c\n", {}, "tsv", "1: a; x y: b c"},
      {"a table with a name of its own",
       "films",
       "item|tag\n1|a\n2|b\n",
       {},
       "table",
       "1: a; 2: b"},
      {"movies.dat", "movies.dat", "1::One (1995)::a|b\n2::Two, or so::b\n",
       columns("item,-,attribute", "|"), "table", "1: a b; 2: b"},
      {"RecBole's .item",
       "ml.item",
       "item_id:token\ttitle:token_seq\tclass:token_seq\n1\tOne it is\ta b\n2\tTwo\tb\n",
       {},
       "tsv",
       "1: a b; 2: b"},
      {"semicolons", "a.csv", "item;tag\n1;a,b\n2;c\n", {}, "csv-like", "1: a,b; 2: c"},
      {"comments and a byte order mark",
       "a.csv",
       "\xef\xbb\xbf# of 2020\nitem,tag\n1,a\n",
       {},
       "csv",
       "1: a"},
      {"missing values", "a.csv", "item,tag\n1,\n2,NaN\n4,a||NULL|b\n", named({}, {}, "|"), "csv",
       "4: a b"},
      {"blanks are taken off", "a.csv", "item, tag\n1 , a ; b\n", named({}, {}, ";"), "csv",
       "1: a b"},
  };
  for (const Reading& reading : readings) {
    SCOPED_TRACE(reading.what);
    ItemAttributes attributes;
    const auto error =
        caught([&] { attributes = read(reading.name, reading.text, reading.options); });
    ASSERT_EQ(error.message, "");
    EXPECT_EQ(shown(attributes), reading.want);
    const std::string format = reading.format;
    EXPECT_EQ(attributes.report.format, format == "csv-like" ? "table" : format);
  }
}

TEST_F(AttributeFile, IsUnpacked) {
  const std::string text = "item,tag\n1,a\n2,b\n";
  EXPECT_EQ(shown(read("a.csv.gz", test::gzipped(text))), "1: a; 2: b");
  EXPECT_EQ(shown(read("a.json.zst", test::zstd_packed(R"({"1": ["a"]})"))), "1: a");
}

TEST_F(AttributeFile, NumbersAttributesByItemWhateverTheOrderOfTheRows) {
  for (const char* text : {"2,c\n1,b\n4,a\n1,c\n", "4,a\n1,b\n1,c\n2,c\n"}) {
    const ItemAttributes attributes = read("a.csv", text);
    EXPECT_EQ(attributes.rows.values, (std::vector<int32_t>{0, 1, 1, 2})) << text;
    EXPECT_EQ(attributes.ids.raw(0), "b") << text;
  }
}

TEST_F(AttributeFile, IsAccountedFor) {
  const ItemAttributes attributes =
      read("movies.csv", "movieId,year,genres\n8,1999,a|b\n1,1999,a|a\n2,2000,\n8,2001,c\n4,,b\n",
           named({}, {}, "|"));
  const AttributeReport& report = attributes.report;
  EXPECT_EQ(report.rows, 5);
  EXPECT_EQ(report.unknown_rows, 2);
  EXPECT_EQ(report.empty_rows, 1);
  EXPECT_EQ(report.counts.items_with, 2);
  EXPECT_EQ(report.counts.entries, 3);
  EXPECT_EQ(report.counts.repeats, 1);
  EXPECT_EQ(report.counts.most, 2);
  EXPECT_EQ(attributes.ids.size(), 2);  // c belongs to no item
  ASSERT_EQ(report.source.columns.size(), 2u);
  EXPECT_EQ(report.source.columns[0].name, "movieId");
  EXPECT_EQ(report.source.columns[0].sample, "8");
  EXPECT_EQ(report.source.columns[1].name, "genres");
  EXPECT_EQ(report.source.columns[1].sample, "a, b");
  EXPECT_EQ(report.source.unused, (std::vector<std::string>{"year"}));
  const auto json = attribute_json(report, 4);
  EXPECT_EQ(json["items_without"], 2);
  EXPECT_EQ(json["taken"]["columns"][1]["name"], "genres");
  EXPECT_TRUE(attribute_json({}, 4).is_null());
}

TEST_F(AttributeFile, KeepsWordsForMissingValuesWhenToldTo) {
  AttributeOptions options;
  options.keep_missing_words = true;
  EXPECT_EQ(shown(read("a.csv", "item,tag\n1,None\n2,\n", options)), "1: None");
}

}  // namespace
}  // namespace truenext
