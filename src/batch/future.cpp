// SPDX-License-Identifier: Apache-2.0
#include "batch/future.h"

#include <cmath>
#include <numeric>

#include "base/error.h"

namespace truenext {
namespace {

/// Shapes are made relative to the nearest item, so that e^P cannot overflow before it is scaled.
double shape(Relevance relevance, double x, double nearest) {
  switch (relevance) {
    case Relevance::fixed:
      return 1;
    case Relevance::linear:
      return x / nearest;
    case Relevance::power:
      return (x / nearest) * (x / nearest);
    case Relevance::exponential:
      return std::exp(x - nearest);
  }
  return 1;
}

std::vector<double> shapes(const FutureOptions& options) {
  const auto count = static_cast<double>(options.future_items);
  std::vector<double> values;
  for (double x = count; x >= 1; --x) values.push_back(shape(options.relevance, x, count));
  return values;
}

/// What brings the shapes back to the published weights, which are relative to nothing.
double original_scale(const FutureOptions& options) {
  const auto count = static_cast<double>(options.future_items);
  const double divisor = count * (count + 1) / 2;
  switch (options.relevance) {
    case Relevance::fixed:
      return 1;
    case Relevance::linear:
      return count / divisor;
    case Relevance::power:
      return count * count / divisor;
    case Relevance::exponential:
      break;
  }
  check_usage(count <= 88,
              "objective.future_items = {}: e^{} overflows with relevance = \"exponential\" and "
              "normalise = \"original\"; want at most 88, or normalise = \"mean1\"",
              options.future_items, options.future_items);
  return std::exp(count) / divisor;
}

/// What the shapes are multiplied by to become weights.
double scale(const FutureOptions& options, const std::vector<double>& values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  switch (options.normalise) {
    case Normalise::mean1:
      return static_cast<double>(options.future_items) / sum;
    case Normalise::sum1:
      return 1 / sum;
    case Normalise::original:
      break;
  }
  return original_scale(options);
}

}  // namespace

void FutureOptions::list(OptionList& options) {
  options
      .add("future_items", future_items,
           "targets of a position: the next item, or so many of the following ones")
      .range(1, 10000);
  options.add("relevance", relevance, "weight of a future item by its distance");
  options.add("normalise", normalise,
              "weights add up to the number of future items, to 1, or as the original has them");
  options.add("edge", edge,
              "weights of positions with fewer items left: keep them, or renormalise");
  options.add(
      "repeats", repeats,
      "weight of an item that comes twice among the targets: the sum, or that of the nearest");
}

RelevanceWeights::RelevanceWeights(const FutureOptions& options) {
  check_usage(options.future_items >= 1, "objective.future_items = {}: want at least 1",
              options.future_items);
  const bool renormalise = options.edge == EdgeWeights::renormalise;
  check_usage(!renormalise || options.normalise != Normalise::original,
              "objective.edge = \"renormalise\" has no meaning with normalise = \"original\"");
  const std::vector<double> values = shapes(options);
  const double factor = scale(options, values);
  double sum = 0;
  for (int64_t available = 1; available <= options.future_items; ++available) {
    sum += values[available - 1];
    const double edge_sum =
        options.normalise == Normalise::sum1 ? 1.0 : static_cast<double>(available);
    std::vector<float>& row = rows_.emplace_back();
    for (int64_t j = 0; j < available; ++j) {
      row.push_back(static_cast<float>(values[j] * (renormalise ? edge_sum / sum : factor)));
    }
  }
}

}  // namespace truenext
