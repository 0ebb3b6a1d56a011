// SPDX-License-Identifier: Apache-2.0
#include "eval/result_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "data/json_number.h"
#include "eval/drawn_candidates.h"

namespace truenext {
namespace {

using Json = nlohmann::ordered_json;

Json metrics_json(const std::vector<MetricResult>& results) {
  Json metrics = Json::object();
  for (const MetricResult& entry : results) {
    metrics[entry.metric.label()] = {{"mean", entry.mean},
                                     {"half_width", entry.half_width},
                                     {"low", entry.mean - entry.half_width},
                                     {"high", entry.mean + entry.half_width}};
  }
  return metrics;
}

/// What was measured: the part of the file that differs between horizons.
void add_results(const EvalReport& report, Json* json) {
  if (!report.rows.empty()) (*json)["metrics"] = metrics_json(report.rows[0].result.metrics);
  if (report.untrained > 0) {
    (*json)["without_untrained_targets"] = {{"users", report.trained_only.users},
                                            {"targets", report.targets - report.untrained},
                                            {"metrics", metrics_json(report.trained_only.metrics)}};
  }
  Json& beside = (*json)["beside"] = Json::object();
  for (size_t i = 1; i < report.rows.size(); ++i) {
    beside[report.rows[i].name] = metrics_json(report.rows[i].result.metrics);
  }
  Json beyond = Json::object();
  for (const ResultRow& row : report.rows) {
    if (!row.beyond.empty()) beyond[row.name] = metrics_json(row.beyond);
  }
  if (!beyond.empty()) (*json)["beyond_accuracy"] = beyond;
}

Json protocol_json(const EvalReport& report) {
  const Protocol& protocol = report.protocol;
  const bool sampled = !protocol.is_whole_catalogue();
  Json json = {{"part", split_part_name(protocol.part)},
               {"held_out_items", report.held_out_items},
               {"candidates", candidates_text(report)},
               {"candidate_rule",
                protocol.is_listed() ? "listed" : candidate_rule_name(protocol.candidates)},
               {"sampled_candidates", sampled},
               {"exclude_seen", protocol.exclude_seen},
               {"ties", tie_rule_name(protocol.ties)},
               {"max_users", protocol.max_users},
               {"seed", protocol.seed},
               {"interval", "95 %, normal approximation over users"}};
  if (protocol.is_listed()) {
    json["candidate_file"] = protocol.listed_file;
    json["candidate_fingerprint"] = protocol.listed_fingerprint;
  }
  if (protocol.batch_mean > 0) json["batch_mean"] = protocol.batch_mean;
  if (protocol.min_target_value) json["min_target_value"] = *protocol.min_target_value;
  if (protocol.users) {
    json["users_file"] = protocol.users_file;
    json["users_fingerprint"] = protocol.users_fingerprint;
  }
  // Only where it is: results of others stay as they were.
  if (report.request_time_known) json["request_time"] = "known";
  if (sampled) json["warning"] = drawn_candidates_warning();
  return json;
}

Json listed_json(const ListedCandidates& listed) {
  return {{"users_unknown", listed.unknown_users.count},
          {"negatives_unknown", listed.unknown_items.count},
          {"negatives_held_out", listed.held_out.count},
          {"negatives_in_history", listed.in_history.count},
          {"negatives_repeated", listed.repeated.count}};
}

Json counts_json(const EvalReport& report) {
  Json json = {{"users", report.rows.empty() ? 0 : report.rows.front().result.users},
               {"users_without_history", report.without_history},
               {"users_in_all", report.all_users},
               {"users_with_fewer_held_out", report.short_users},
               {"users_with_fewer_negatives", report.short_lists},
               {"items", report.items},
               {"targets", report.targets},
               {"targets_in_history", report.repeat_targets},
               {"targets_never_trained", report.untrained},
               {"duplicate_targets_dropped", report.duplicate_targets},
               {"targets_unknown_to_model", report.never_ranked},
               {"times_evaluated", report.times_evaluated},
               {"watched_in_training", report.watched}};
  if (report.protocol.min_target_value) {
    json["users_below_value"] = report.users_below_value;
    json["targets_below_value"] = report.targets_below_value;
  }
  if (report.protocol.is_listed()) json["candidate_file"] = listed_json(report.listed);
  return json;
}

Json cost_json(const EvalReport& report) {
  const double users = report.rows.empty() ? 0 : static_cast<double>(report.rows[0].result.users);
  const double seconds = report.cost.seconds;
  return {{"seconds", seconds},
          {"users_per_second", seconds > 0 ? users / seconds : 0},
          {"cpu_seconds", report.cost.cpu_seconds},
          {"peak_memory_bytes", report.cost.peak_memory_bytes},
          {"threads", report.cost.threads},
          {"instruction_set", report.cost.instruction_set},
          {"device", report.cost.device}};
}

Json model_json(const EvalReport& report) {
  Json json = {
      {"name", report.model_name}, {"loss", report.loss_name}, {"validation", report.validation}};
  if (report.blend.counts > 0) {
    json["hybrid"] = {{"counts", report.blend.counts}, {"counts_from", report.blend.source}};
  }
  const EnsembleReport& ensemble = report.ensemble;
  if (ensemble.members.empty()) return json;
  json["ensemble"] = {{"rule", ensemble.rule}, {"temperature", ensemble.temperature}};
  for (const EnsembleReport::Member& member : ensemble.members) {
    json["ensemble"]["members"].push_back({{"run", member.run},
                                           {"weight", member.weight},
                                           {"name", member.model_name},
                                           {"loss", member.loss_name},
                                           {"validation", member.validation}});
  }
  return json;
}

Json report_object(const EvalReport& report) {
  Json json;
  json["schema"] = 1;
  json["version"] = report.version;
  add_results(report, &json);
  json["counts"] = counts_json(report);
  json["protocol"] = protocol_json(report);
  json["data"] = {{"fingerprint", report.dataset_fingerprint},
                  {"split_fingerprint", report.split_fingerprint},
                  {"split", report.split_name},
                  {"training_data", report.training_data}};
  json["model"] = model_json(report);
  json["cost"] = cost_json(report);
  return json;
}

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// What belongs to the whole set of lists, not to users, has no interval.
std::string cell(const MetricResult& entry) {
  if (!entry.of_users) return fmt::format("{:.4f}", entry.mean);
  return fmt::format("{:.4f} ±{:.4f}", entry.mean, entry.half_width);
}

/// Columns are wider than any cell; fmt counts the sign as one column.
std::string column(const MetricResult& head, const std::string& text) {
  return fmt::format("  {:>{}}", text, std::max<size_t>(15, head.metric.label().size()));
}

std::string table(const std::string& corner, const std::vector<ResultRow>& rows,
                  const std::vector<MetricResult>& (*results)(const ResultRow&)) {
  const size_t width = std::max<size_t>(18, corner.size());
  std::string text = fmt::format("{:<{}}", corner, width);
  if (!rows.empty()) {
    for (const MetricResult& entry : results(rows[0])) {
      text += column(entry, entry.metric.label());
    }
  }
  text += '\n';
  for (const ResultRow& row : rows) {
    text += fmt::format("{:<{}}", row.name, width);
    for (const MetricResult& entry : results(row)) text += column(entry, cell(entry));
    text += '\n';
  }
  return text;
}

}  // namespace

std::string split_part_name(SplitPart part) {
  return part == SplitPart::valid ? "valid" : "test";
}

bool is_sample(const EvalReport& report) {
  return !report.rows.empty() && report.rows.front().result.users < report.all_users;
}

std::string users_text(const EvalReport& report) {
  const int64_t users = report.rows.empty() ? 0 : report.rows.front().result.users;
  if (!is_sample(report)) return fmt::format("{} users", users);
  return fmt::format("a sample of {} of {} users (--max-users, seed {})", users, report.all_users,
                     report.protocol.seed);
}

std::string mean_text(const EvalReport& report) {
  const int64_t batch = report.protocol.batch_mean;
  if (batch == 0) return "mean of users";
  return fmt::format("mean of the means of batches of {} users", batch);
}

std::string target_value_text(const EvalReport& report) {
  if (!report.protocol.min_target_value) return "";
  const std::string text = fmt::format(
      "targets are held-out items of value {} or more: {} users have one, {} have none and are "
      "left "
      "out",
      *report.protocol.min_target_value, report.all_users, report.users_below_value);
  if (report.targets_below_value == 0) return text;
  return fmt::format("{}; {} lower ones are candidates, no targets", text,
                     report.targets_below_value);
}

std::string candidates_text(const EvalReport& report) {
  const Protocol& protocol = report.protocol;
  if (protocol.is_listed()) {
    return fmt::format(
        "listed: the held-out items and at most {} negatives a user from a file, fingerprint {}",
        protocol.negatives, protocol.listed_fingerprint);
  }
  if (protocol.is_whole_catalogue()) {
    return fmt::format("full catalogue of {} items, items of the history {}", report.items,
                       protocol.exclude_seen ? "excluded" : "included");
  }
  const char* rule = protocol.candidates == CandidateRule::clean
                         ? "distinct items that the user never met"
                         : "items outside the user's training part, with repetition";
  const std::string negatives = protocol.negatives < 0
                                    ? fmt::format("{}, {} in all", rule, kListLength)
                                    : fmt::format("{} {}", protocol.negatives, rule);
  return fmt::format("{}: the held-out items and {}, drawn with seed {}",
                     candidate_rule_name(protocol.candidates), negatives, protocol.seed);
}

std::string chosen_users_text(const EvalReport& report) {
  if (!report.protocol.users) return "";
  return fmt::format("users of {} alone (fingerprint {})", report.protocol.users_file,
                     report.protocol.users_fingerprint.substr(0, 8));
}

std::string ensemble_text(const EnsembleReport& ensemble) {
  std::vector<std::string> members;
  for (const EnsembleReport::Member& member : ensemble.members) {
    members.push_back(fmt::format("{} ({:.4g})", member.run, member.weight));
  }
  std::string text = fmt::format("{} of {}", ensemble.rule, fmt::join(members, ", "));
  if (ensemble.temperature != 1) text += fmt::format(", temperature {}", ensemble.temperature);
  return text;
}

std::string blend_text(const BlendReport& blend) {
  return fmt::format("hybrid of {:.4g} of the model and {:.4g} of counts from {}", 1 - blend.counts,
                     blend.counts, blend.source);
}

std::string report_json(const EvalReport& report) {
  return text_of(report_object(report));
}

std::string reports_json(const std::vector<EvalReport>& reports) {
  Json json = report_object(reports.front());
  for (size_t i = 1; i < reports.size(); ++i) {
    Json part = {{"held_out_items", reports[i].held_out_items}};
    add_results(reports[i], &part);
    part["counts"] = counts_json(reports[i]);
    json["horizons"].push_back(part);
  }
  return text_of(json);
}

std::string report_table(const EvalReport& report) {
  std::string corner = split_part_name(report.protocol.part);
  if (is_sample(report)) corner += ", sample";
  if (report.held_out_items > 0) corner += fmt::format(", m = {}", report.held_out_items);
  if (report.protocol.min_target_value) {
    corner += fmt::format(", value >= {}", *report.protocol.min_target_value);
  }
  std::vector<ResultRow> rows = report.rows;
  if (report.trained_only.users > 0 && !rows.empty()) {
    rows.insert(rows.begin() + 1, {"  trained targets", report.trained_only});
  }
  return table(corner, rows,
               [](const ResultRow& row) -> const auto& { return row.result.metrics; });
}

std::string untrained_text(const EvalReport& report) {
  if (report.untrained == 0) return "";
  const std::string part = fmt::format(
      "{} of {} held-out items are never met in training: no model can have learnt them",
      report.untrained, report.targets);
  if (report.trained_only.users == 0) return part;
  return part + fmt::format("; the row of trained targets leaves them out ({} users)",
                            report.trained_only.users);
}

std::string baselines_text(const EvalReport& report) {
  if (report.rows.empty() || report.rows.front().result.metrics.empty()) return "";
  const MetricResult& model = report.rows.front().result.metrics.front();
  std::vector<std::string> better;
  for (size_t i = 1; i < report.rows.size(); ++i) {
    const MetricResult& other = report.rows[i].result.metrics.front();
    if (other.mean <= model.mean) continue;
    better.push_back(fmt::format("{} ({:.4f})", report.rows[i].name, other.mean));
  }
  if (better.empty()) return "";
  return fmt::format("{} of the {} is {:.4f}, below what needs no training: {}",
                     model.metric.label(), report.rows.front().name, model.mean,
                     fmt::join(better, ", "));
}

std::string beyond_table(const EvalReport& report) {
  if (report.rows.empty() || report.rows[0].beyond.empty()) return "";
  return table("beyond accuracy", report.rows,
               [](const ResultRow& row) -> const auto& { return row.beyond; });
}

int64_t earlier_evaluations(const std::filesystem::path& result_file) {
  if (!std::filesystem::exists(result_file)) return 0;
  try {
    const auto json = Json::parse(read_file(result_file, uint64_t{16} << 20));
    return std::max<int64_t>(0, whole_number(json.at("counts").at("times_evaluated")));
  } catch (const Json::exception&) {
    return 0;
  } catch (const Error&) {
    return 0;
  }
}

}  // namespace truenext
