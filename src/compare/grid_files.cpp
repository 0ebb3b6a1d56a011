// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compare/grid_table.h"

namespace truenext {
namespace {

using Json = nlohmann::ordered_json;

/// The comparison of a variant with the baseline in a metric; null for the baseline itself.
const Comparison* find_comparison(const ComparisonReport& report, size_t side,
                                  const std::string& metric) {
  const auto found = std::find_if(
      report.comparisons.begin(), report.comparisons.end(),
      [&](const Comparison& entry) { return entry.b == side && entry.metric == metric; });
  return found == report.comparisons.end() ? nullptr : &*found;
}

std::string comparison_fields(const Comparison* entry) {
  if (entry == nullptr) return ",,,,,,,";
  return fmt::format("{},{},{},{},{},{},{},{}", entry->difference, entry->low, entry->high,
                     entry->p, entry->holm_p, csv_number(entry->effect),
                     entry->seeds_random ? "users and seeds" : "users",
                     verdict_text(entry->verdict));
}

Json variant_json(const ComparisonReport& report, size_t index) {
  const Side& side = report.sides[index];
  Json json;
  json["name"] = side.name;
  for (const RunResult& run : side.runs) json["runs"].push_back(run.folder.string());
  for (const std::string& metric : report.options.metrics) {
    const VariantMean mean = variant_mean(side, metric);
    json["metrics"][metric] = {
        {"mean", mean.mean}, {"low", mean.low}, {"high", mean.high}, {"run_sd", mean.run_sd}};
  }
  return json;
}

}  // namespace

std::string grid_csv(const GridReport& report) {
  std::string text =
      "data,variant,seeds,metric,mean,low,high,run_sd,difference,difference_low,difference_high,p,"
      "holm_p,cohen_d,random,verdict\n";
  for (const GridTable& table : report.tables) {
    const ComparisonReport& found = table.report;
    for (size_t side = 0; side < found.sides.size(); ++side) {
      for (const std::string& metric : found.options.metrics) {
        const VariantMean mean = variant_mean(found.sides[side], metric);
        text += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(table.data),
                            csv_field(found.sides[side].name), found.sides[side].runs.size(),
                            csv_field(metric), mean.mean, mean.low, mean.high, mean.run_sd,
                            comparison_fields(find_comparison(found, side, metric)));
      }
    }
  }
  return text;
}

std::string grid_json(const GridReport& report) {
  Json json;
  json["schema"] = 1;
  json["cells"] = report.cells;
  json["finished"] = report.finished;
  json["failures"] = report.failures;
  json["baseline"] = report.baseline;
  Json& tables = json["data"] = Json::array();
  for (const GridTable& table : report.tables) {
    Json entry;
    entry["name"] = table.data;
    for (size_t side = 0; side < table.report.sides.size(); ++side) {
      entry["variants"].push_back(variant_json(table.report, side));
    }
    entry["comparisons"] = Json::array();
    if (!table.report.comparisons.empty()) {
      entry["comparisons"] = Json::parse(comparison_json(table.report)).at("comparisons");
    }
    tables.push_back(std::move(entry));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace truenext
