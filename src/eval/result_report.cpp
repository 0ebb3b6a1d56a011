// SPDX-License-Identifier: Apache-2.0
#include "eval/result_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace upnext {
namespace {

using Json = nlohmann::ordered_json;

Json metrics_json(const EvalResult& result) {
  Json metrics = Json::object();
  for (const MetricResult& entry : result.metrics) {
    metrics[entry.metric.label()] = {{"mean", entry.mean},
                                     {"half_width", entry.half_width},
                                     {"low", entry.mean - entry.half_width},
                                     {"high", entry.mean + entry.half_width}};
  }
  return metrics;
}

Json protocol_json(const EvalReport& report) {
  return {{"part", split_part_name(report.protocol.part)},
          {"candidates", candidates_text(report)},
          {"sampled_candidates", false},
          {"exclude_seen", report.protocol.exclude_seen},
          {"ties", tie_rule_name(report.protocol.ties)},
          {"max_users", report.protocol.max_users},
          {"seed", report.protocol.seed},
          {"interval", "95 %, normal approximation over users"}};
}

Json counts_json(const EvalReport& report) {
  return {{"users", report.rows.empty() ? 0 : report.rows.front().result.users},
          {"users_without_history", report.without_history},
          {"items", report.items},
          {"targets", report.targets},
          {"targets_in_history", report.repeat_targets},
          {"duplicate_targets_dropped", report.duplicate_targets},
          {"targets_unknown_to_model", report.never_ranked},
          {"times_evaluated", report.times_evaluated}};
}

Json cost_json(const EvalReport& report) {
  const double users = report.rows.empty() ? 0 : static_cast<double>(report.rows[0].result.users);
  const double seconds = report.cost.seconds;
  return {{"seconds", seconds},
          {"users_per_second", seconds > 0 ? users / seconds : 0},
          {"cpu_seconds", report.cost.cpu_seconds},
          {"peak_memory_bytes", report.cost.peak_memory_bytes},
          {"threads", report.cost.threads},
          {"instruction_set", report.cost.instruction_set}};
}

}  // namespace

std::string split_part_name(SplitPart part) {
  return part == SplitPart::valid ? "valid" : "test";
}

std::string candidates_text(const EvalReport& report) {
  return fmt::format("full catalogue of {} items, items of the history {}", report.items,
                     report.protocol.exclude_seen ? "excluded" : "included");
}

std::string report_json(const EvalReport& report) {
  Json json;
  json["schema"] = 1;
  json["version"] = report.version;
  if (!report.rows.empty()) json["metrics"] = metrics_json(report.rows.front().result);
  Json& beside = json["beside"] = Json::object();
  for (size_t i = 1; i < report.rows.size(); ++i) {
    beside[report.rows[i].name] = metrics_json(report.rows[i].result);
  }
  json["counts"] = counts_json(report);
  json["protocol"] = protocol_json(report);
  json["data"] = {{"fingerprint", report.dataset_fingerprint},
                  {"split_fingerprint", report.split_fingerprint},
                  {"split", report.split_name},
                  {"training_data", report.training_data}};
  json["model"] = {
      {"name", report.model_name}, {"loss", report.loss_name}, {"validation", report.validation}};
  json["cost"] = cost_json(report);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string report_table(const EvalReport& report) {
  std::vector<std::vector<std::string>> lines(1);
  lines[0].push_back(split_part_name(report.protocol.part));
  if (!report.rows.empty()) {
    for (const MetricResult& entry : report.rows[0].result.metrics) {
      lines[0].push_back(entry.metric.label());
    }
  }
  for (const ResultRow& row : report.rows) {
    auto& line = lines.emplace_back(1, row.name);
    for (const MetricResult& entry : row.result.metrics) {
      line.push_back(fmt::format("{:.4f} ±{:.4f}", entry.mean, entry.half_width));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    text += fmt::format("{:<18}", line[0]);
    // Columns are wider than any cell; fmt counts the sign as one column.
    for (size_t i = 1; i < line.size(); ++i) text += fmt::format("  {:>15}", line[i]);
    text += '\n';
  }
  return text;
}

int64_t earlier_evaluations(const std::filesystem::path& result_file) {
  if (!std::filesystem::exists(result_file)) return 0;
  try {
    const auto json = Json::parse(read_file(result_file, uint64_t{16} << 20));
    return std::max<int64_t>(0, json.at("counts").at("times_evaluated").get<int64_t>());
  } catch (const Json::exception&) {
    return 0;
  } catch (const Error&) {
    return 0;
  }
}

}  // namespace upnext
