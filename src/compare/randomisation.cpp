// SPDX-License-Identifier: Apache-2.0
#include "compare/randomisation.h"

#include <cassert>
#include <cmath>
#include <cstdint>

#include "base/random.h"

namespace truenext {
namespace {

// Sums in another order differ in their last bits; such a flip is a tie and counts.
constexpr double kTie = 1e-10;

constexpr uint64_t kFlips = 1;  ///< index of the key beside that of the bootstrap

/// Sums of the metrics with a random sign for every user.
void flipped_sums(const std::vector<double>& rows, size_t metrics, RandomStream random,
                  std::vector<double>* sums) {
  uint32_t bits = 0;
  const size_t users = rows.size() / metrics;
  for (size_t user = 0; user < users; ++user) {
    if (user % 32 == 0) bits = random.next();
    const double sign = ((bits >> (user % 32)) & 1u) != 0 ? 1.0 : -1.0;
    const double* row = rows.data() + user * metrics;
    for (size_t metric = 0; metric < metrics; ++metric) (*sums)[metric] += sign * row[metric];
  }
}

}  // namespace

std::vector<double> randomisation_p(const PairedDifferences& differences,
                                    const Resampling& resampling, WorkerPool& pool) {
  assert(differences.users() > 0 && resampling.resamples > 0);
  const size_t metrics = differences.columns.size();
  const std::vector<double> rows = differences.by_user();
  std::vector<double> observed(metrics);
  for (size_t i = 0; i < rows.size(); ++i) observed[i % metrics] += rows[i];
  const PhiloxKey key = random_key(resampling.seed, Purpose::bootstrap, kFlips);
  std::vector<uint8_t> reached(metrics * static_cast<size_t>(resampling.resamples));
  pool.run(resampling.resamples, [&](int64_t task, int) {
    std::vector<double> sums(metrics);
    flipped_sums(rows, metrics, RandomStream(key, static_cast<uint64_t>(task)), &sums);
    for (size_t metric = 0; metric < metrics; ++metric) {
      reached[static_cast<size_t>(task) * metrics + metric] =
          std::abs(sums[metric]) >= std::abs(observed[metric]) - kTie;
    }
  });
  std::vector<double> counts(metrics);
  for (size_t i = 0; i < reached.size(); ++i) counts[i % metrics] += reached[i];
  for (double& count : counts) {
    count = (1 + count) / (1 + static_cast<double>(resampling.resamples));
  }
  return counts;
}

}  // namespace truenext
