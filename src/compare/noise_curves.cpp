// SPDX-License-Identifier: Apache-2.0
#include "compare/noise_curves.h"

#include <fmt/format.h>

#include <algorithm>

#include "compare/comparison_report.h"

namespace truenext {
namespace {

const GridTable* find_table(const GridReport& report, const std::string& dataset,
                            const std::string& result) {
  const auto found =
      std::find_if(report.tables.begin(), report.tables.end(), [&](const GridTable& table) {
        return table.dataset == dataset && table.report.result == result;
      });
  return found == report.tables.end() ? nullptr : &*found;
}

const Side* find_side(const GridTable& table, const std::string& variant) {
  const auto found = std::find_if(table.report.sides.begin(), table.report.sides.end(),
                                  [&](const Side& side) { return side.name == variant; });
  return found == table.report.sides.end() ? nullptr : &*found;
}

/// A dataset with a kind of noise: rates and their tables, ascending, those that there are.
using RateTables = std::vector<std::pair<double, const GridTable*>>;

void add_curve(NoiseCurvePoint point, const RateTables& tables,
               std::vector<NoiseCurvePoint>* points) {
  double clean = 0;
  for (const auto& [rate, table] : tables) {
    const Side* side = find_side(*table, point.variant);
    if (side == nullptr && rate == 0) return;
    if (side == nullptr || side->runs.front().values.find(point.metric) < 0) continue;
    point.rate = rate;
    point.seeds = side->runs.size();
    point.mean = variant_mean(*side, point.metric);
    if (rate == 0) clean = point.mean.mean;
    point.of_clean = clean == 0 ? 0 : point.mean.mean / clean;
    points->push_back(point);
  }
}

}  // namespace

std::vector<NoiseCurvePoint> noise_curve_points(const GridReport& report, const GridPlan& plan) {
  std::vector<NoiseCurvePoint> points;
  const std::vector<NoisyData> all = noisy_data(plan);
  for (const auto& [data, folder] : plan.data) {
    for (const std::string& result : plan.results()) {
      const GridTable* clean = find_table(report, data, result);
      if (clean == nullptr) continue;
      for (const auto& [kind, rates] : plan.noise->kinds) {
        RateTables tables{{0, clean}};
        for (const NoisyData& noisy : all) {
          if (noisy.source != data || noisy.options.kind != kind) continue;
          const GridTable* table = find_table(report, noisy.name, result);
          if (table != nullptr) tables.emplace_back(noisy.options.rate, table);
        }
        for (const std::string& metric : clean->report.options.metrics) {
          for (const GridVariant& variant : plan.variants) {
            NoiseCurvePoint point;
            point.data = data;
            point.result = result;
            point.variant = variant.name;
            point.metric = metric;
            point.kind = kind;
            add_curve(point, tables, &points);
          }
        }
      }
    }
  }
  return points;
}

std::string noise_curves_csv(const std::vector<NoiseCurvePoint>& points) {
  std::string text = "data,result,kind,rate,variant,seeds,metric,mean,low,high,run_sd,of_clean\n";
  for (const NoiseCurvePoint& point : points) {
    const VariantMean& mean = point.mean;
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(point.data),
                        csv_field(point.result), word_of(point.kind), point.rate,
                        csv_field(point.variant), point.seeds, csv_field(point.metric), mean.mean,
                        mean.low, mean.high, mean.run_sd, point.of_clean);
  }
  return text;
}

std::vector<std::pair<std::string, Chart>> noise_charts(
    const std::vector<NoiseCurvePoint>& points) {
  std::vector<std::pair<std::string, Chart>> charts;
  for (const NoiseCurvePoint& point : points) {
    const std::string of = point.result == "test" ? point.data : point.data + "_" + point.result;
    const std::string name = fmt::format("{}_{}_{}.svg", of, word_of(point.kind), point.metric);
    if (charts.empty() || charts.back().first != name) {
      const std::string title =
          fmt::format("{}{}: {} noise", point.data,
                      point.result == "test" ? "" : " " + point.result, word_of(point.kind));
      charts.push_back({name, {title, "rate of noise in training", point.metric, {}}});
    }
    std::vector<ChartLine>& lines = charts.back().second.lines;
    if (lines.empty() || lines.back().name != point.variant) lines.push_back({point.variant, {}});
    const VariantMean& mean = point.mean;
    lines.back().points.push_back({point.rate, mean.mean, mean.low, mean.high});
  }
  return charts;
}

}  // namespace truenext
