// SPDX-License-Identifier: Apache-2.0
#include "compare/noise_curves.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "compare/judged_run.h"

namespace truenext {
namespace {

using test::JudgedRun;

/// Two variants on a clean dataset and on one with swaps; the second has not seen the drops yet.
class NoiseCurves : public ::testing::Test {
 protected:
  void SetUp() override {
    plan_.source = "r.toml";
    plan_.out = "runs";
    plan_.data = {{"d", "data/d"}};
    plan_.variants = {{"base", {}, {}}, {"other", {}, {}}};
    plan_.noise = GridNoise{{{NoiseKind::swap, {0.1, 0.2}}, {NoiseKind::drop, {0.1, 0.2}}}, 1};
    add("d", {{"base", 0.4}, {"other", 0.2}});
    add("d-swap-0.1", {{"base", 0.3}, {"other", 0.2}});
    add("d-swap-0.2", {{"base", 0.1}, {"other", 0.15}});
    add("d-drop-0.2", {{"base", 0.2}});
  }
  void add(const std::string& data, const std::vector<std::pair<std::string, double>>& means) {
    std::vector<SideRequest> sides;
    for (const auto& [variant, mean] : means) {
      const auto run = folder_ / (variant + "-" + data);
      JudgedRun{.values = {mean - 0.05, mean + 0.05}, .fingerprint = data}.write(run);
      sides.push_back({variant, {run}});
    }
    report_.tables.push_back(make_grid_table({data, "test", sides, "base"}, {199, 1}, pool_));
  }

  test::TemporaryFolder folder_;
  WorkerPool pool_{1};
  GridPlan plan_;
  GridReport report_;
};

TEST_F(NoiseCurves, BeginWithTheCleanDataset) {
  std::vector<std::string> rows;
  for (const NoiseCurvePoint& point : noise_curve_points(report_, plan_)) {
    if (point.metric != "ndcg@10") continue;
    rows.push_back(fmt::format("{} {} {} {:.2f} {:.3f}", word_of(point.kind), point.variant,
                               point.rate, point.mean.mean, point.of_clean));
  }
  EXPECT_EQ(rows,
            (std::vector<std::string>{
                "swap base 0 0.40 1.000", "swap base 0.1 0.30 0.750", "swap base 0.2 0.10 0.250",
                "swap other 0 0.20 1.000", "swap other 0.1 0.20 1.000", "swap other 0.2 0.15 0.750",
                "drop base 0 0.40 1.000", "drop base 0.2 0.20 0.500", "drop other 0 0.20 1.000"}));
}

TEST_F(NoiseCurves, AreNoneWhereTheCleanDatasetWasNotJudged) {
  report_.tables.erase(report_.tables.begin());
  EXPECT_TRUE(noise_curve_points(report_, plan_).empty());
}

TEST_F(NoiseCurves, HaveALineOfCsvForEveryPoint) {
  const auto points = noise_curve_points(report_, plan_);
  const std::string csv = noise_curves_csv(points);
  EXPECT_TRUE(
      csv.starts_with("data,result,kind,rate,variant,seeds,metric,mean,low,high,run_sd,of_clean\n"
                      "d,test,swap,0,base,1,ndcg@10,0.4,"))
      << csv;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), static_cast<int64_t>(points.size()) + 1);
  EXPECT_EQ(points.size(), 18u);
}

TEST_F(NoiseCurves, AreDrawnByKindAndMetric) {
  const auto charts = noise_charts(noise_curve_points(report_, plan_));
  std::vector<std::string> names;
  for (const auto& [name, chart] : charts) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"d_swap_ndcg@10.svg", "d_swap_mrr.svg",
                                             "d_drop_ndcg@10.svg", "d_drop_mrr.svg"}));
  const Chart& swap = charts[0].second;
  EXPECT_EQ(swap.title, "d: swap noise");
  EXPECT_EQ(swap.y_label, "ndcg@10");
  ASSERT_EQ(swap.lines.size(), 2u);
  EXPECT_EQ(swap.lines[1].name, "other");
  ASSERT_EQ(swap.lines[0].points.size(), 3u);
  EXPECT_EQ(swap.lines[0].points[1].x, 0.1);
  EXPECT_NEAR(swap.lines[0].points[1].y, 0.3, 1e-12);
  EXPECT_LT(swap.lines[0].points[1].low, 0.3);
  EXPECT_GT(swap.lines[0].points[1].high, 0.3);
}

}  // namespace
}  // namespace truenext
