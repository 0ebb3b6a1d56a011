// SPDX-License-Identifier: Apache-2.0
// What is no id: words for missing values, headers among the events, other forms of JSON.
#include "data/line_reading.h"

namespace truenext {
namespace {

using test::Case;
using test::case_name;
using test::LineReading;
using test::Lines;
using test::TemporaryFolder;

class MissingWords : public LineReading {};
TEST_P(MissingWords, AreRefusedWithTheirLineAndCounted) {
  check();
  EXPECT_EQ(counts_.missing, *GetParam().refusal == '\0' ? 0 : 1);
}

std::string with_user(const std::string& user) {
  return "user,item,time\na,p,1\n" + user + ",q,2\n";
}
constexpr auto keep_words = [](ReaderOptions& options) { options.keep_missing_words = true; };

INSTANTIATE_TEST_SUITE_P(
    Table, MissingWords,
    testing::Values(
        Case{"nan", with_user("nan"), {"a p 1 1"}, "events:3: the user is \"nan\"", "1 of them"},
        Case{"NaN", with_user("NaN"), {"a p 1 1"}, ":3: the user is \"NaN\""},
        Case{"None", with_user("None"), {"a p 1 1"}, ":3: the user is \"None\""},
        Case{"NULL", with_user("NULL"), {"a p 1 1"}, "--keep-missing-words"},
        Case{"null", with_user("null"), {"a p 1 1"}, ":3: the user is \"null\""},
        Case{"NA", with_user("NA"), {"a p 1 1"}, ":3: the user is \"NA\""},
        Case{"NA_in_angles", with_user("<NA>"), {"a p 1 1"}, ":3: the user is \"<NA>\""},
        Case{"database", with_user("\\N"), {"a p 1 1"}, ":3: the user is \"\\N\""},
        Case{"quoted", with_user("\"NULL\""), {"a p 1 1"}, ":3: the user is \"NULL\""},
        Case{"blanks", with_user("  "), {"a p 1 1"}, ":3: the user is empty"},
        Case{"blanks_kept_words", with_user("  "), {"a p 1 1"}, "is empty", "", keep_words},
        Case{"item", "user,item,time\na,p,1\na,None,2\n", {"a p 1 1"}, ":3: the item is \"None\""},
        Case{"time",
             "user,item,time\na,p,1\na,q,NaN\n",
             {"a p 1 1"},
             ":3: the time is \"NaN\", which stands for a missing value"},
        Case{"pairs", "1 2\n1 nan\n", {"1 2 0 1"}, ":2: the item is \"nan\""},
        Case{"s3rec_later",
             "1 2 3\n2 4 null 5\n",
             {"1 2 0 1", "1 3 0 1"},
             ":2: the item is \"null\"",
             "",
             nullptr,
             "s3rec"},
        Case{"json_text",
             "{\"user\":\"a\",\"item\":1}\n{\"user\":\"None\",\"item\":1}\n",
             {"a 1 0 1"},
             ":2: the user is \"None\""},
        Case{"kept", with_user("NULL"), {"a p 1 1", "NULL q 2 1"}, "", "", keep_words},
        Case{"part_of_an_id", with_user("nancy"), {"a p 1 1", "nancy q 2 1"}, ""},
        Case{"lower_na_is_an_id", with_user("na"), {"a p 1 1", "na q 2 1"}, ""}),
    case_name);

class Headers : public LineReading {};
TEST_P(Headers, AmongTheEventsArePassedOverAndCounted) {
  check();
  EXPECT_EQ(counts_.repeated_headers, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Headers,
    testing::Values(
        Case{"csv",
             "user,item,time\na,p,1\nuser,item,time\na,q,2\n",
             {"a p 1 1", "a q 2 1"},
             "",
             "1 header lines"},
        Case{"quoted", "\"user\",\"item\"\na,p\nuser,item\na,q\n", {"a p 0 1", "a q 0 1"}, ""},
        Case{"with_mark",
             "\xef\xbb\xbfuser,item\na,p\n\xef\xbb\xbfuser,item\na,q\n",
             {"a p 0 1", "a q 0 1"},
             ""},
        Case{"recbole",
             "user_id:token\titem_id:token\na\tp\nuser_id:token\titem_id:token\na\tq\n",
             {"a p 0 1", "a q 0 1"},
             ""},
        Case{"pairs", "user item\na p\na q\n", {"a p 0 1", "a q 0 1"}, ""},
        Case{"no_header",
             "user_id,item_id,time\na,p,1\n",
             {"a p 1 1"},
             "",
             "1 header lines",
             [](ReaderOptions& options) { options.columns = "user,item,time"; },
             "csv"}),
    case_name);

class JsonIds : public LineReading {};
TEST_P(JsonIds, AreTextsOrWholeNumbers) {
  check();
}

std::string json_item(const std::string& item) {
  return "{\"user\":1,\"item\":12}\n{\"user\":1,\"item\":" + item + "}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonIds,
    testing::Values(
        Case{"text", json_item("\"x\""), {"1 12 0 1", "1 x 0 1"}, ""},
        Case{"names_are_no_header",
             "{\"user\":\"visitor\",\"item\":\"book\"}\n{\"user\":\"visitor\",\"item\":\"book\"}\n",
             {"visitor book 0 1", "visitor book 0 1"},
             ""},
        Case{"escaped_keys",
             "{\"user\":1,\"\\u0069tem\":2}\n{\"user\":1,\"item\":3}\n",
             {"1 2 0 1", "1 3 0 1"},
             ""},
        Case{"negative", json_item("-5"), {"1 12 0 1", "1 -5 0 1"}, ""},
        Case{"large",
             json_item("18446744073709551615"),
             {"1 12 0 1", "1 18446744073709551615 0 1"},
             ""},
        Case{"yes", json_item("true"), {"1 12 0 1"}, "events:2: \"item\" is true"},
        Case{"no", json_item("false"), {"1 12 0 1"}, ":2: \"item\" is false"},
        Case{"nothing", json_item("null"), {"1 12 0 1"}, ":2: \"item\" is null"},
        Case{"fraction", json_item("12.0"), {"1 12 0 1"}, ":2: \"item\" is 12.0"},
        Case{"exponent", json_item("1e5"), {"1 12 0 1"}, ":2: \"item\" is 1e5"},
        Case{"negative_zero", json_item("-0"), {"1 12 0 1"}, ":2: \"item\" is -0"},
        Case{"list", json_item("[2]"), {"1 12 0 1"}, ":2: \"item\" is a list"},
        Case{"object", json_item("{\"id\":2}"), {"1 12 0 1"}, ":2: \"item\" is an object"},
        Case{"twice",
             "{\"user\":1,\"item\":12}\n{\"user\":1,\"item\":2,\"item\":3}\n",
             {"1 12 0 1"},
             ":2: \"item\" stands twice"},
        Case{"time_is_true",
             "{\"user\":1,\"item\":2,\"time\":3}\n{\"user\":1,\"item\":2,\"time\":true}\n",
             {"1 2 3 1"},
             ":2: \"time\" is true"}),
    case_name);

struct Refused {
  const char* name;
  const char* text;
  const char* says;
};

TEST(HeaderTest, ThatFitsTwiceOrNotIsRefused) {
  const TemporaryFolder folder;
  for (const Refused& row :
       {Refused{"double", "user_id,item_id,item_id,time\nu,a,x,1\n",
                "two columns are called \"item_id\""},
        Refused{"double_after_blanks", "user, item,item\nu,a,x\n",
                "two columns are called \"item\""},
        Refused{"recbole_list", "user_id:token\titem_id_list:token_seq\titem_id:token\nu\ta b\tc\n",
                "\"item_id_list\" holds a list"},
        Refused{"recbole_item_is_list", "user_id:token\titem_id:token_seq\nu\ta b\n",
                "\"item_id\" holds a list"},
        Refused{"recbole_blanks", "user_id:token item_id:token time:float\nu a 1\n",
                "--separator space"},
        Refused{"recbole_commas", "user_id:token,item_id:token\nu,a\n", "--separator comma"},
        Refused{"json_sessions", "{\"session\":0,\"events\":[{\"aid\":701,\"ts\":1}]}\n",
                "jq -c '{session} + .events[]'"},
        Refused{"json_other_keys", "{\"a\":0,\"b\":1}\n",
                "no column \"user\" and none \"item\" among \"a\", \"b\""}}) {
    ReaderOptions options;
    options.path = folder.write("events", row.text);
    const auto error = test::caught([&] { open_events(options); });
    EXPECT_EQ(error.code, ExitCode::data) << row.name;
    EXPECT_TRUE(error.says(row.says)) << row.name << ": " << error.message;
    EXPECT_FALSE(error.says("--columns") && row.text[0] == '{') << error.message;
  }
  ReaderOptions spaced;
  spaced.path = folder.write("seq.inter", "user_id:token item_id:token time:float\nu a 1\n");
  spaced.separator = "space";
  EXPECT_EQ(test::events_of(spaced), (Lines{"u a 1 1"}));
}

}  // namespace
}  // namespace truenext
