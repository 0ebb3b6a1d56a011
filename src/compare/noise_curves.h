// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/svg_chart.h"
#include "compare/grid_table.h"
#include "run/grid_plan.h"

namespace truenext {

/// A mean of a variant on a dataset with noise of a kind, rate 0 being the clean dataset.
struct NoiseCurvePoint {
  std::string data, result, variant, metric;
  NoiseKind kind = NoiseKind::random_click;
  double rate = 0;
  size_t seeds = 0;
  VariantMean mean;
  double of_clean = 0;  ///< the mean divided by that of the clean dataset; 0 where that is 0
};

/// All points that a report over `plan` and the datasets made of it has so far, by dataset, result,
/// kind, metric and variant, rates ascending. A curve begins with the clean dataset; where that
/// was not judged yet there is none.
std::vector<NoiseCurvePoint> noise_curve_points(const GridReport& report, const GridPlan& plan);

/// Layout in docs/noise.md.
std::string noise_curves_csv(const std::vector<NoiseCurvePoint>& points);

/// One chart of each dataset, result, kind and metric, a line for every variant, with the names of
/// their files: "beauty_swap_ndcg@10.svg", "beauty_test_m5_swap_ndcg@10.svg".
std::vector<std::pair<std::string, Chart>> noise_charts(const std::vector<NoiseCurvePoint>& points);

}  // namespace truenext
