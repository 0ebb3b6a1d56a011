// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "compare/comparison_report.h"

namespace truenext {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

std::string basis_name(const Comparison& entry) {
  return entry.seeds_random ? "users and seeds" : "users";
}

Json sides_json(const ComparisonReport& report) {
  Json sides = Json::array();
  for (const Side& side : report.sides) {
    Json runs = Json::array();
    for (const RunResult& run : side.runs) runs.push_back(run.folder.string());
    Json means = Json::object();
    for (const std::string& metric : report.options.metrics) means[metric] = side.mean(metric);
    Json entry = {{"name", side.name}, {"runs", runs}, {"means", means}};
    if (side.hybrid()) entry["hybrid"] = true;
    if (side.told()) entry["request_time"] = "known";
    sides.push_back(std::move(entry));
  }
  return sides;
}

Json comparison_entry(const ComparisonReport& report, const Comparison& entry) {
  Json json = {{"a", report.sides[entry.a].name},
               {"b", report.sides[entry.b].name},
               {"metric", entry.metric},
               {"mean_a", entry.mean_a},
               {"mean_b", entry.mean_b},
               {"difference", entry.difference},
               {"low", entry.low},
               {"high", entry.high},
               {"relative_change", number(entry.relative_change)},
               {"cohen_d", number(entry.effect)},
               {"p", entry.p},
               {"holm_p", entry.holm_p},
               {"random", basis_name(entry)},
               {"test", entry.seeds_random ? "t, two-way random effects" : "randomisation"},
               {"interval", entry.seeds_random ? "t" : "bootstrap, BCa"},
               {"standard_error", entry.standard_error},
               {"degrees_of_freedom", number(entry.df)}};
  if (entry.seeds_random) {
    json["run_sd"] = entry.run_sd;
    json["seed_share_of_variance"] = entry.seed_share;
  }
  if (entry.margin > 0) {
    json["equivalence"] = {
        {"margin", entry.margin}, {"p", entry.equivalence_p}, {"holm_p", entry.equivalence_holm_p}};
  }
  json["verdict"] = verdict_text(entry.verdict);
  return json;
}

}  // namespace

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

std::string comparison_csv(const ComparisonReport& report) {
  std::string text =
      "a,b,runs_a,runs_b,metric,mean_a,mean_b,difference,low,high,relative_change,cohen_d,p,holm_p,"
      "random,standard_error,degrees_of_freedom,run_sd,margin,equivalence_p,equivalence_holm_p,"
      "verdict\n";
  for (const Comparison& entry : report.comparisons) {
    const Side &a = report.sides[entry.a], &b = report.sides[entry.b];
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},", csv_field(a.label()),
                        csv_field(b.label()), a.runs.size(), b.runs.size(), csv_field(entry.metric),
                        entry.mean_a, entry.mean_b, entry.difference, entry.low, entry.high,
                        csv_number(entry.relative_change), csv_number(entry.effect), entry.p,
                        entry.holm_p, basis_name(entry), entry.standard_error, entry.df);
    text += entry.seeds_random ? fmt::format("{},", entry.run_sd) : ",";
    text += entry.margin > 0 ? fmt::format("{},{},{},", entry.margin, entry.equivalence_p,
                                           entry.equivalence_holm_p)
                             : ",,,";
    text += verdict_text(entry.verdict) + "\n";
  }
  return text;
}

std::string comparison_json(const ComparisonReport& report) {
  const RunResult& run = report.sides.front().runs.front();
  Json json;
  json["schema"] = 1;
  json["result"] = report.result;
  json["users"] = run.values.users.size();
  Json& same = json["same"] = Json::object();
  for (const auto& [name, value] : run.facts) {
    if (name != kRequestTimeFact) same[name] = value;  // which its sides say
  }
  json["sides"] = sides_json(report);
  json["resamples"] = report.options.resampling.resamples;
  json["seed"] = report.options.resampling.seed;
  json["level"] = 0.05;
  json["correction"] = fmt::format("Holm over {} tests", report.comparisons.size());
  Json& entries = json["comparisons"] = Json::array();
  for (const Comparison& entry : report.comparisons) {
    entries.push_back(comparison_entry(report, entry));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace truenext
