// SPDX-License-Identifier: Apache-2.0
#include "compare/grid_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "compare/judged_run.h"

namespace truenext {
namespace {

using test::JudgedRun;

class GridTables : public ::testing::Test {
 protected:
  void SetUp() override {
    JudgedRun{.values = {0.2, 0.4, 0.3, 0.6}}.write(folder_ / "base-1");
    JudgedRun{.values = {0.4, 0.4, 0.2, 0.6}}.write(folder_ / "base-2");
    JudgedRun{.values = {0.5, 0.6, 0.3, 0.8}}.write(folder_ / "other-1");
  }
  SideRequest side(const std::string& name, const std::vector<std::string>& runs) const {
    SideRequest request{name, {}};
    for (const std::string& run : runs) request.folders.push_back(folder_ / run);
    return request;
  }
  GridTable table(const std::vector<SideRequest>& requests) {
    return make_grid_table({"d", "test", requests, "base"}, {199, 1}, pool_);
  }

  test::TemporaryFolder folder_;
  WorkerPool pool_{1};
};

TEST_F(GridTables, MeansAreOverUsersAndSeeds) {
  const GridTable found = table({side("base", {"base-1", "base-2"}), side("other", {"other-1"})});
  const VariantMean base = variant_mean(found.report.sides[0], "ndcg@10");
  EXPECT_NEAR(base.mean, (1.5 + 1.6) / 8, 1e-12);
  EXPECT_NEAR(base.run_sd, 0.025 / std::sqrt(2.0), 1e-12);
  const VariantMean single = variant_mean(found.report.sides[1], "ndcg@10");
  // Over users alone: sd of 0.5, 0.6, 0.3, 0.8 is sqrt(0.13 / 3).
  EXPECT_NEAR(single.high - single.mean, 1.959963984540054 * std::sqrt(0.13 / 3) / 2, 1e-12);
  EXPECT_EQ(single.run_sd, 0);
  ASSERT_EQ(found.report.comparisons.size(), 2u);
  EXPECT_TRUE(found.report.comparisons[0].seeds_random);  // one run borrows the spread of two
}

TEST_F(GridTables, WithoutARunOfTheBaselineThereIsNothingToCompareWith) {
  EXPECT_TRUE(
      table({side("other", {"other-1"}), side("third", {"base-1"})}).report.comparisons.empty());
}

TEST_F(GridTables, FilesHoldEveryVariantAndTheFailures) {
  GridReport report;
  report.baseline = "base";
  report.cells = 4;
  report.finished = 3;
  report.failures = {"other/d/seed-2: no memory"};
  report.tables.push_back(table({side("base", {"base-1"}), side("other", {"other-1"})}));
  const std::string text = grid_markdown(report);
  EXPECT_NE(text.find("# Grid: 3 of 4 runs"), std::string::npos) << text;
  EXPECT_NE(text.find("| base | 1 | 0.3750 ["), std::string::npos) << text;
  EXPECT_NE(text.find("| other | ndcg@10 | +0.1750 | ["), std::string::npos) << text;
  EXPECT_NE(text.find("not about their configurations"), std::string::npos) << text;
  EXPECT_NE(text.find("- other/d/seed-2: no memory"), std::string::npos) << text;
  const std::string csv = grid_csv(report);
  EXPECT_NE(csv.find("\nd,base,1,ndcg@10,0.375,"), std::string::npos) << csv;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5);
  const auto json = nlohmann::json::parse(grid_json(report));
  EXPECT_EQ(json["data"][0]["variants"][1]["name"], "other");
  EXPECT_NEAR(json["data"][0]["comparisons"][0]["difference"].get<double>(), 0.175, 1e-12);
  EXPECT_EQ(json["failures"][0], "other/d/seed-2: no memory");
}

}  // namespace
}  // namespace truenext
