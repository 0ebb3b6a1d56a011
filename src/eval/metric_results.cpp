// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <utility>

#include "base/error.h"
#include "eval/evaluator.h"

namespace truenext {
namespace {

constexpr double kNormal95 = 1.959963984540054;

}  // namespace

MetricResult summarise(Metric metric, std::vector<double> per_user) {
  MetricResult result{std::move(metric), 0, 0, std::move(per_user), true};
  const double count = static_cast<double>(result.per_user.size());
  if (count == 0) return result;
  double sum = 0;
  for (const double value : result.per_user) sum += value;
  result.mean = sum / count;
  if (count < 2) return result;
  double squares = 0;
  for (const double value : result.per_user) {
    squares += (value - result.mean) * (value - result.mean);
  }
  result.half_width = kNormal95 * std::sqrt(squares / (count - 1) / count);
  return result;
}

EvalResult compute_metrics(const std::vector<Metric>& metrics, const Jagged<int64_t>& ranks,
                           const Jagged<int64_t>& repeats) {
  EvalResult result;
  result.users = ranks.size();
  for (const Metric& metric : metrics) {
    std::vector<double> per_user;
    per_user.reserve(static_cast<size_t>(ranks.size()));
    for (int64_t query = 0; query < ranks.size(); ++query) {
      UserRanks user{ranks.row(query)};
      if (repeats.size() > 0) user.repeats = repeats.row(query);
      per_user.push_back(metric_value(metric, user));
    }
    result.metrics.push_back(summarise(metric, std::move(per_user)));
  }
  return result;
}

const MetricResult& EvalResult::get(const std::string& label) const {
  for (const MetricResult& entry : metrics) {
    if (entry.metric.label() == label) return entry;
  }
  fail_usage("metric {} was not computed; name it in the list of metrics", label);
}

}  // namespace truenext
