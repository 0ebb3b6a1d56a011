// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "base/error.h"
#include "eval/evaluator.h"

namespace upnext {
namespace {

constexpr double kNormal95 = 1.959963984540054;

void summarise(MetricResult* result) {
  const double count = static_cast<double>(result->per_user.size());
  if (count == 0) return;
  double sum = 0;
  for (const double value : result->per_user) sum += value;
  result->mean = sum / count;
  if (count < 2) return;
  double squares = 0;
  for (const double value : result->per_user) {
    squares += (value - result->mean) * (value - result->mean);
  }
  result->half_width = kNormal95 * std::sqrt(squares / (count - 1) / count);
}

}  // namespace

EvalResult compute_metrics(const std::vector<Metric>& metrics, const Jagged<int64_t>& ranks) {
  EvalResult result;
  result.users = ranks.size();
  for (const Metric& metric : metrics) {
    MetricResult& entry = result.metrics.emplace_back();
    entry.metric = metric;
    entry.per_user.reserve(static_cast<size_t>(ranks.size()));
    for (int64_t query = 0; query < ranks.size(); ++query) {
      entry.per_user.push_back(metric_value(metric, ranks.row(query)));
    }
    summarise(&entry);
  }
  return result;
}

const MetricResult& EvalResult::get(const std::string& label) const {
  for (const MetricResult& entry : metrics) {
    if (entry.metric.label() == label) return entry;
  }
  fail_usage("metric {} was not computed; name it in the list of metrics", label);
}

}  // namespace upnext
