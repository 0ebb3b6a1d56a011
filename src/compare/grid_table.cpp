// SPDX-License-Identifier: Apache-2.0
#include "compare/grid_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compare/distributions.h"

namespace truenext {
namespace {

std::string seeds_note(const GridTable& table) {
  const auto more = [](const Side& side) { return side.runs.size() > 1; };
  const auto& sides = table.report.sides;
  if (std::all_of(sides.begin(), sides.end(), more)) {
    return "Intervals of 95 %, users and training seeds random.";
  }
  return "Intervals of 95 %. Of a variant with one run, and of a difference of two such, only the "
         "users are random: it is about these models, not about their configurations.";
}

std::string means_text(const GridTable& table) {
  const std::vector<std::string>& metrics = table.report.options.metrics;
  std::string text = "| variant | seeds |";
  for (const std::string& metric : metrics) text += fmt::format(" {} |", metric);
  text += "\n|---|---|";
  for (size_t i = 0; i < metrics.size(); ++i) text += "---|";
  text += '\n';
  for (const Side& side : table.report.sides) {
    text += fmt::format("| {} | {} |", side.label(), side.runs.size());
    for (const std::string& metric : metrics) {
      const VariantMean entry = variant_mean(side, metric);
      text += fmt::format(" {:.4f} [{:.4f}, {:.4f}] |", entry.mean, entry.low, entry.high);
    }
    text += '\n';
  }
  return text;
}

std::string comparisons_text(const GridTable& table, const std::string& baseline) {
  const ComparisonReport& report = table.report;
  if (report.comparisons.empty()) return "";
  std::string text = fmt::format(
      "\nAgainst {} (Holm over {} tests):\n\n"
      "| variant | metric | difference | 95 % interval | p | Holm p | d | verdict |\n"
      "|---|---|---|---|---|---|---|---|\n",
      baseline, report.comparisons.size());
  for (const Comparison& entry : report.comparisons) {
    text += fmt::format("| {} | {} | {:+.4f} | [{:+.4f}, {:+.4f}] | {} | {} | {:.3f} | {} |\n",
                        report.sides[entry.b].name, entry.metric, entry.difference, entry.low,
                        entry.high, p_text(entry.p), p_text(entry.holm_p), entry.effect,
                        verdict_text(entry.verdict));
  }
  return text;
}

}  // namespace

VariantMean variant_mean(const Side& side, const std::string& metric) {
  const RunColumns runs = side.columns(metric);
  if (runs.size() > 1) {
    const SeedEstimate estimate = mean_with_seeds(runs);
    return {estimate.value, estimate.low, estimate.high, estimate.run_sd};
  }
  const PairedSummary summary = summarise_paired(runs.front());
  const double half = normal_quantile(0.975) * summary.standard_error;
  return {summary.mean, summary.mean - half, summary.mean + half, 0};
}

GridTable make_grid_table(const GridTableRequest& request, const Resampling& resampling,
                          WorkerPool& pool) {
  GridTable table;
  table.data = request.result == "test" ? request.data : request.data + " " + request.result;
  table.dataset = request.data;
  table.report.result = request.result;
  table.report.options.resampling = resampling;
  table.report.sides = read_sides(request.runs, table.report.result);
  table.report.options.metrics = common_metrics(table.report.sides, "");
  const auto& sides = table.report.sides;
  if (sides.size() > 1 && sides.front().name == request.baseline) {
    table.report.comparisons = compare_sides(sides, table.report.options, pool);
  }
  return table;
}

std::string grid_markdown(const GridReport& report) {
  std::string text = fmt::format("# Grid: {} of {} runs\n", report.finished, report.cells);
  for (const GridTable& table : report.tables) {
    const RunResult& run = table.report.sides.front().runs.front();
    text +=
        fmt::format("\n## {}\n\n{} users, {} part; {}; ties: {}. {}\n\n{}{}", table.data,
                    run.values.users.size(), run.fact("protocol part"),
                    run.fact("protocol candidates"), run.fact("protocol ties"), seeds_note(table),
                    means_text(table), comparisons_text(table, report.baseline));
  }
  if (!report.failures.empty()) text += "\n## Failed\n\n";
  for (const std::string& failure : report.failures) text += fmt::format("- {}\n", failure);
  return text;
}

}  // namespace truenext
