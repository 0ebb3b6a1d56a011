// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

namespace truenext {

/// Values of one metric for one side: `runs[run][user]`, the users in the same order everywhere.
using RunColumns = std::vector<std::span<const double>>;

/// A mean, or a difference of two means, when users and training seeds are both random.
struct SeedEstimate {
  double value = 0;
  double standard_error = 0;
  double df = 0;             ///< Satterthwaite's degrees of freedom of the standard error
  double p = 1;              ///< two-sided, of the null that the value is 0
  double low = 0, high = 0;  ///< 95 % interval
  double run_sd = 0;         ///< spread of run means within a side, pooled over the sides
  double seed_share = 0;     ///< part of the variance that the seeds bring
};

/// Two-way random effects, users x seeds within sides, estimated by moments. Model of a value:
/// y[side, seed, user] = mean[side] + user + (side x user) + seed + (seed x user), all but the
/// first random. With S_a, S_b runs, U users and the pooled estimates
///   V_user = variance over users of (mean over runs of b - mean over runs of a) / U
///   V_rest = (residual variance of seed x user) (1 / S_a + 1 / S_b) / U
///   V_seed = (variance of run means within a side) (1 / S_a + 1 / S_b)
/// E V_user holds side x user and seed x user, E V_seed holds seed and seed x user, so
///   Var(difference) = max(0, V_user - V_rest) + V_seed
/// with df = Var^2 / (max(0, V_user - V_rest)^2 / (U - 1) + max(V_seed, V_rest)^2 / (S_a + S_b -
/// 2)), not below the smaller of U - 1 and S_a + S_b - 2 (Satterthwaite, Biometrics Bulletin 1946,
/// with V_rest as the floor of V_seed, which runs that agree by luck would undercut; the same sum
/// of mean squares as for "treatment, readers and cases random" of Dorfman, Berbaum and Metz 1992
/// and the two-way cluster variance of Cameron, Gelbach and Miller 2011). Seeds of the two sides
/// are assumed to spread alike; under the null "the same configuration" they do. Needs three runs
/// or more in all, and one user or more.
SeedEstimate compare_with_seeds(const RunColumns& a, const RunColumns& b);

/// The mean of one side by the same model (1 / S and S - 1 in place of the sums over two sides).
/// Runs that happen to agree must not make a mean look surer than its users allow: the interval is
/// at least that of V_user alone. Needs two runs or more.
SeedEstimate mean_with_seeds(const RunColumns& side);

}  // namespace truenext
