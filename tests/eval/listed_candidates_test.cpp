// SPDX-License-Identifier: Apache-2.0
#include "eval/listed_candidates.h"

#include <gtest/gtest.h>

#include "eval/drawn_candidates.h"
#include "eval/small_dataset.h"
#include "eval/table_scorer.h"
#include "support/compressed.h"

namespace truenext {
namespace {

const std::string kHuge(100'000, '9');

class ListedCandidateFiles : public ::testing::Test {
 protected:
  int32_t item(std::string_view raw) const { return *dataset_.items().find(raw); }
  ListedCandidates read(const std::string& text) const {
    return read_listed_candidates(folder_.write("sample.txt", text), dataset_, queries_);
  }
  std::vector<std::string> list_of(const ListedCandidates& listed, int64_t query) const {
    std::vector<std::string> ids;
    for (const int32_t item : listed.negatives.row(query)) {
      ids.emplace_back(dataset_.items().raw(item));
    }
    return ids;
  }

  test::TemporaryFolder folder_;
  // ann holds out d, bob e, both after three others; eve has too few events.
  Dataset dataset_ = small_dataset(folder_,
                                   "ann,a,1\nann,b,2\nann,c,3\nann,d,4\n"
                                   "bob,b,1\nbob,c,2\nbob,a,3\nbob,e,4\neve,f,1\n");
  Queries queries_ = make_queries(dataset_, {});
};

using Ids = std::vector<std::string>;

TEST_F(ListedCandidateFiles, LinesHoldAUserAndNegativesInAnyOrderOfUsers) {
  const ListedCandidates listed = read("bob d f\r\n\r\n \t\nann\te  f \n");
  EXPECT_EQ(list_of(listed, 0), (Ids{"e", "f"}));
  EXPECT_EQ(list_of(listed, 1), (Ids{"d", "f"}));
  EXPECT_EQ(listed.longest, 2);
  EXPECT_EQ(listed.name, "sample.txt");
  EXPECT_EQ(listed.fingerprint.size(), 32u);
}

TEST_F(ListedCandidateFiles, TheFingerprintIsOfWhatTheFileSays) {
  const std::string text = "ann e f\nbob d f\n";
  const std::string fingerprint = read(text).fingerprint;
  for (const std::string& same : {std::string("ann e f\r\n\nbob  d\tf"), "\xef\xbb\xbf" + text,
                                  test::gzipped(text), test::zstd_packed(text)}) {
    EXPECT_EQ(read(same).fingerprint, fingerprint) << same;
  }
  for (const char* other : {"ann f e\nbob d f\n", "bob d f\nann e f\n", "ann e f\nbob d\n",
                            "ann e f\nbob d f\nnobody d\n", "ann e f\nbob d f\neve f\n"}) {
    EXPECT_NE(read(other).fingerprint, fingerprint) << other;
  }
}

TEST_F(ListedCandidateFiles, WhatIsOddIsCountedAndItsFirstIsNamed) {
  struct Row {
    std::string text;
    Finding ListedCandidates::*finding;
    int64_t count;
    std::string first;  ///< behind the file's name
    Ids ann;
  };
  const Row rows[] = {
      {"zoe e\nann e\nbob d\nmax e\n",
       &ListedCandidates::unknown_users,
       2,
       ":1: user \"zoe\"",
       {"e"}},
      {"bob d\nann what e f no\n",
       &ListedCandidates::unknown_items,
       2,
       ":2: item \"what\"",
       {"e", "f"}},
      {"bob d\nann e d\n", &ListedCandidates::held_out, 1, ":2: item \"d\"", {"e"}},
      {"bob d\nann e b a\n", &ListedCandidates::in_history, 2, ":2: item \"b\"", {"e", "b", "a"}},
      {"bob d\nann e f e e\n",
       &ListedCandidates::repeated,
       2,
       ":2: item \"e\"",
       {"e", "f", "e", "e"}},
      {"bob d\nann e \xff\xfe\n",
       &ListedCandidates::unknown_items,
       1,
       ":2: item \"\\xFF\\xFE\"",
       {"e"}},
      {"bob d\nann e \x1b[2J\n",
       &ListedCandidates::unknown_items,
       1,
       ":2: item \"\\x1B[2J\"",
       {"e"}},
      {"bob d\nann e " + kHuge + "\n",
       &ListedCandidates::unknown_items,
       1,
       ":2: item \"999",
       {"e"}},
      {"bob d\nann e\neve what\n", &ListedCandidates::unknown_items, 0, "", {"e"}},
  };
  for (const Row& row : rows) {
    const ListedCandidates listed = read(row.text);
    const Finding& found = listed.*row.finding;
    EXPECT_NE(found.first.find(row.first), std::string::npos) << found.first;
    EXPECT_LT(found.first.size(), 1000u);
    EXPECT_EQ(list_of(listed, 0), row.ann) << row.text;
    for (const auto other : {&ListedCandidates::unknown_users, &ListedCandidates::unknown_items,
                             &ListedCandidates::held_out, &ListedCandidates::in_history,
                             &ListedCandidates::repeated}) {
      const int64_t expected = other == row.finding ? row.count : 0;
      EXPECT_EQ((listed.*other).count, expected) << row.text;
    }
  }
}

TEST_F(ListedCandidateFiles, WhatCannotBeRankedIsRefused) {
  const std::pair<std::string, std::vector<std::string>> rows[] = {
      {"ann e\nbob\n", {"sample.txt:2:", "no negative", "\"bob\""}},
      {"ann e\nnobody\n", {"sample.txt:2:", "no negative"}},
      {"ann e\nbob d\nann f\n", {"sample.txt:3:", "second line", "\"ann\"", "line 1"}},
      {"ann e\n", {"1 of 2 evaluated users", "\"bob\""}},
      {"ann e\nbob e what\n", {"sample.txt:2:", "no negative that the dataset knows"}},
      {"1 2 3\n2 3 4\n", {"no line of a user", "sample.txt:1: user \"1\""}},
      {kHuge + " e\n", {"no line of a user", "\"999"}},
      {"", {"no line of a user"}},
      {"\n\n", {"no line of a user"}},
      {std::string("PK\x03\x04\0\0\0\0", 8), {"sample.txt"}},
      {std::string("a\0n\0n\0 \0e\0\n\0", 12), {"UTF-16"}},
      {test::gzipped("ann e\nbob d\n").substr(0, 20), {"sample.txt"}},
  };
  for (const auto& [text, words] : rows) {
    const test::Caught caught = test::caught([&] { read(text); });
    EXPECT_EQ(caught.code, ExitCode::data) << text.substr(0, 80);
    for (const std::string& word : words) EXPECT_TRUE(caught.says(word)) << caught.message;
    EXPECT_LT(caught.message.size(), 2000u);
  }
  EXPECT_EQ(
      test::caught([&] { read_listed_candidates(folder_ / "none", dataset_, queries_); }).code,
      ExitCode::data);
}

TEST_F(ListedCandidateFiles, ASampleOfUsersNeedsTheirLinesOnly) {
  Protocol protocol;
  protocol.max_users = 1;
  queries_ = make_queries(dataset_, protocol);
  ASSERT_EQ(queries_.users.size(), 1u);
  const std::string user(dataset_.users().raw(queries_.users[0]));
  EXPECT_EQ(list_of(read(user + " f\n"), 0), Ids{"f"});
  EXPECT_EQ(read("ann f\nbob f f f\n").longest, 3) << "of all lines, whoever is evaluated";
}

TEST_F(ListedCandidateFiles, RanksCountTheNegativesAndNothingElse) {
  // ann's d scores 3: one negative above, one equal, one below, and "a", which is not listed,
  // above.
  std::vector<float> scores(static_cast<size_t>(2 * dataset_.num_items()), 0);
  const auto set = [&](int64_t query, const char* raw, float score) {
    scores[static_cast<size_t>(query * dataset_.num_items() + item(raw))] = score;
  };
  for (const auto& [raw, score] : {std::pair{"a", 9.0F}, {"d", 3.0F}, {"e", 5.0F}, {"f", 3.0F}}) {
    set(0, raw, score);
  }
  set(1, "e", 1);
  const TableScorer scorer(scores, dataset_.num_items());
  ListedCandidates listed = read("ann e f b\nbob d f\n");
  WorkerPool pool(1);
  struct Row {
    TieRule ties;
    int64_t ann;
  };
  for (const Row& row : {Row{TieRule::ahead, 2}, {TieRule::behind, 1}, {TieRule::half, 1}}) {
    Protocol protocol;
    protocol.ties = row.ties;
    rank_among(listed, &protocol);
    EXPECT_FALSE(protocol.is_whole_catalogue());
    const auto ranked = rank_horizons(
        scorer, {queries_, protocol, {whole_range(queries_)}, listed.negatives}, pool);
    EXPECT_EQ(ranked[0].ranks.values, (std::vector<int64_t>{row.ann, 0}));
  }
  // What a line repeats stands above as often.
  listed = read("ann e e e f\nbob d\n");
  Protocol protocol;
  rank_among(listed, &protocol);
  EXPECT_EQ(protocol.negatives, 4);
  const auto ranked =
      rank_horizons(scorer, {queries_, protocol, {whole_range(queries_)}, listed.negatives}, pool);
  EXPECT_EQ(ranked[0].ranks.values, (std::vector<int64_t>{3, 0}));
}

}  // namespace
}  // namespace truenext
