// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/evaluate_run.h"
#include "cli/evaluation.h"
#include "eval/baselines.h"

namespace truenext::cli {
namespace {

void run_evaluate(const EvaluateArguments& arguments, const Globals& globals) {
  check_arguments(arguments);
  check_usage(arguments.lists.empty() || globals.device == "cpu",
              "--device {}: --lists leaves nothing to compute on a device; leave one of them out",
              globals.device);
  Evaluation evaluation(arguments, globals);
  prepare_output(arguments);
  run_rankings(&evaluation);
  try {
    write_evaluation(&evaluation);
  } catch (const Error&) {  // the numbers took their time, so they are not lost with a file
    print_evaluation(evaluation.reports, globals);
    throw;
  }
  print_evaluation(evaluation.reports, globals);
}

void add_protocol_options(Command& verb, EvaluateArguments& arguments) {
  verb.add_option("--part", arguments.part, "Held-out part")
      .one_of({"test", "valid"})
      .show_default();
  verb.add_option("--test-items", arguments.test_items,
                  "Also judge the m nearest held-out items alone, e.g. 1,5,10")
      .separated_by(',')
      .one_value()
      .positive();
  verb.add_option("--candidates", arguments.candidates,
                  "full (the whole catalogue), clean or original (drawn), or a FILE of lines "
                  "\"user negative negative ...\" (docs/protocols.md)")
      .show_default();
  verb.add_option("--negatives", arguments.negatives,
                  "Drawn candidates per user (default: 101 less the held-out items)")
      .not_negative();
  verb.add_option("--ties", arguments.ties, "half (default), ahead, behind, lower-id or random");
  verb.add_flag("--include-seen", arguments.include_seen,
                "Items of the history stay candidates (data with repeat consumption)");
  verb.add_option("--min-target-value", arguments.min_target_value,
                  "Only held-out items of at least this value (rating) are targets; data prepared "
                  "with --keep-values");
  verb.add_option("--batch-mean", arguments.batch_mean,
                  "Mean of the means of batches of so many users, as CSRec's code reports it")
      .positive();
  verb.add_option("--users", arguments.users,
                  "Evaluate the users alone whose raw ids this file has, one a line");
  verb.add_option("--max-users", arguments.max_users, "Evaluate a seeded sample of users; 0 = all")
      .not_negative()
      .show_default();
}

void add_output_options(Command& verb, EvaluateArguments& arguments) {
  verb.add_option("--metrics", arguments.metrics, "List of " + metric_names() + " with @cutoff")
      .show_default();
  verb.add_option("--beyond", arguments.beyond,
                  "Coverage, concentration, popularity, novelty and diversity of the best K items")
      .positive();
  std::vector<std::string> baselines{"all", "default", "none"};
  for (const Baseline& baseline : baseline_list()) baselines.emplace_back(baseline.name);
  verb.add_option("--baselines", arguments.baselines,
                  "What stands beside the model: all, default (popularity and bigram), none, or a "
                  "list of " +
                      baseline_names())
      .suggest(baselines)
      .show_default();
  verb.add_flag("--no-baselines", arguments.no_baselines, "The same as --baselines none");
  verb.add_option("--truth", arguments.truth,
                  "Truth file of a simulated log: adds the best achievable row");
  verb.add_option("--out", arguments.out,
                  "File (.json) or folder for the result; the run folder is left as it is");
  verb.add_option("--per-user", arguments.per_user, "Write one line per user to this file");
  verb.add_option("--trec-run", arguments.trec_run, "Write the ranking in TREC format");
  verb.add_option("--trec-qrels", arguments.trec_qrels, "Write the held-out items as TREC qrels");
  verb.add_option("--trec-depth", arguments.trec_depth, "Items per user in the TREC ranking")
      .positive()
      .show_default();
}

}  // namespace

void evaluate_run(const std::filesystem::path& run, const RunEvaluation& wanted,
                  const Globals& globals) {
  EvaluateArguments arguments;
  arguments.runs = {run.string()};
  arguments.baselines = "none";
  if (!wanted.metrics.empty()) arguments.metrics = wanted.metrics;
  arguments.test_items = wanted.test_items;
  arguments.candidates = word_of(wanted.candidates);
  arguments.part = wanted.part;
  check_arguments(arguments);
  Evaluation evaluation(arguments, globals);
  run_rankings(&evaluation);
  write_evaluation(&evaluation);
}

void add_evaluate(Command& program, Globals& globals) {
  Command verb = program.add_verb("evaluate", "Rank the held-out items of a dataset with a model");
  auto arguments = std::make_shared<EvaluateArguments>();
  verb.add_option("runs", arguments->runs, "Run folder or model file; several with --ensemble");
  add_ensemble_options(verb, arguments->ensemble);
  verb.add_option("--lists", arguments->lists,
                  "Judge ranked lists instead: \"user<TAB>item item ...\" or a TREC run");
  verb.add_option("--data", arguments->data, "Dataset folder (default: the run's)");
  verb.add_flag("--allow-other-data", arguments->allow_other_data,
                "Evaluate on data that the model was not trained on");
  add_blend_option(verb, arguments->blend);
  add_protocol_options(verb, *arguments);
  add_output_options(verb, *arguments);
  verb.callback([arguments, &globals] { run_evaluate(*arguments, globals); });
}

}  // namespace truenext::cli
