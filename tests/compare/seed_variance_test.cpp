// SPDX-License-Identifier: Apache-2.0
#include "compare/seed_variance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "compare/paired.h"
#include "compare/randomisation.h"

namespace truenext {
namespace {

using Side = std::vector<std::vector<double>>;

RunColumns columns(const Side& side) {
  RunColumns runs;
  for (const auto& run : side) runs.emplace_back(run);
  return runs;
}

TEST(SeedVariance, AgreesWithTheFormulasWorkedOutElsewhere) {
  const Side a = {{.1, .4, .3, .8, .0}, {.2, .5, .1, .9, .1}, {.3, .2, .2, .7, .2}};
  const Side b = {{.9, .1, .2, .9, .7}, {.8, .2, .5, .9, .9}};
  const SeedEstimate found = compare_with_seeds(columns(a), columns(b));
  EXPECT_NEAR(found.value, 0.27666666666666667, 1e-14);
  EXPECT_NEAR(found.standard_error, 0.17253019059476712, 1e-14);
  EXPECT_NEAR(found.df, 4.45186496321088, 1e-11);
  EXPECT_NEAR(found.p, 0.17683022405387305, 1e-11);
  EXPECT_NEAR(found.high - found.value, 0.4604415858815568, 1e-9);
  EXPECT_NEAR(found.value - found.low, 0.4604415858815568, 1e-9);
  EXPECT_NEAR(found.run_sd, 0.04496912521077347, 1e-14);
  EXPECT_NEAR(found.seed_share, 0.05661316411596364, 1e-13);
}

TEST(SeedVariance, UsersThatAgreeLeaveTheTTestOverRuns) {
  // Without any user effect this is Student's test of the six run means: s^2 = 0.01, t = 0.2 / (0.1
  // sqrt(2/3)), 4 degrees of freedom.
  const Side a = {{.1, .1, .1}, {.2, .2, .2}, {.3, .3, .3}};
  const Side b = {{.3, .3, .3}, {.4, .4, .4}, {.5, .5, .5}};
  const SeedEstimate found = compare_with_seeds(columns(a), columns(b));
  EXPECT_NEAR(found.run_sd, 0.1, 1e-14);
  EXPECT_NEAR(found.standard_error, 0.1 * std::sqrt(2.0 / 3), 1e-14);
  EXPECT_NEAR(found.df, 4, 1e-10);
  EXPECT_NEAR(found.p, 0.07048399691021993, 1e-10);
  EXPECT_NEAR(found.seed_share, 1, 1e-12);
}

TEST(SeedVariance, RunsThatAgreeLeaveThePairedTTestOverUsers) {
  const Side a = {{.1, .4, .3, .8}, {.1, .4, .3, .8}};
  const Side b = {{.2, .7, .3, .9}, {.2, .7, .3, .9}};
  const SeedEstimate found = compare_with_seeds(columns(a), columns(b));
  EXPECT_NEAR(found.df, 3, 1e-9);
  EXPECT_NEAR(found.standard_error, std::sqrt(0.0475 / 3) / 2, 1e-12);
  EXPECT_NEAR(found.run_sd, 0, 1e-15);
}

TEST(SeedVariance, TheSameEverywhereIsNoDifference) {
  const Side same = {{.1, .4}, {.1, .4}};
  const SeedEstimate found = compare_with_seeds(columns(same), columns(same));
  EXPECT_EQ(found.p, 1);
  EXPECT_EQ(found.low, 0);
  EXPECT_EQ(found.high, 0);
}

TEST(SeedVariance, OneSideHasAMeanByTheSameModel) {
  // User means 0.2, 0.4: V_user = 0.01; residuals +-0.05: V_rest = 0.01 / 1 / 2 / 2; run means
  // 0.25, 0.35: V_seed = 0.005 / 2.
  const Side side = {{0.1, 0.4}, {0.3, 0.4}};
  const SeedEstimate found = mean_with_seeds(columns(side));
  EXPECT_NEAR(found.value, 0.3, 1e-15);
  EXPECT_NEAR(found.standard_error, std::sqrt(0.01 - 0.0025 + 0.0025), 1e-14);
  EXPECT_NEAR(found.seed_share, 0.25, 1e-12);
  EXPECT_NEAR(found.df, 1e-4 / (0.0075 * 0.0075 + 0.0025 * 0.0025), 1e-10);
  EXPECT_NEAR(found.run_sd, std::sqrt(0.005), 1e-15);
}

TEST(SeedVariance, RunsThatHappenToAgreeDoNotHideTheUsers) {
  // Every user differs between the runs, their means do not: V_seed = 0, V_user - V_rest = 0.
  const Side side = {{0.1, 0.4, 0.1, 0.4}, {0.4, 0.1, 0.2, 0.3}};
  const SeedEstimate found = mean_with_seeds(columns(side));
  EXPECT_NEAR(found.run_sd, 0, 1e-15);
  const std::vector<double> means = {0.25, 0.25, 0.15, 0.35};
  EXPECT_NEAR(found.standard_error, summarise_paired(means).standard_error, 1e-15);
  EXPECT_NEAR(found.df, 3, 1e-12);
}

/// Standard deviations of the random effects of one value.
struct Effects {
  double user = 0.3, side_user = 0, seed = 0, seed_user = 0.2;
  double difference = 0;
};

struct Drawn {
  Side a, b;
};

Drawn draw(const Effects& effects, size_t runs, uint64_t round) {
  constexpr size_t kUsers = 100;
  RandomStream random(random_key(11, Purpose::simulate), round);
  Drawn drawn;
  std::vector<double> user(kUsers);
  for (double& value : user) value = effects.user * random.normal();
  for (Side* side : {&drawn.a, &drawn.b}) {
    std::vector<double> taste(kUsers);
    for (double& value : taste) value = effects.side_user * random.normal();
    for (size_t run = 0; run < runs; ++run) {
      const double seed =
          effects.seed * random.normal() + (side == &drawn.b ? effects.difference : 0.0);
      auto& values = side->emplace_back(kUsers);
      for (size_t i = 0; i < kUsers; ++i) {
        values[i] = user[i] + taste[i] + seed + effects.seed_user * random.normal();
      }
    }
  }
  return drawn;
}

/// Share of 2,000 draws in which p < 5 %; four binomial standard deviations are 0.0195.
double rejection_share(const Effects& effects, size_t runs) {
  constexpr int kRounds = 2000;
  int rejected = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Drawn drawn = draw(effects, runs, static_cast<uint64_t>(round));
    rejected += compare_with_seeds(columns(drawn.a), columns(drawn.b)).p < 0.05;
  }
  return rejected / static_cast<double>(kRounds);
}

TEST(SeedVariance, KeepsFivePercentUnderTheSameConfiguration) {
  for (const size_t runs : {2, 3, 5}) {
    // The error of a run mean by its users is 0.02; seeds add nothing, as much, five times as much.
    for (const double seed : {0.0, 0.02, 0.1}) {
      const double share = rejection_share({.seed = seed}, runs);
      EXPECT_GT(share, 0.03) << runs << " runs, seed sd " << seed;
      EXPECT_LT(share, 0.07) << runs << " runs, seed sd " << seed;
    }
  }
}

TEST(SeedVariance, KeepsFivePercentWhenConfigurationsPleaseDifferentUsersEquallyWell) {
  for (const double seed : {0.0, 0.02, 0.1}) {
    const double share = rejection_share({.side_user = 0.2, .seed = seed}, 3);
    EXPECT_GT(share, 0.03) << seed;
    EXPECT_LT(share, 0.075) << seed;  // Satterthwaite's approximation at 4 degrees of freedom
  }
}

TEST(SeedVariance, FindsADifferenceThatIsThere) {
  EXPECT_GT(rejection_share({.seed = 0.02, .difference = 0.12}, 3), 0.9);
  EXPECT_GT(rejection_share({.side_user = 0.2, .seed = 0.02, .difference = 0.2}, 3), 0.95);
}

/// Why several seeds are asked for: users alone take the luck of the seed for a difference.
TEST(SeedVariance, ATestOverUsersAloneIsFooledBySeeds) {
  WorkerPool pool(1);
  constexpr int kRounds = 300;
  int rejected = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Drawn drawn = draw({.seed = 0.04}, 1, static_cast<uint64_t>(round));
    std::vector<double> differences(drawn.b[0]);
    for (size_t i = 0; i < differences.size(); ++i) differences[i] -= drawn.a[0][i];
    rejected += randomisation_p({{differences}}, {199, 1}, pool)[0] <= 0.05;
  }
  EXPECT_GT(rejected, kRounds / 4);
}

}  // namespace
}  // namespace truenext
