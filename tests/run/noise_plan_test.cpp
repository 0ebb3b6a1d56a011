// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <ostream>

#include "run/grid_plan.h"
#include "support/test_files.h"

namespace truenext {
namespace {

constexpr const char* kGrid =
    "out = \"runs\"\ndata = [\"d/beauty\", \"d/ml\"]\nseeds = [1, 2]\n[[variant]]\nname = \"a\"\n";

GridPlan plan_with(const std::string& noise) {
  const test::TemporaryFolder folder;
  return read_grid_plan(folder.write("g.toml", kGrid + noise));
}

TEST(NoisePlan, HasEveryDatasetWithEveryKindAtEveryRate) {
  const GridPlan plan =
      plan_with("[noise]\nkinds = [\"swap\", \"random-click\"]\nrates = [0.05, 0.2]\nseed = 9\n");
  ASSERT_TRUE(plan.noise.has_value());
  EXPECT_EQ(plan.noise->seed, 9u);
  std::vector<std::string> names;
  for (const NoisyData& noisy : noisy_data(plan)) names.push_back(noisy.name);
  EXPECT_EQ(names, (std::vector<std::string>{"beauty-swap-0.05", "ml-swap-0.05", "beauty-swap-0.2",
                                             "ml-swap-0.2", "beauty-random-click-0.05",
                                             "ml-random-click-0.05", "beauty-random-click-0.2",
                                             "ml-random-click-0.2"}));
  const NoisyData last = noisy_data(plan).back();
  EXPECT_EQ(last.source, "ml");
  EXPECT_EQ(last.options.source, "d/ml");
  EXPECT_EQ(last.options.out, "runs/noisy/ml-random-click-0.2");
  EXPECT_EQ(last.options.kind, NoiseKind::random_click);
  EXPECT_EQ(last.options.rate, 0.2);
  EXPECT_EQ(last.options.seed, 9u);
}

TEST(NoisePlan, AKindMayHaveRatesOfItsOwn) {
  const GridPlan plan =
      plan_with("[noise.rates]\nrandom-click = [0.2, 0.4]\npopular-click = [0.2]\n");
  std::vector<std::string> names;
  for (const NoisyData& noisy : noisy_data(plan)) names.push_back(noisy.name);
  EXPECT_EQ(names, (std::vector<std::string>{"beauty-popular-click-0.2", "ml-popular-click-0.2",
                                             "beauty-random-click-0.2", "ml-random-click-0.2",
                                             "beauty-random-click-0.4", "ml-random-click-0.4"}));
}

TEST(NoisePlan, OfAnOrdinaryGridIsMissing) {
  const GridPlan plan = plan_with("");
  EXPECT_FALSE(plan.noise.has_value());
  const auto error = test::caught([&] { noisy_data(plan); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("[noise] is missing")) << error.message;
}

TEST(NoisePlan, RefusesNamesThatStandInTheWay) {
  GridPlan plan = plan_with("[noise]\nkinds = [\"swap\"]\nrates = [0.1]\n");
  plan.data.emplace_back("ml-swap-0.1", "other");
  EXPECT_TRUE(test::caught([&] { noisy_data(plan); }).says("a dataset is called ml-swap-0.1"));
  plan.data.pop_back();
  plan.variants.front().name = "noisy";
  EXPECT_TRUE(test::caught([&] { noisy_data(plan); }).says("a variant called noisy"));
}

struct BadNoise {
  const char* name;
  const char* text;
  const char* message;
  friend std::ostream& operator<<(std::ostream& out, const BadNoise& row) {
    return out << row.name;
  }
};

class BadNoiseTest : public testing::TestWithParam<BadNoise> {};

TEST_P(BadNoiseTest, IsRefusedWithItsLine) {
  const auto error = test::caught(
      [] { plan_with("[noise]\nkinds = [\"swap\"]\n" + std::string(GetParam().text)); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says(GetParam().message)) << error.message;
  EXPECT_TRUE(error.says("g.toml:")) << error.message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadNoiseTest,
    testing::Values(
        BadNoise{"no_rates", "", ":6: [noise] wants kinds and rates"},
        BadNoise{"twice", "[noise.rates]\nswap = [0.1]", "[noise] kinds goes with one list"},
        BadNoise{"empty_rates", "rates = []", ":8: [noise] rates: wants a list of shares"},
        BadNoise{"one_rate", "rates = 0.1", ":8: [noise] rates: wants a list of shares"},
        BadNoise{"rate_0", "rates = [0.0, 0.1]", "above 0 and below 1"},
        BadNoise{"rate_1", "rates = [0.1, 1.0]", "above 0 and below 1"},
        BadNoise{"rate_text", "rates = [\"0.1\"]", "above 0 and below 1"},
        BadNoise{"rates_twice", "rates = [0.1, 0.1]", "rates that ascend"},
        BadNoise{"seed", "rates = [0.1]\nseed = -1", ":9: [noise] seed wants a whole number"},
        BadNoise{"key", "rate = [0.1]", ":8: unknown key [noise] rate; did you mean rates?"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(NoisePlan, NamesTheNearestKind) {
  const auto kinds = [](const char* list) {
    return test::caught(
        [&] { plan_with(fmt::format("[noise]\nrates = [0.1]\nkinds = {}\n", list)); });
  };
  const auto error = kinds("[\"random-clik\"]");
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("did you mean random-click?")) << error.message;
  EXPECT_TRUE(kinds("[1]").says("is unknown; want some of random-click, popular-click"));
  EXPECT_TRUE(kinds("[\"swap\", \"swap\"]").says("swap comes twice"));
  EXPECT_TRUE(kinds("\"swap\"").says("wants a list of kinds"));
}

}  // namespace
}  // namespace truenext
