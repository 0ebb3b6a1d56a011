// SPDX-License-Identifier: Apache-2.0
#include "eval/ranked_lists.h"

#include <gtest/gtest.h>

#include "eval/small_dataset.h"

namespace truenext {
namespace {

class RankedListFiles : public ::testing::Test {
 protected:
  int32_t item(const char* raw) const { return *dataset_.items().find(raw); }
  RankedLists read(const std::string& text) const {
    return read_ranked_lists(folder_.write("lists", text), dataset_, queries_);
  }
  std::vector<int32_t> list_of(const RankedLists& lists, int64_t query) const {
    const auto row = lists.items.row(query);
    return {row.begin(), row.end()};
  }
  test::Caught refused(const std::string& text) const {
    return test::caught([&] { read(text); });
  }

  test::TemporaryFolder folder_;
  // ann holds out d, "bob x" 50%; eve has too few events.
  Dataset dataset_ = small_dataset(folder_,
                                   "ann,a,1\nann,b,2\nann,c,3\nann,d,4\n"
                                   "bob x,b,1\nbob x,c,2\nbob x,a,3\nbob x,50%,4\neve,a,1\n");
  Queries queries_ = make_queries(dataset_, {});
};

TEST_F(RankedListFiles, TabbedLinesHoldAUserAndItsItems) {
  const RankedLists lists = read("bob x\t50% a\n\nann\tc what d c\r\neve\ta\nzoe\tb\n");
  EXPECT_EQ(list_of(lists, 0), (std::vector<int32_t>{item("c"), -1, item("d"), item("c")}));
  EXPECT_EQ(list_of(lists, 1), (std::vector<int32_t>{item("50%"), item("a")}));
  EXPECT_EQ(lists.missing_users, 0);
  EXPECT_EQ(lists.other_users, 2);
  EXPECT_EQ(lists.unknown_items, 1);
  EXPECT_EQ(lists.repeated_items, 1);
}

TEST_F(RankedListFiles, TrecRunsAreOrderedByScoreAndThenAsInTheFile) {
  const RankedLists lists =
      read("ann Q0 a 1 0.5 t\nbob%20x Q0 50%25 1 2 t\nann Q0 d 2 7e1 t\nann Q0 b 3 0.5 t\n");
  EXPECT_EQ(list_of(lists, 0), (std::vector<int32_t>{item("d"), item("a"), item("b")}));
  EXPECT_EQ(list_of(lists, 1), std::vector<int32_t>{item("50%")});
}

TEST_F(RankedListFiles, RanksAreTheFirstPlacesInTheLists) {
  const RankedTargets ranked =
      rank_in_lists(read("ann\tc c d d\n"), queries_, whole_range(queries_));
  EXPECT_EQ(ranked.ranks.values, (std::vector<int64_t>{2, kNeverRanked}));
  // ann's list repeats at 1 and 3; bob's ends before its first place.
  EXPECT_EQ(ranked.repeats.values, (std::vector<int64_t>{1, 3, 0}));
  EXPECT_EQ(ranked.repeats.offsets, (std::vector<int64_t>{0, 2, 3}));
}

TEST_F(RankedListFiles, BrokenFilesAreNamedByLine) {
  for (const auto& [text, word] : {std::pair<const char*, const char*>{"ann a b\n", "no tab"},
                                   {"ann\ta\nann\tb\n", "second list"},
                                   {"ann Q0 a 1 x t\n", "not a number"},
                                   {"ann Q0 a 1 nan t\n", "not a number"},
                                   {"ann Q0 a 1 2 t\nann a\n", "not a line of a TREC run"},
                                   {"", "no list"}}) {
    const test::Caught caught = refused(text);
    EXPECT_EQ(caught.code, ExitCode::data) << text;
    EXPECT_TRUE(caught.says(word)) << caught.message;
  }
  EXPECT_TRUE(refused("ann\ta\nann\tb\n").says("lists:2:"));
}

}  // namespace
}  // namespace truenext
