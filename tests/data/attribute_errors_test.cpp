// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "data/attribute_file.h"

namespace truenext {
namespace {

using test::AttributeFile;
using test::caught;
using test::columns;
using test::named;

TEST_F(AttributeFile, WarnsOfWhatWasGuessed) {
  struct Warned {
    std::string_view text;
    AttributeOptions options;
    const char* says;  ///< nullptr: nothing
  };
  const Warned cases[] = {
      {"item,tag\n1,a\n2,b\n", {}, nullptr},
      {"item,genres\n1,a|b\n2,b\n", {}, "--attribute-separator '|'"},
      {"item,genres\n1,a\n2,b\n", named({}, {}, "|"), "no field holds the separator \"|\""},
      {"item,genres,tag\n1,a,x\n2,b,y\n", {}, "\"genres\" is taken, \"tag\" would fit too"},
      {"item,tag\n1,a\n9,b\n", {}, "only 1 of 4 items"},
      {"item,tag\n1,\xe9\n2,b\n", {}, "no UTF-8"},
  };
  for (const Warned& each : cases) {
    SCOPED_TRACE(each.text);
    const auto warnings = read("a.csv", each.text, each.options).report.source.warnings;
    EXPECT_EQ(warnings.size(), each.says == nullptr ? 0u : 1u)
        << fmt::format("{}", fmt::join(warnings, "\n"));
    if (each.says == nullptr || warnings.empty()) continue;
    EXPECT_NE(warnings[0].find(each.says), std::string::npos) << warnings[0];
  }
}

struct Refusal {
  std::string_view text;
  std::vector<const char*> says;
  AttributeOptions options = {};
  const char* name = "a.csv";
  ExitCode code = ExitCode::data;
};

TEST_F(AttributeFile, IsRefusedWithTheLineAndWhatWasExpected) {
  const Refusal cases[] = {
      {"", {"a.csv: the file is empty"}},
      {" \n\n", {"the file is empty"}},
      {"item,tag\n", {"there are no items"}},
      {"8,a\n9,b\n",
       {"none of its 2 rows", "\"8\", \"9\"", "dataset \"1\", \"2\", \"x y\"",
        "--attribute-item-column"}},
      {"item,tag\n1,\n9,a\n", {"no item of the dataset has an attribute", "--attribute-column"}},
      {"item,tag\n1,a\n,b\n", {"a.csv:3", "\"item\" is empty", "want the raw id"}},
      {"item,tag\n1,a\nNaN,b\n", {"a.csv:3", "missing value", "--keep-missing-words"}},
      {"item,tag\n1,a\n2,b,c\n", {"no mark stands as often"}},
      {"item,tag\n1,\"a\n", {"a.csv:2", "quote is not closed"}},
      {"item,tag\n1,\"['a', 'b']\"\n", {"a.csv:2", "a list as text", "--attribute-separator"}},
      {"item,kind\n1,a\n",
       {"a.csv:1", "\"item\", \"kind\"", "--attribute-column",
        "--attribute-columns, for example item,attribute"}},
      {"1,a,b\n2,a,b\n", {"a.csv:1", "--attribute-columns, for example item,-,attribute"}},
      {"film,kind\n1,a\n2,b\n", {"a.csv:1", "neither names of an item"}},
      {"alone\nwords\n", {"no mark stands as often", "alone"}},
      {"film:token\tkind:token_seq\n1\ta\n", {"a.csv:1", "neither names of an item"}},
      {"item,tag\n1,a\n", {"no column \"kind\"", "item = 1, tag = a"}, named({}, "kind")},
      {"item,tag\n1,a\n", {"\"tag\" is named for the item and"}, named("tag", "tag")},
      {"item,tag,tag\n1,a,b\n", {"two columns are called \"tag\""}, named({}, "tag")},
      {"1,a\n", {"2 fields, but --attribute-columns names 3"}, columns("item,-,attribute")},
      {"[{\"item\": 1}]", {"JSON array"}, {}, "a.json"},
      {R"({"1": 1, "2": [1]})",
       {"no column is known for the item", "--attribute-item-column"},
       {},
       "a.json"},
      {"{\"1\": [1],\n\"2\": {}}", {"a.json:2", "\"2\" has no list"}, {}, "a.json"},
      {"{\"1\": [1],\n\"2\": [1.5]}", {"a.json:2", "1.5", "whole number"}, {}, "a.json"},
      {R"({"1": [[1]]})", {"a.json:1", "is a list", "want a text or a whole number"}, {}, "a.json"},
      {R"({"1": [true]})", {"true or false"}, {}, "a.json"},
      {R"({"1": [null]})", {"is null"}, {}, "a.json"},
      {R"({"1": [1], "1": [2]})", {"the item \"1\" occurs twice"}, {}, "a.json"},
      {R"({"1": [1])", {"a.json", "want {\"item\": [attribute"}, {}, "a.json"},
      {R"({"1": [1]} {)", {"a.json:1"}, {}, "a.json"},
      {R"({"1": [1]})",
       {"--attribute-column go with tables"},
       named({}, "x"),
       "a.json",
       ExitCode::usage},
      {R"({"item": 1, "tag": "a"})", {"is JSON"}, columns("item,tag"), "a.json", ExitCode::usage},
      {"{\"item\": 1, \"tag\": \"a\"}\n{\"tag\": \"a\"}\n",
       {"a.jsonl:2", "no \"item\""},
       {},
       "a.jsonl"},
      {"{\"item\": 1, \"tag\": \"a\"}\n{\"item\": 1, \"item\": 2}\n",
       {"a.jsonl:2", "\"item\" stands twice"},
       {},
       "a.jsonl"},
      {"{\"item\": 1, \"tag\": \"a\"}\n{\"item\": 1.0, \"tag\": 1}\n",
       {"a.jsonl:2", "the item is 1.0"},
       {},
       "a.jsonl"},
      {"{\"item\": 1, \"tag\": \"a\"}\n{\"item\": 2, \"tag\": {}}\n",
       {"a.jsonl:2", "the attribute is an object"},
       {},
       "a.jsonl"},
      {"{\"item\": 1, \"tag\": \"a\"}\nrubbish\n",
       {"a.jsonl:2", "one JSON object a line"},
       {},
       "a.jsonl"},
      {"{\"item\": 1, \"tag\": \"a\"} {}\n", {"a.jsonl:1", "more text"}, {}, "a.jsonl"},
      {"{\"item\": 1, \"kind\": \"a\"}\n",
       {"a.jsonl:1", "no column is known for the attribute", "kind = a", "--attribute-column"},
       {},
       "a.jsonl"},
  };
  for (const Refusal& each : cases) {
    SCOPED_TRACE(each.text);
    const auto error = caught([&] { read(each.name, each.text, each.options); });
    EXPECT_EQ(error.code, each.code) << error.message;
    for (const char* part : each.says) EXPECT_TRUE(error.says(part)) << error.message;
  }
}

}  // namespace
}  // namespace truenext
