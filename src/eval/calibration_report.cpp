// SPDX-License-Identifier: Apache-2.0
#include "eval/calibration_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace truenext {
namespace {

using Json = nlohmann::ordered_json;

Json bins_json(const ReliabilityTable& table, bool has_truth) {
  Json bins = Json::array();
  for (const ReliabilityBin& bin : table.bins) {
    Json entry = {{"pairs", bin.pairs},
                  {"predicted", bin.predicted},
                  {"observed", bin.observed},
                  {"low", bin.low},
                  {"high", bin.high}};
    if (has_truth) entry["true"] = bin.truth;
    bins.push_back(std::move(entry));
  }
  Json json = {{"ece", table.ece}};
  if (has_truth) json["ece_true"] = table.truth_ece;
  json["bins"] = std::move(bins);
  return json;
}

Json summary_json(const ReliabilitySummary& summary, bool has_truth) {
  Json json = {
      {"pairs", summary.pairs}, {"predicted", summary.predicted}, {"observed", summary.observed}};
  if (has_truth) {
    json["true"] = summary.truth;
    json["mean_error_true"] = summary.truth_error;
  }
  json["equal_mass"] = bins_json(summary.equal_mass, has_truth);
  json["equal_width"] = bins_json(summary.equal_width, has_truth);
  return json;
}

Json calibration_keys(const Calibration& calibration) {
  return {{"probability", method_name(calibration)},
          {"link", link_name(calibration.link)},
          {"offset", calibration.offset},
          {"scale", calibration.scale},
          {"shift", calibration.shift},
          {"exclude_seen", calibration.exclude_seen},
          {"users", calibration.users},
          {"points", calibration.curve.size()}};
}

std::string reading_line(const ReadingQuality& quality, bool stored, bool has_truth) {
  const ReliabilitySummary& best = quality.best;
  std::string line = fmt::format("{} {:<22}{:>9.3f}{:>10.5f}{:>10.4f}{:>10.4f}{:>10.4f}{:>10.4f}",
                                 stored ? '*' : ' ', quality.reading.name, quality.mass,
                                 quality.all.equal_mass.ece, best.predicted, best.observed,
                                 best.equal_mass.ece, quality.first.equal_mass.ece);
  if (has_truth) {
    line += fmt::format("{:>10.5f}{:>10.4f}{:>10.4f}", quality.all.equal_mass.truth_ece,
                        best.equal_mass.truth_ece, best.truth_error);
  }
  return line + "\n";
}

}  // namespace

std::string calibration_json(const CalibrationReport& report) {
  Json json;
  json["schema"] = 1;
  json["version"] = report.version;
  json["loss"] = report.loss_name;
  if (report.request_time_known) json["request_time"] = "known";
  json["link_is_exact"] = report.exact_link;
  json["calibration"] = calibration_keys(report.fit.calibration);
  json["fit"] = {{"part", "valid"},
                 {"users", report.fit.used},
                 {"passes", report.fit.evaluations},
                 {"converged", report.fit.converged}};
  json["check"] = {{"part", "test"},
                   {"users", report.check.users},
                   {"next_no_candidate", report.check.next_no_candidate},
                   {"bins", report.options.bins},
                   {"top", report.options.top},
                   {"exclude_seen", report.options.exclude_seen},
                   {"interval", "95 %, Wilson, pairs taken as independent"}};
  Json& readings = json["readings"] = Json::array();
  for (size_t i = 0; i < report.check.readings.size(); ++i) {
    const ReadingQuality& quality = report.check.readings[i];
    readings.push_back({{"name", quality.reading.name},
                        {"stored", i == report.stored},
                        {"calibration", calibration_keys(quality.reading.calibration)},
                        {"mass", quality.mass},
                        {"log_loss", quality.log_loss},
                        {"all", summary_json(quality.all, report.has_truth)},
                        {"top", summary_json(quality.best, report.has_truth)},
                        {"top_1", summary_json(quality.first, report.has_truth)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string calibration_table(const CalibrationReport& report) {
  const std::string top = fmt::format("top-{}", report.options.top);
  std::string text = fmt::format("  {:<22}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}", "", "", "all", top,
                                 top, top, "top-1");
  if (report.has_truth) text += fmt::format("{:>10}{:>10}{:>10}", "all", top, top);
  text += fmt::format("\n  {:<22}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}", "", "mass", "ECE",
                      "predicted", "observed", "ECE", "ECE");
  if (report.has_truth)
    text += fmt::format("{:>10}{:>10}{:>10}", "true ECE", "true ECE", "|p-true|");
  text += '\n';
  for (size_t i = 0; i < report.check.readings.size(); ++i) {
    text += reading_line(report.check.readings[i], i == report.stored, report.has_truth);
  }
  const ReadingQuality& stored = report.check.readings[report.stored];
  text +=
      fmt::format("\n{}, {} predictions in bins of about equal size:\n", stored.reading.name, top);
  text += fmt::format("  {:>8}{:>11}{:>11}{:>20}{}\n", "pairs", "predicted", "observed",
                      "95 % interval", report.has_truth ? "       true" : "");
  for (const ReliabilityBin& bin : stored.best.equal_mass.bins) {
    text += fmt::format("  {:>8}{:>11.4f}{:>11.4f}{:>20}", bin.pairs, bin.predicted, bin.observed,
                        fmt::format("{:.4f} to {:.4f}", bin.low, bin.high));
    text += report.has_truth ? fmt::format("{:>11.4f}\n", bin.truth) : "\n";
  }
  return text;
}

}  // namespace truenext
