// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "compare/bootstrap.h"
#include "compare/equivalence.h"
#include "compare/sides.h"

namespace truenext {

/// What a comparison may be taken to say at 5 %, after correction.
enum class Verdict { better, worse, equivalent, not_shown };

/// "better", "worse", "equivalent", "no difference shown"
std::string verdict_text(Verdict verdict);

/// One metric of one side (b) against another (a, the baseline).
struct Comparison {
  size_t a = 0, b = 0;  ///< sides
  std::string metric;
  double mean_a = 0, mean_b = 0;
  double difference = 0;       ///< mean of b minus mean of a
  double low = 0, high = 0;    ///< 95 % interval of the difference, not corrected
  double relative_change = 0;  ///< difference / mean of a; NaN when that is 0
  double effect = 0;           ///< Cohen's d_z over users (PairedSummary)
  double p = 1, holm_p = 1;    ///< of no difference; corrected over all tests of the call
  double standard_error = 0, df = 0;
  /// True: users and training seeds are random (compare_with_seeds). False: one run a side, so only
  /// the users are, and the comparison is about these two trained models.
  bool seeds_random = false;
  double run_sd = 0, seed_share = 0;  ///< SeedEstimate, 0 without seeds
  double margin = 0;                  ///< in units of the metric, 0 = no equivalence test
  double equivalence_p = 1, equivalence_holm_p = 1;
  Verdict verdict = Verdict::not_shown;
};

/// Which sides meet.
enum class Pairing { against_first, all_pairs };

struct ComparisonOptions {
  std::vector<std::string> metrics;
  Pairing pairing = Pairing::against_first;
  size_t baseline = 0;  ///< the side that against_first means
  Margin margin;
  Resampling resampling;
};

/// Every pair of sides in every metric. One run a side: bootstrap interval and randomisation test
/// over users. More: users and seeds random. Holm's correction goes over all tests together, the
/// equivalence tests among themselves.
std::vector<Comparison> compare_sides(const std::vector<Side>& sides,
                                      const ComparisonOptions& options, WorkerPool& pool);

}  // namespace truenext
