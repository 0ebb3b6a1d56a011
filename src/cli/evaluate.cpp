// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/resources.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "cli/evaluate_run.h"
#include "eval/evaluator.h"
#include "eval/item_match.h"
#include "eval/result_files.h"
#include "eval/result_report.h"
#include "eval/run_inputs.h"
#include "eval/truth_scorer.h"
#include "inference/model_file.h"
#include "kernels/kernels.h"
#include "run/run_config.h"

namespace upnext::cli {
namespace {

struct EvaluateArguments {
  std::string model, data, truth;
  std::string part = "test";
  std::string metrics = "ndcg@10,recall@1,recall@10,mrr";
  std::string ties = "half";
  bool include_seen = false;
  bool allow_other_data = false;
  bool no_baselines = false;
  int64_t max_users = 0;
  int64_t trec_depth = 100;
  std::string trec_run, trec_qrels, per_user;
};

/// Everything that is opened once and used by all steps.
struct Evaluation {
  Evaluation(const EvaluateArguments& given, const Globals& globals)
      : arguments(given),
        model(ModelFile::open(given.model)),
        dataset(Dataset::open(find_data_folder(given.model, model.description(), given.data))),
        pool(globals.threads > 0 ? globals.threads : available_threads()) {}

  const EvaluateArguments& arguments;
  ModelFile model;
  Dataset dataset;
  WorkerPool pool;
  Queries queries;
  std::unique_ptr<Scorer> scorer;
  Jagged<int64_t> ranks;
  EvalReport report;
};

Protocol protocol_of(const EvaluateArguments& arguments, const Globals& globals,
                     const ModelDescription& description) {
  Protocol protocol;
  protocol.part = arguments.part == "valid" ? SplitPart::valid : SplitPart::test;
  protocol.exclude_seen = description.exclude_seen && !arguments.include_seen;
  protocol.ties = parse_tie_rule(arguments.ties);
  protocol.max_users = arguments.max_users;
  protocol.seed = globals.seed;
  return protocol;
}

void describe_inputs(Evaluation* evaluation) {
  EvalReport& report = evaluation->report;
  const ModelDescription& description = evaluation->model.description();
  const Dataset& dataset = evaluation->dataset;
  report.version = upnext_version();
  report.model_name = description.model.name;
  report.loss_name = description.loss_name;
  report.validation = description.validation;
  report.dataset_fingerprint = dataset.fingerprint();
  report.split_fingerprint = dataset.split_fingerprint();
  report.split_name = dataset.split_name();
  report.items = dataset.num_items();
  report.targets = static_cast<int64_t>(evaluation->queries.targets.values.size());
  report.repeat_targets = evaluation->queries.repeat_targets;
  report.duplicate_targets = evaluation->queries.duplicate_targets;
  report.without_history = evaluation->queries.without_history;
}

void rank_with_model(const std::vector<Metric>& metrics, Evaluation* evaluation) {
  EvalReport& report = evaluation->report;
  const double begin = wall_seconds();
  const double cpu_begin = process_cpu_seconds();
  evaluation->ranks =
      rank_targets(*evaluation->scorer, evaluation->queries, report.protocol, evaluation->pool);
  report.cost.seconds = wall_seconds() - begin;
  report.cost.cpu_seconds = process_cpu_seconds() - cpu_begin;
  report.cost.threads = evaluation->pool.threads();
  report.cost.instruction_set = kernels::instruction_set();
  const auto& values = evaluation->ranks.values;
  report.never_ranked = std::count(values.begin(), values.end(), kNeverRanked);
  report.rows.push_back({"model", compute_metrics(metrics, evaluation->ranks)});
}

void add_row(const std::string& name, const Scorer& scorer, const std::vector<Metric>& metrics,
             Evaluation* evaluation) {
  const Jagged<int64_t> ranks =
      rank_targets(scorer, evaluation->queries, evaluation->report.protocol, evaluation->pool);
  EvalResult result = compute_metrics(metrics, ranks);
  for (MetricResult& entry : result.metrics) entry.per_user = {};  // kept for the model only
  evaluation->report.rows.push_back({name, std::move(result)});
}

void add_rows_beside(const std::vector<Metric>& metrics, Evaluation* evaluation) {
  if (!evaluation->arguments.no_baselines) {
    add_row("popularity", *make_popularity_scorer(evaluation->dataset), metrics, evaluation);
    add_row("last-item bigram", *make_bigram_scorer(evaluation->dataset), metrics, evaluation);
  }
  if (!evaluation->arguments.truth.empty()) {
    const SimulatedTruth truth = SimulatedTruth::open(evaluation->arguments.truth);
    add_row("best achievable", *make_truth_scorer(truth, evaluation->dataset), metrics, evaluation);
  }
}

void warn_about_counts(const EvalReport& report) {
  if (report.repeat_targets > 0 && report.protocol.exclude_seen) {
    log_warning(
        "{} of {} held-out items also stand in their user's history; they stay candidates while "
        "the "
        "other items of the history do not, which makes them easy. For data with repeat "
        "consumption "
        "say --include-seen",
        report.repeat_targets, report.targets);
  }
  if (report.never_ranked > 0) {
    log_warning(
        "{} of {} held-out items can never be recommended by this model; they count as missed",
        report.never_ranked, report.targets);
  }
  if (report.without_history > 0) {
    log_warning("{} users are left out: nothing precedes their held-out items",
                report.without_history);
  }
}

/// A run folder keeps the results on its own data, named by the part; all else is written on
/// request.
void write_files(Evaluation* evaluation) {
  const EvaluateArguments& arguments = evaluation->arguments;
  EvalReport& report = evaluation->report;
  const bool is_run = std::filesystem::is_directory(arguments.model) &&
                      report.training_data != data_match_name(DataMatch::other);
  const std::filesystem::path folder(arguments.model);
  const std::string part = split_part_name(report.protocol.part);
  std::filesystem::path per_user(arguments.per_user);
  if (is_run && per_user.empty()) {
    per_user = folder / (part == "test" ? "per_user.tsv" : "per_user_valid.tsv");
  }
  if (!per_user.empty()) {
    write_per_user(per_user, evaluation->dataset, evaluation->queries, evaluation->ranks,
                   report.rows.front().result);
  }
  if (!arguments.trec_run.empty()) {
    write_trec_run(
        arguments.trec_run, evaluation->dataset, *evaluation->scorer, evaluation->queries,
        {arguments.trec_depth, report.protocol.exclude_seen, report.model_name}, evaluation->pool);
  }
  if (!arguments.trec_qrels.empty()) {
    write_trec_qrels(arguments.trec_qrels, evaluation->dataset, evaluation->queries);
  }
  report.cost.peak_memory_bytes = peak_memory_bytes();
  if (is_run) {
    const std::filesystem::path result = folder / (part + ".json");
    report.times_evaluated = earlier_evaluations(result) + 1;
    write_file_atomically(result, report_json(report));
    log_info("written: {}, {}", result.string(), per_user.string());
  }
}

void print_report(const EvalReport& report, bool json) {
  if (json) {
    fmt::print("{}", report_json(report));
    return;
  }
  fmt::print("{}", report_table(report));
  fmt::print("{} users; {}; ties: {}; {}\n", report.rows.front().result.users,
             candidates_text(report), tie_rule_name(report.protocol.ties), report.split_name);
  fmt::print("dataset {}, split {}\n", report.dataset_fingerprint, report.split_fingerprint);
  const double users = static_cast<double>(report.rows.front().result.users);
  log_info("{:.2f} s, {:.0f} users/s, peak memory {} MiB", report.cost.seconds,
           users / std::max(report.cost.seconds, 1e-9), report.cost.peak_memory_bytes >> 20);
}

/// Everything but printing.
EvalReport judge(const EvaluateArguments& arguments, const Globals& globals) {
  const std::vector<Metric> metrics = parse_metrics(arguments.metrics);
  check_usage(arguments.truth.empty() || arguments.part == "test",
              "--truth is about the last event of every user; it goes with --part test");
  Evaluation evaluation(arguments, globals);
  evaluation.report.training_data = data_match_name(check_same_data(
      evaluation.model.description(), evaluation.dataset, arguments.allow_other_data));
  evaluation.report.protocol = protocol_of(arguments, globals, evaluation.model.description());
  evaluation.queries = make_queries(evaluation.dataset, evaluation.report.protocol);
  check_data(!evaluation.queries.users.empty(),
             "{}: nobody to evaluate: the split ({}) holds out nothing for --part {}",
             evaluation.dataset.folder().string(), evaluation.dataset.split_name(), arguments.part);
  ItemMatch match =
      match_items(evaluation.dataset.items(), evaluation.model.num_items(),
                  [&](std::string_view raw) { return evaluation.model.find_item(raw); });
  if (match.unknown_to_model + match.unknown_to_data > 0) {
    log_warning(
        "{} of the dataset's {} items are unknown to the model, {} of the model's items are "
        "not in the dataset and are no candidates",
        match.unknown_to_model, evaluation.dataset.num_items(), match.unknown_to_data);
  }
  evaluation.scorer = make_matched_scorer(evaluation.model.encoder(), std::move(match));
  describe_inputs(&evaluation);
  rank_with_model(metrics, &evaluation);
  warn_about_counts(evaluation.report);
  add_rows_beside(metrics, &evaluation);
  write_files(&evaluation);
  return std::move(evaluation.report);
}

void run_evaluate(const EvaluateArguments& arguments, const Globals& globals) {
  print_report(judge(arguments, globals), globals.json);
}

}  // namespace

void evaluate_run(const std::filesystem::path& run, const RunEvaluation& wanted,
                  const Globals& globals) {
  EvaluateArguments arguments;
  arguments.model = run.string();
  arguments.no_baselines = true;
  if (!wanted.metrics.empty()) arguments.metrics = wanted.metrics;
  judge(arguments, globals);
}

void add_evaluate(CLI::App& app, Globals& globals) {
  CLI::App* verb = app.add_subcommand(
      "evaluate", "Rank the held-out items of a dataset against the full catalogue");
  auto arguments = std::make_shared<EvaluateArguments>();
  verb->add_option("model", arguments->model, "Run folder or model file")->required();
  verb->add_option("--data", arguments->data, "Dataset folder (default: the run's)");
  verb->add_option("--part", arguments->part, "Held-out part")
      ->check(CLI::IsMember({"test", "valid"}))
      ->capture_default_str();
  verb->add_option("--metrics", arguments->metrics,
                   "List of ndcg, recall, hr, mrr, precision, map with @cutoff")
      ->capture_default_str();
  verb->add_option("--ties", arguments->ties, "half, ahead, behind, lower-id or random")
      ->capture_default_str();
  verb->add_flag("--include-seen", arguments->include_seen,
                 "Items of the history stay candidates (data with repeat consumption)");
  verb->add_option("--max-users", arguments->max_users,
                   "Evaluate a seeded sample of users; 0 = all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_flag("--allow-other-data", arguments->allow_other_data,
                 "Evaluate on data that the model was not trained on");
  verb->add_flag("--no-baselines", arguments->no_baselines,
                 "Leave out the popularity and bigram rows");
  verb->add_option("--truth", arguments->truth,
                   "Truth file of a simulated log: adds the best achievable row");
  verb->add_option("--per-user", arguments->per_user, "Write one line per user to this file");
  verb->add_option("--trec-run", arguments->trec_run, "Write the ranking in TREC format");
  verb->add_option("--trec-qrels", arguments->trec_qrels, "Write the held-out items as TREC qrels");
  verb->add_option("--trec-depth", arguments->trec_depth, "Items per user in the TREC ranking")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->callback([arguments, &globals] { run_evaluate(*arguments, globals); });
}

}  // namespace upnext::cli
