// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compare/comparison_report.h"

namespace truenext {
namespace {

std::string side_text(const Side& side) {
  const size_t runs = side.runs.size();
  return fmt::format("{} ({} run{})", side.label(), runs, runs == 1 ? "" : "s");
}

std::string interval_text(const Comparison& entry) {
  return fmt::format("[{:+.4f}, {:+.4f}]", entry.low, entry.high);
}

void add_line(const Comparison& entry, std::string* text) {
  *text +=
      fmt::format("{:<12}{:>7.4f}{:>8.4f}{:>9.4f}{:>20}{:>8}{:>8}{:>7.3f}  {}\n", entry.metric,
                  entry.mean_a, entry.mean_b, entry.difference, interval_text(entry),
                  p_text(entry.p), p_text(entry.holm_p), entry.effect, verdict_text(entry.verdict));
}

/// What is random in the test, in words: the table must not claim more than it can.
std::string basis_text(const ComparisonReport& report, const Comparison& entry) {
  const size_t runs_a = report.sides[entry.a].runs.size(),
               runs_b = report.sides[entry.b].runs.size();
  if (!entry.seeds_random) {
    return "  one run a side: only the users are random. This is about these two trained models; "
           "another\n  training seed can move the means by more than the interval. For a claim "
           "about "
           "the two\n  configurations give several seeds a side (--side NAME=RUN,RUN,...).\n";
  }
  std::string text = fmt::format(
      "  users and training seeds are random ({} and {} runs): t test, two-way random effects\n",
      runs_a, runs_b);
  if (runs_a < 3 || runs_b < 3) {
    text +=
        "  fewer than three runs on a side: the spread between seeds is hardly known, p values "
        "are rough\n";
  }
  return text;
}

/// What the columns have no room for.
void add_details(const Comparison& entry, std::string* text) {
  std::string line;
  if (std::isfinite(entry.relative_change)) {
    line += fmt::format(" {:+.1f} % of A's mean;", 100 * entry.relative_change);
  }
  if (entry.seeds_random) {
    line += fmt::format(" runs of a side: sd {:.4f}, {:.0f} % of the variance (df {:.1f});",
                        entry.run_sd, 100 * entry.seed_share, entry.df);
  }
  if (line.empty()) return;
  line.pop_back();
  *text += fmt::format("  {}:{}\n", entry.metric, line);
}

void add_margin(const ComparisonReport& report, const Comparison& entry, std::string* text) {
  if (entry.margin <= 0) return;
  *text += fmt::format("  {}: within +-{:.4f} (margin {})? p {}, Holm p {}\n", entry.metric,
                       entry.margin, report.options.margin.text(), p_text(entry.equivalence_p),
                       p_text(entry.equivalence_holm_p));
}

std::string end_text(const ComparisonReport& report) {
  const RunResult& run = report.sides.front().runs.front();
  std::string text =
      fmt::format("{} users; {}; ties: {}; {}\n", run.values.users.size(),
                  run.fact("protocol candidates"), run.fact("protocol ties"), report.result);
  text += fmt::format("dataset {}\nsplit   {}\n", run.fact("dataset fingerprint"),
                      run.fact("split fingerprint"));
  text += fmt::format("95 % intervals, not corrected; verdicts at 5 % by Holm p over {} test{}\n",
                      report.comparisons.size(), report.comparisons.size() == 1 ? "" : "s");
  return text;
}

}  // namespace

std::string p_text(double p) {
  return p < 0.0001 ? std::string("<.0001") : fmt::format("{:.4f}", p);
}

std::string comparison_table(const ComparisonReport& report) {
  std::string text;
  const auto& all = report.comparisons;
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end = std::find_if(begin, all.end(), [&](const Comparison& entry) {
      return entry.a != begin->a || entry.b != begin->b;
    });
    text += fmt::format("A = {}\nB = {}\n", side_text(report.sides[begin->a]),
                        side_text(report.sides[begin->b]));
    text += fmt::format("{:<12}{:>7}{:>8}{:>9}{:>20}{:>8}{:>8}{:>7}  {}\n", "", "mean A", "mean B",
                        "B - A", "95 % interval", "p", "Holm p", "d", "B is");
    for (auto entry = begin; entry != end; ++entry) add_line(*entry, &text);
    text += basis_text(report, *begin);
    for (auto entry = begin; entry != end; ++entry) {
      add_details(*entry, &text);
      add_margin(report, *entry, &text);
    }
    text += '\n';
    begin = end;
  }
  return text + end_text(report);
}

}  // namespace truenext
