// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/log.h"
#include "base/resources.h"
#include "cli/evaluation.h"
#include "eval/result_files.h"
#include "eval/run_inputs.h"

namespace truenext::cli {
namespace {

namespace fs = std::filesystem;

/// "", "_clean", "_m5", "_clean_m5": what a file name adds to the part.
std::string suffix(CandidateRule rule, int64_t held_out_items) {
  std::string text;
  if (rule != CandidateRule::full) text += "_" + candidate_rule_name(rule);
  if (held_out_items > 0) text += fmt::format("_m{}", held_out_items);
  return text;
}

fs::path result_path(const fs::path& folder, const EvalReport& report) {
  return folder / (split_part_name(report.protocol.part) +
                   suffix(report.protocol.candidates, report.held_out_items) + ".json");
}

fs::path per_user_path(const fs::path& folder, const EvalReport& report) {
  const bool test = report.protocol.part == SplitPart::test;
  return folder / ((test ? "per_user" : "per_user_valid") +
                   suffix(report.protocol.candidates, report.held_out_items) + ".tsv");
}

/// How often the part was opened before, for any rule of candidates.
int64_t earlier_looks(const fs::path& folder, const EvalReport& report) {
  const std::string part = split_part_name(report.protocol.part);
  int64_t most = 0;
  for (const CandidateRule rule :
       {CandidateRule::full, CandidateRule::clean, CandidateRule::original}) {
    most = std::max(most, earlier_evaluations(folder / (part + suffix(rule, 0) + ".json")));
  }
  return most;
}

void write_users(const Evaluation& evaluation, size_t horizon, const fs::path& path) {
  write_per_user(path, evaluation.dataset, evaluation.queries, evaluation.ranked[horizon].ranks,
                 evaluation.reports[horizon].rows.front().result);
}

/// Result and per-user values of every horizon.
void write_into_run(Evaluation* evaluation) {
  const fs::path folder(evaluation->arguments.model);
  const int64_t times = earlier_looks(folder, evaluation->reports.front()) + 1;
  for (size_t h = 0; h < evaluation->reports.size(); ++h) {
    EvalReport& report = evaluation->reports[h];
    fs::path per_user = per_user_path(folder, report);
    if (h == 0 && !evaluation->arguments.per_user.empty()) {
      per_user = evaluation->arguments.per_user;
    }
    write_users(*evaluation, h, per_user);
    report.times_evaluated = times;
    const fs::path result = result_path(folder, report);
    write_file_atomically(result, report_json(report));
    log_info("written: {}, {}", result.string(), per_user.string());
  }
}

}  // namespace

void write_evaluation(Evaluation* evaluation) {
  const EvaluateArguments& arguments = evaluation->arguments;
  const bool is_run =
      fs::is_directory(arguments.model) &&
      evaluation->reports.front().training_data != data_match_name(DataMatch::other);
  if (!arguments.trec_run.empty()) {
    write_trec_run(arguments.trec_run, evaluation->dataset, *evaluation->scorer,
                   evaluation->queries,
                   {arguments.trec_depth, evaluation->protocol.exclude_seen,
                    evaluation->reports.front().model_name},
                   evaluation->pool);
  }
  if (!arguments.trec_qrels.empty()) {
    write_trec_qrels(arguments.trec_qrels, evaluation->dataset, evaluation->queries);
  }
  for (EvalReport& report : evaluation->reports) {
    report.cost.peak_memory_bytes = peak_memory_bytes();
  }
  if (is_run) {
    write_into_run(evaluation);
  } else if (!arguments.per_user.empty()) {
    write_users(*evaluation, 0, arguments.per_user);
  }
}

void print_evaluation(const std::vector<EvalReport>& reports, bool json) {
  const EvalReport& whole = reports.front();
  if (json) {
    fmt::print("{}", reports_json(reports));
    return;
  }
  // A horizon as long as the whole range would only repeat it.
  const bool repeated = std::any_of(reports.begin() + 1, reports.end(), [&](const auto& report) {
    return report.targets == whole.targets;
  });
  for (const EvalReport& report : reports) {
    if (&report != &whole || !repeated) fmt::print("{}\n", report_table(report));
  }
  if (const std::string untrained = untrained_text(whole); !untrained.empty()) {
    fmt::print("{}\n", untrained);
  }
  if (const std::string beyond = beyond_table(whole); !beyond.empty()) fmt::print("{}\n", beyond);
  fmt::print("{} users; {}; ties: {}; {}\n", whole.rows.front().result.users,
             candidates_text(whole), tie_rule_name(whole.protocol.ties), whole.split_name);
  if (whole.protocol.candidates != CandidateRule::full) {
    fmt::print("{}\n", drawn_candidates_warning());
  }
  fmt::print("dataset {}, split {}\n", whole.dataset_fingerprint, whole.split_fingerprint);
  const double users = static_cast<double>(whole.rows.front().result.users);
  log_info("{:.2f} s, {:.0f} users/s on {}, peak memory {} MiB", whole.cost.seconds,
           users / std::max(whole.cost.seconds, 1e-9), whole.cost.device,
           whole.cost.peak_memory_bytes >> 20);
}

}  // namespace truenext::cli
