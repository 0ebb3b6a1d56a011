// SPDX-License-Identifier: Apache-2.0
#include "eval/batch_mean.h"

#include <algorithm>
#include <numeric>

namespace truenext {

double mean_of_batches(std::span<const double> per_user, int64_t batch) {
  double means = 0;
  int64_t batches = 0;
  while (!per_user.empty()) {
    const size_t size = std::min(per_user.size(), static_cast<size_t>(batch));
    const auto values = per_user.first(size);
    means += std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(size);
    ++batches;
    per_user = per_user.subspan(size);
  }
  return batches == 0 ? 0 : means / static_cast<double>(batches);
}

void use_batch_means(int64_t batch, EvalResult* result) {
  for (MetricResult& entry : result->metrics) {
    if (entry.of_users) entry.mean = mean_of_batches(entry.per_user, batch);
  }
}

}  // namespace truenext
