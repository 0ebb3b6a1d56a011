// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/resources.h"
#include "base/terminal_text.h"
#include "cli/evaluation.h"
#include "eval/result_files.h"
#include "eval/result_names.h"
#include "eval/run_inputs.h"
#include "inference/model_file.h"

namespace truenext::cli {
namespace {

namespace fs = std::filesystem;

void write_users(const Evaluation& evaluation, size_t horizon, const fs::path& path) {
  write_per_user(path, evaluation.dataset, evaluation.queries, evaluation.ranked[horizon].ranks,
                 evaluation.reports[horizon].rows.front().result);
}

/// Result and per-user values of every horizon.
void write_into(const fs::path& folder, Evaluation* evaluation) {
  for (size_t h = 0; h < evaluation->reports.size(); ++h) {
    EvalReport& report = evaluation->reports[h];
    const ResultFiles files = result_files(folder, report);
    write_users(*evaluation, h, files.per_user);
    write_file_atomically(files.result, report_json(report));
    log_info("written: {}, {}", files.result.string(), files.per_user.string());
  }
}

/// Whether somebody may write there; on a medium that is read-only nobody may.
bool is_writable(const fs::path& folder) {
  return ::access(folder.c_str(), W_OK) == 0;
}

/// What --out names: a file for all horizons together, or a folder.
bool is_result_file(const fs::path& out) {
  return out.extension() == ".json";
}

void write_out(const fs::path& out, Evaluation* evaluation) {
  if (is_result_file(out)) {
    write_file_atomically(out, reports_json(evaluation->reports));
    log_info("written: {}", out.string());
    return;
  }
  write_into(out, evaluation);
}

/// Whether the result is that of one run, not of an ensemble or a hybrid.
bool of_one_run(const Evaluation& evaluation) {
  return evaluation.models && evaluation.models->is_one_model() && evaluation.blend.counts == 0;
}

/// The folder whose results these are: of a run on its own data the run, of several runs and of a
/// hybrid what --out names. Empty when there is none.
fs::path own_folder(const Evaluation& evaluation) {
  const EvaluateArguments& arguments = evaluation.arguments;
  if (!evaluation.models) return {};
  if (!of_one_run(evaluation)) {
    return is_result_file(arguments.out) ? fs::path() : fs::path(arguments.out);
  }
  const bool own_data =
      evaluation.reports.front().training_data != data_match_name(DataMatch::other);
  return own_data && fs::is_directory(arguments.runs.front()) ? fs::path(arguments.runs.front())
                                                              : fs::path();
}

/// What is known once everything was ranked.
void finish_reports(const fs::path& folder, std::vector<EvalReport>* reports) {
  const int64_t times = folder.empty() ? 0 : earlier_looks(folder, reports->front()) + 1;
  for (EvalReport& report : *reports) {
    report.cost.peak_memory_bytes = peak_memory_bytes();
    if (times > 0) report.times_evaluated = times;
  }
}

void write_trec_files(Evaluation* evaluation) {
  const EvaluateArguments& arguments = evaluation->arguments;
  if (!arguments.trec_run.empty()) {
    const EvalReport& report = evaluation->reports.front();
    std::string tag = evaluation->blend.counts > 0 ? "hybrid" : report.model_name;
    if (report.request_time_known) tag += "-request-time-known";
    write_trec_run(
        arguments.trec_run, evaluation->dataset, *evaluation->scorer, evaluation->queries,
        {arguments.trec_depth, evaluation->protocol.exclude_seen, tag}, evaluation->pool);
  }
  if (!arguments.trec_qrels.empty()) {
    write_trec_qrels(arguments.trec_qrels, evaluation->dataset, evaluation->queries);
  }
}

}  // namespace

void prepare_output(const EvaluateArguments& arguments) {
  const fs::path out(arguments.out);
  const fs::path folder = is_result_file(out) ? out.parent_path() : out;
  const bool of_a_run = !out.empty() && fs::exists(folder / kModelFileName);
  check_usage(arguments.ensemble.rule.empty() || !of_a_run,
              "--out {}: this run keeps its own results there; name another folder for those of an "
              "ensemble",
              arguments.out);
  check_usage(!arguments.blend.exists() || !of_a_run,
              "--out {}: this run keeps its own results there; name another folder for those of a "
              "hybrid",
              arguments.out);
  if (!folder.empty()) make_folder(folder);
}

void write_evaluation(Evaluation* evaluation) {
  const EvaluateArguments& arguments = evaluation->arguments;
  const fs::path run = own_folder(*evaluation);
  finish_reports(run, &evaluation->reports);
  write_trec_files(evaluation);
  const bool into_run = !run.empty() && arguments.out.empty() && is_writable(run);
  if (!run.empty() && arguments.out.empty() && !into_run) {
    log_warning(
        "{}: cannot be written to, so the result is shown here only; --out FOLDER keeps it "
        "elsewhere",
        run.string());
  }
  if (evaluation->models && !of_one_run(*evaluation) && arguments.out.empty()) {
    log_info("the result of {} belongs to no run: it is shown here, --out FOLDER keeps it",
             evaluation->blend.counts > 0 ? "a hybrid" : "an ensemble");
  }
  if (into_run) write_into(run, evaluation);
  if (!arguments.out.empty()) write_out(arguments.out, evaluation);
  if (!arguments.per_user.empty()) write_users(*evaluation, 0, arguments.per_user);
}

void print_evaluation(const std::vector<EvalReport>& reports, const Globals& globals) {
  const EvalReport& whole = reports.front();
  if (const std::string better = baselines_text(whole); !better.empty()) log_warning("{}", better);
  if (globals.json) {
    print_json(globals, reports_json(reports));
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
  fmt::print("{}; {}; ties: {}; {}\n", users_text(whole), candidates_text(whole),
             tie_rule_name(whole.protocol.ties), whole.split_name);
  if (!whole.ensemble.members.empty()) {
    fmt::print("{}\n", printable("ensemble by " + ensemble_text(whole.ensemble)));
  }
  if (whole.request_time_known) fmt::print("{}\n", kRequestTimeKnown);
  if (const std::string users = chosen_users_text(whole); !users.empty()) {
    fmt::print("{}\n", printable(users));
  }
  if (whole.blend.counts > 0) fmt::print("{}\n", printable(blend_text(whole.blend)));
  if (const std::string value = target_value_text(whole); !value.empty()) {
    fmt::print("{}\n", value);
  }
  if (whole.protocol.is_listed()) {
    fmt::print("candidates from {}\n", printable(whole.protocol.listed_file));
  }
  if (whole.protocol.batch_mean > 0) {
    fmt::print("{}; intervals are those of the mean of users\n", mean_text(whole));
  }
  if (!whole.protocol.is_whole_catalogue()) {
    fmt::print("{}\n", drawn_candidates_warning());
  }
  fmt::print("dataset {}, split {}\n", whole.dataset_fingerprint, whole.split_fingerprint);
  const double users = static_cast<double>(whole.rows.front().result.users);
  log_info("{:.2f} s, {:.0f} users/s on {}, peak memory {} MiB", whole.cost.seconds,
           users / std::max(whole.cost.seconds, 1e-9), whole.cost.device,
           whole.cost.peak_memory_bytes >> 20);
}

}  // namespace truenext::cli
