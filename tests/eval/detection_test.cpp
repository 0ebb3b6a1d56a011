// SPDX-License-Identifier: Apache-2.0
#include "eval/detection.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace truenext {
namespace {

struct Case {
  std::string name;
  std::vector<float> scores;
  std::vector<uint8_t> sought;
  double auc, average_precision;
};

TEST(Detection, OfScoresWorkedOutByHand) {
  const std::vector<Case> cases{
      {"in order", {4, 3, 2, 1}, {1, 1, 0, 0}, 1, 1},
      {"upside down", {1, 2, 3, 4}, {1, 1, 0, 0}, 0, (1.0 / 3 + 2.0 / 4) / 2},
      {"all equal", {5, 5, 5, 5}, {0, 1, 0, 0}, 0.5, 0.25},
      // Pairs: 3 of 4 in order; precision 1 at the first, 2/3 at the second.
      {"one out of place", {4, 3, 2, 1}, {1, 0, 1, 0}, 0.75, (1 + 2.0 / 3) / 2},
      // The tie of one and one counts half: (1 + 1 + 0.5 + 1) / 4; at the tie precision is 2/3.
      {"a tie", {4, 3, 3, 1}, {1, 0, 1, 0}, 3.5 / 4, (1 + 2.0 / 3) / 2},
      {"infinite scores", {1e38f, -1e38f, 0}, {1, 0, 0}, 1, 1},
      {"nothing sought", {1, 2}, {0, 0}, 0, 0},
      {"everything sought", {1, 2}, {1, 1}, 0, 1},
      {"nothing", {}, {}, 0, 0},
  };
  for (const Case& one : cases) {
    const Detection found = detect(one.scores, one.sought);
    EXPECT_DOUBLE_EQ(found.auc, one.auc) << one.name;
    EXPECT_DOUBLE_EQ(found.average_precision, one.average_precision) << one.name;
    EXPECT_EQ(found.sought + found.others, std::ssize(one.scores)) << one.name;
    EXPECT_EQ(found.is_defined(), found.sought > 0 && found.others > 0) << one.name;
  }
}

/// Against every pair, one by one, with many ties.
TEST(Detection, AucIsTheShareOfPairsInOrder) {
  RandomStream random(random_key(5, Purpose::simulate));
  std::vector<float> scores;
  std::vector<uint8_t> sought;
  for (int i = 0; i < 400; ++i) {
    sought.push_back(random.below(4) == 0 ? 1 : 0);
    scores.push_back(static_cast<float>(random.below(20) + 3 * sought.back()));
  }
  double won = 0, pairs = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    for (size_t j = 0; j < scores.size(); ++j) {
      if (sought[i] == 0 || sought[j] != 0) continue;
      won += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
      pairs += 1;
    }
  }
  EXPECT_DOUBLE_EQ(detect(scores, sought).auc, won / pairs);
}

}  // namespace
}  // namespace truenext
