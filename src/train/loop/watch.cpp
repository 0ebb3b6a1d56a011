// SPDX-License-Identifier: Apache-2.0
#include "train/loop/watch.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "data/id_json.h"
#include "eval/result_report.h"
#include "eval/run_inputs.h"

namespace truenext {
namespace {

/// The word of the published code for a metric; what it does not have keeps its name here.
std::string published_name(const Metric& metric) {
  static constexpr struct {
    const char* ours;
    const char* theirs;
    bool with_cutoff;
  } kNames[] = {
      {"ndcg", "NDCG", true},         {"ndcg_prefix", "NDCG", true},
      {"ndcg_rel", "NDCG_rel", true}, {"ndcg_rel_prefix", "NDCG_rel", true},
      {"recall", "HR", true},         {"rls_rbo", "RLS-RBO", false},
      {"rls_jac", "RLS-JAC", false},
  };
  for (const auto& name : kNames) {
    if (metric.name != name.ours) continue;
    return name.with_cutoff ? fmt::format("{}@{}", name.theirs, metric.cutoff) : name.theirs;
  }
  return metric.label();
}

void check_names(const std::vector<Metric>& metrics) {
  std::set<std::string> names;
  for (const Metric& metric : metrics) {
    check_usage(names.insert(published_name(metric)).second,
                "watch.per_user: {} would be a second \"{}\" in the files; take one of the two "
                "out of watch.metrics",
                metric.label(), published_name(metric));
  }
}

}  // namespace

Watch::Watch(const Dataset& dataset, const RunConfig& config, WorkerPool& pool)
    : dataset_(dataset), config_(config), pool_(pool) {
  const WatchedParts parts = config.watch.parts;
  if (parts == WatchedParts::none) return;
  metrics_ = parse_metrics(config.watch.metrics);
  if (config.watch.per_user) check_names(metrics_);
  if (parts != WatchedParts::test) add(SplitPart::valid, config);
  if (parts != WatchedParts::valid) add(SplitPart::test, config);
}

void Watch::add(SplitPart which, const RunConfig& config) {
  Part part;
  part.protocol.part = which;
  part.protocol.exclude_seen = config.train.exclude_seen;
  part.protocol.with_times = config.model.time != TimeUse::none;
  part.protocol.candidates = config.watch.candidates;
  part.protocol.ties = usual_ties(part.protocol.candidates);
  part.queries = make_queries(dataset_, part.protocol);
  check_data(!part.queries.users.empty(),
             "watch.parts = \"{}\": the split of {} ({}) holds out nothing for the {} part",
             word_of(config.watch.parts), dataset_.folder().string(), dataset_.split_name(),
             split_part_name(which));
  part.horizon = whole_range(part.queries);
  part.negatives = draw_negatives(negative_source(dataset_), part.queries, part.protocol);
  parts_.push_back(std::move(part));
}

bool Watch::due(int64_t epoch, int64_t epochs) const {
  return !parts_.empty() && (epoch % config_.watch.every == 0 || epoch == epochs);
}

std::vector<WatchedPart> Watch::measure(const Scorer& scorer) const {
  std::vector<WatchedPart> measured;
  for (const Part& part : parts_) {
    const auto ranked =
        rank_horizons(scorer, {part.queries, part.protocol, {part.horizon}, part.negatives}, pool_);
    measured.push_back({split_part_name(part.protocol.part),
                        candidate_rule_name(part.protocol.candidates),
                        compute_metrics(metrics_, ranked[0].ranks, ranked[0].repeats)});
  }
  return measured;
}

std::filesystem::path Watch::users_file(int64_t epoch, const std::string& part) const {
  const ObjectiveOptions& objective = config_.objective;
  // Of "data/ml-1m_10/" the name is ml-1m_10.
  const std::string data = (dataset_.folder() / "").parent_path().filename().string();
  return fmt::format("{}.expid={}.epoch={}.npositive={}.nnegative={}.losstype={}.{}.json",
                     config_.model.name, data, epoch, objective.future.future_items,
                     objective.negatives_of(objective.future.future_items),
                     word_of(objective.future.relevance), part);
}

void Watch::write_users(const std::filesystem::path& run, int64_t epoch,
                        const std::vector<WatchedPart>& parts) const {
  if (!config_.watch.per_user) return;
  const std::filesystem::path folder = run / kUsersFolder;
  make_folder(folder);
  for (size_t p = 0; p < parts.size(); ++p) {
    nlohmann::json json;  // sorts its keys
    for (const MetricResult& entry : parts[p].result.metrics) {
      json[published_name(entry.metric)] = entry.per_user;
    }
    auto& users = json["users"] = nlohmann::json::array();
    for (const int32_t user : parts_[p].queries.users) {
      users.push_back(id_json<nlohmann::json>(dataset_.users().raw(user)));
    }
    using Handler = nlohmann::json::error_handler_t;
    write_file_atomically(folder / users_file(epoch, parts[p].part),
                          json.dump(1, ' ', false, Handler::replace) + "\n");
  }
}

std::string watched_text(int64_t epoch, const WatchedPart& part, bool told) {
  std::string text = fmt::format("epoch {}  {}", epoch, part.part);
  for (const MetricResult& entry : part.result.metrics) {
    text += fmt::format("  {} {:.4f}", entry.metric.label(), entry.mean);
  }
  if (told) text += fmt::format("  ({})", kRequestTimeKnown);
  return text;
}

}  // namespace truenext
