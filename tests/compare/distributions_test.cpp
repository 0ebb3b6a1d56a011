// SPDX-License-Identifier: Apache-2.0
#include "compare/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace truenext {
namespace {

TEST(Distributions, NormalQuantilesAreTheTabledOnes) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167813, 1e-12);
  EXPECT_NEAR(normal_quantile(0.2), -0.8416212335729142, 1e-12);
  EXPECT_EQ(normal_quantile(0.5), 0);
  EXPECT_EQ(normal_quantile(0), -std::numeric_limits<double>::infinity());
  for (const double p : {1e-6, 0.01, 0.3, 0.77, 0.999}) {
    EXPECT_NEAR(normal_cdf(normal_quantile(p)), p, 1e-13) << p;
  }
}

TEST(Distributions, StudentTailsAgreeWithAnIndependentImplementation) {
  struct Case {
    double t, df, tail;
  };
  for (const Case& c :
       {Case{1, 1, 0.25}, Case{2.776445, 4, 0.02500000269104578},
        Case{1.96, 30.5, 0.02959381961797388}, Case{-0.7, 2.3, 0.7259963894676709},
        Case{5, 1000, 3.3836281823243174e-07}, Case{12, 3, 0.0006225079003946681}}) {
    EXPECT_NEAR(student_tail(c.t, c.df), c.tail, 1e-9 * c.tail) << c.t << " " << c.df;
  }
  EXPECT_EQ(student_tail(0, 3), 0.5);
  EXPECT_NEAR(student_tail(1.3, 1e12), normal_cdf(-1.3), 1e-12);
}

TEST(Distributions, StudentQuantilesAreTheTabledOnes) {
  EXPECT_NEAR(student_quantile(0.975, 1), 12.706204736174694, 1e-8);
  EXPECT_NEAR(student_quantile(0.975, 4), 2.7764451051977934, 1e-10);
  EXPECT_NEAR(student_quantile(0.975, 3.7), 2.8675207071911895, 1e-10);
  EXPECT_NEAR(student_quantile(0.9, 200), 1.2857987939948012, 1e-10);
  EXPECT_NEAR(student_quantile(0.025, 6), -2.4469118511449794, 1e-10);
  EXPECT_EQ(student_quantile(0.5, 6), 0);
}

}  // namespace
}  // namespace truenext
