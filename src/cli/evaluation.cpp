// SPDX-License-Identifier: Apache-2.0
#include "cli/evaluation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/resources.h"
#include "eval/baselines.h"
#include "eval/batch_mean.h"
#include "eval/beyond_accuracy.h"
#include "eval/run_inputs.h"
#include "eval/truth_scorer.h"
#include "eval/untrained_targets.h"
#include "kernels/kernels.h"
#include "run/run_config.h"
#include "train/devices/devices.h"

namespace truenext::cli {
namespace {

/// What all reports of an evaluation have in common.
EvalReport common_report(const Evaluation& evaluation, DataMatch match) {
  EvalReport report;
  const Dataset& dataset = evaluation.dataset;
  report.protocol = evaluation.protocol;
  report.version = truenext_version();
  report.model_name = "ranked lists";
  if (evaluation.models) describe_models(*evaluation.models, &report);
  report.blend = evaluation.blend;
  report.training_data = data_match_name(match);
  report.dataset_fingerprint = dataset.fingerprint();
  report.split_fingerprint = dataset.split_fingerprint();
  report.split_name = dataset.split_name();
  report.items = dataset.num_items();
  report.listed = evaluation.listed;
  report.without_history = evaluation.queries.without_history;
  report.all_users = evaluation.queries.all_users;
  report.usual_exclude_seen =
      !evaluation.models || evaluation.models->first().description().exclude_seen;
  report.users_below_value = evaluation.queries.users_below_value;
  report.targets_below_value = evaluation.queries.targets_below_value;
  return report;
}

void make_horizons(Evaluation* evaluation) {
  const Queries& queries = evaluation->queries;
  evaluation->horizons.push_back(whole_range(queries));
  const std::set<int64_t> asked(evaluation->arguments.test_items.begin(),
                                evaluation->arguments.test_items.end());
  for (const int64_t items : asked) {
    evaluation->horizons.push_back(
        nearest_items(evaluation->dataset, queries, evaluation->protocol.part, items));
  }
}

/// Users for whom fewer negatives exist than a list of the usual length wants.
int64_t count_short_lists(const Evaluation& evaluation, const Horizon& horizon) {
  int64_t users = 0;
  for (int64_t query = 0; query < evaluation.negatives.size(); ++query) {
    const int64_t wanted =
        wanted_negatives(evaluation.protocol, horizon.targets[static_cast<size_t>(query)]);
    users += evaluation.negatives.row_size(query) < wanted;
  }
  return users;
}

std::vector<RankedTargets> rank_by(const Scorer& scorer, const Evaluation& evaluation,
                                   WorkerPool& pool) {
  return rank_horizons(
      scorer, {evaluation.queries, evaluation.protocol, evaluation.horizons, evaluation.negatives},
      pool);
}

EvalResult results_of(const RankedTargets& ranked, const Evaluation& evaluation) {
  EvalResult result = compute_metrics(evaluation.metrics, ranked.ranks, ranked.repeats);
  const int64_t batch = evaluation.protocol.batch_mean;
  if (batch > 0) use_batch_means(batch, &result);
  return result;
}

void rank_with_model(Evaluation* evaluation) {
  const double begin = wall_seconds();
  const double cpu_begin = process_cpu_seconds();
  evaluation->ranked = rank_by(*evaluation->scorer, *evaluation, evaluation->pool);
  EvalCost cost;
  cost.seconds = wall_seconds() - begin;
  cost.cpu_seconds = process_cpu_seconds() - cpu_begin;
  cost.threads = evaluation->pool.threads();
  cost.instruction_set = kernels::instruction_set();
  cost.device = evaluation->device;
  const auto never = [](const Jagged<int64_t>& ranks) {
    return std::count(ranks.values.begin(), ranks.values.end(), kNeverRanked);
  };
  for (size_t h = 0; h < evaluation->horizons.size(); ++h) {
    evaluation->reports[h].never_ranked = never(evaluation->ranked[h].ranks);
  }
  const char* alone = evaluation->blend.counts > 0 ? "hybrid" : "model";
  add_first_row(evaluation->models->is_one_model() ? alone : "ensemble", cost, evaluation);
}

void add_row(const std::string& name, const Scorer& scorer, Evaluation* evaluation) {
  const auto ranked = rank_by(scorer, *evaluation, evaluation->pool);
  for (size_t h = 0; h < ranked.size(); ++h) {
    EvalResult result = results_of(ranked[h], *evaluation);
    for (MetricResult& entry : result.metrics) entry.per_user = {};  // kept for the model only
    evaluation->reports[h].rows.push_back({name, std::move(result)});
  }
}

/// Fills ResultRow::beyond of the row that was added last. Lists of best items come from the full
/// catalogue, whatever the held-out items are ranked against.
void add_beyond(const Scorer& scorer, const CatalogueFacts& facts, Evaluation* evaluation) {
  const int64_t k = evaluation->arguments.beyond;
  if (k == 0) return;
  const auto lists = top_items(scorer, evaluation->queries, k, evaluation->protocol.exclude_seen,
                               evaluation->pool);
  evaluation->reports.front().rows.back().beyond = beyond_accuracy(lists, k, facts);
}

/// Similarity is measured between items of the judged model, where it is one.
CatalogueFacts catalogue_facts(const Evaluation& evaluation) {
  const Dataset& dataset = evaluation.dataset;
  CatalogueFacts facts{count_items(dataset.histories(), dataset.splits(), dataset.num_items(),
                                   &SplitPoint::train_end)};
  facts.attributes = dataset.attributes();
  if (!evaluation.models || !evaluation.models->is_one_model()) return facts;
  const SequenceEncoder& encoder = evaluation.models->first().encoder();
  facts.vectors = encoder.item_table();
  facts.dim = encoder.vector_dim();
  facts.stride = encoder.dim();
  facts.vector_of = evaluation.model_items;
  return facts;
}

std::vector<Baseline> baselines_of(const EvaluateArguments& arguments) {
  return parse_baselines(arguments.no_baselines ? "none" : arguments.baselines);
}

/// What the first row is without the targets that training never met.
void add_trained_targets(const CatalogueFacts& facts, Evaluation* evaluation) {
  for (size_t h = 0; h < evaluation->horizons.size(); ++h) {
    const TrainedTargets trained =
        trained_targets(evaluation->queries, evaluation->ranked[h], facts.counts);
    EvalReport& report = evaluation->reports[h];
    report.untrained = trained.untrained;
    if (trained.untrained == 0 || trained.targets == 0) continue;
    report.trained_only = results_of(trained.ranked, *evaluation);
    for (MetricResult& entry : report.trained_only.metrics) entry.per_user = {};
  }
}

void add_all_rows(Evaluation* evaluation) {
  const Dataset& dataset = evaluation->dataset;
  const CatalogueFacts facts = catalogue_facts(*evaluation);
  if (evaluation->models) {
    rank_with_model(evaluation);
    add_beyond(*evaluation->scorer, facts, evaluation);
  } else {
    rank_with_lists(facts, evaluation);
  }
  add_trained_targets(facts, evaluation);
  const auto beside = [&](const std::string& name, const std::unique_ptr<Scorer>& scorer) {
    add_row(name, *scorer, evaluation);
    add_beyond(*scorer, facts, evaluation);
  };
  for (const Baseline& baseline : baselines_of(evaluation->arguments)) {
    beside(std::string(baseline.row), baseline.make(dataset));
  }
  if (!evaluation->arguments.truth.empty()) {
    const SimulatedTruth truth = SimulatedTruth::open(evaluation->arguments.truth);
    beside("best achievable", make_truth_scorer(truth, dataset));
  }
}

/// full where a file is named.
CandidateRule rule_of(const EvaluateArguments& arguments) {
  return names_candidate_file(arguments) ? CandidateRule::full
                                         : parse_candidate_rule(arguments.candidates);
}

/// Options that say how a model is ranked; lists are judged as they are.
void check_lists_alone(const EvaluateArguments& arguments) {
  if (arguments.lists.empty()) return;
  std::vector<std::string> ignored;
  if (arguments.candidates != "full") ignored.emplace_back("--candidates");
  if (arguments.include_seen) ignored.emplace_back("--include-seen");
  if (arguments.allow_other_data) ignored.emplace_back("--allow-other-data");
  if (!arguments.trec_run.empty()) ignored.emplace_back("--trec-run");
  if (arguments.blend.exists()) ignored.emplace_back("--blend");
  if (arguments.trec_depth != EvaluateArguments().trec_depth) ignored.emplace_back("--trec-depth");
  check_usage(ignored.empty(),
              "--lists judges the lists as they are; without a model {} {} "
              "nothing to say, leave {} out",
              fmt::join(ignored, ", "), ignored.size() == 1 ? "has" : "have",
              ignored.size() == 1 ? "it" : "them");
}

void warn_about_counts(const EvalReport& report, bool of_model) {
  const bool sampled = !report.protocol.is_whole_catalogue();
  if (sampled) log_warning("{}", drawn_candidates_warning());
  if (report.watched && report.protocol.part == SplitPart::test) {
    log_warning(
        "the test part was measured during the training of this run (watch.parts); if anything "
        "was chosen by what it showed, this is no test");
  }
  if (report.short_lists > 0 && report.protocol.is_listed()) {
    log_warning("{} users are ranked among fewer than the {} negatives of the longest line",
                report.short_lists, report.protocol.negatives);
  } else if (report.short_lists > 0) {
    log_warning("{} users have met so many items that fewer negatives remain than were asked for",
                report.short_lists);
  }
  if (report.repeat_targets > 0 && report.protocol.exclude_seen && !sampled && of_model) {
    log_warning(
        "{} of {} held-out items also stand in their user's history; they stay candidates while "
        "the other items of the history do not, which makes them easy. For data with repeat "
        "consumption say --include-seen",
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

}  // namespace

void check_arguments(const EvaluateArguments& arguments) {
  const CandidateRule rule = rule_of(arguments);
  parse_metrics(arguments.metrics);
  if (!arguments.ties.empty()) parse_tie_rule(arguments.ties);
  parse_baselines(arguments.baselines);
  check_usage(
      !arguments.no_baselines || arguments.baselines == "default" || arguments.baselines == "none",
      "--no-baselines is --baselines none; leave out it or --baselines {}", arguments.baselines);
  check_usage(arguments.truth.empty() || arguments.part == "test",
              "--truth is about the last event of every user; it goes with --part test");
  const bool listed = names_candidate_file(arguments);
  const bool full = rule == CandidateRule::full && !listed;
  check_ensemble(arguments.ensemble, arguments.runs);
  check_usage(arguments.lists.empty() != arguments.runs.empty(),
              "say what to judge: a run folder or model file, or --lists FILE with --data FOLDER");
  check_usage(arguments.lists.empty() || !arguments.data.empty(),
              "--lists needs the held-out items: say --data FOLDER, a folder written by truenext "
              "prepare");
  check_lists_alone(arguments);
  check_blend(arguments.blend, !arguments.ensemble.rule.empty());
  check_usage(
      arguments.min_target_value == kNoMinimum || arguments.test_items.empty(),
      "--min-target-value leaves held-out items out and --test-items counts them all; leave "
      "out one of the two");
  check_usage(
      full || arguments.trec_run.empty(),
      "--trec-run writes the ranking of the full catalogue; it goes with --candidates full");
  check_usage(full || !arguments.include_seen,
              "--include-seen is about the full catalogue; --candidates {} has its own rule",
              arguments.candidates);
  check_usage(
      !full || arguments.negatives < 0,
      "--negatives goes with --candidates clean or original; the full catalogue draws none");
  check_usage(!listed || arguments.negatives < 0,
              "--candidates {} brings its own negatives; leave out --negatives",
              arguments.candidates);
  check_usage(
      rule != CandidateRule::original || arguments.ties.empty() || arguments.ties == "behind",
      "--candidates original puts held-out items before equal negatives (ties: behind); "
      "leave out --ties {}",
      arguments.ties);
}

Protocol protocol_of(const EvaluateArguments& arguments, const Globals& globals,
                     bool exclude_seen) {
  Protocol protocol;
  protocol.part = arguments.part == "valid" ? SplitPart::valid : SplitPart::test;
  protocol.exclude_seen = exclude_seen && !arguments.include_seen;
  protocol.candidates = rule_of(arguments);
  protocol.negatives = arguments.negatives;
  protocol.ties =
      arguments.ties.empty() ? usual_ties(protocol.candidates) : parse_tie_rule(arguments.ties);
  protocol.max_users = arguments.max_users;
  protocol.batch_mean = arguments.batch_mean;
  if (arguments.min_target_value > kNoMinimum) {
    protocol.min_target_value = arguments.min_target_value;
  }
  protocol.seed = globals.seed;
  return protocol;
}

Evaluation::Evaluation(const EvaluateArguments& given, const Globals& globals)
    : arguments(given),
      device(globals.device),
      models(given.lists.empty()
                 ? std::optional<Ensemble>(std::in_place, given.ensemble, given.runs)
                 : std::nullopt),
      dataset(Dataset::open(
          models ? find_data_folder(given.runs.front(), models->first().description(), given.data)
                 : std::filesystem::path(given.data))),
      pool(globals.threads > 0 ? globals.threads : available_threads()),
      metrics(parse_metrics(given.metrics)),
      protocol(protocol_of(given, globals, !models || models->exclude_seen(given.include_seen))) {}

void add_first_row(const std::string& name, const EvalCost& cost, Evaluation* evaluation) {
  for (size_t h = 0; h < evaluation->horizons.size(); ++h) {
    const RankedTargets& ranked = evaluation->ranked[h];
    const Horizon& horizon = evaluation->horizons[h];
    EvalReport& report = evaluation->reports[h];
    report.cost = cost;
    report.held_out_items = horizon.items;
    report.short_users = horizon.short_users;
    report.short_lists = count_short_lists(*evaluation, horizon);
    report.targets = horizon.total_targets;
    report.repeat_targets = horizon.repeat_targets;
    report.duplicate_targets = horizon.duplicate_targets;
    report.rows.push_back({name, results_of(ranked, *evaluation)});
  }
}

void run_rankings(Evaluation* evaluation) {
  const Dataset& dataset = evaluation->dataset;
  DataMatch match = DataMatch::unknown;
  if (evaluation->models) match = check_data_of_models(*evaluation);
  choose_users(evaluation);
  if (evaluation->models) {
    for (const ModelFile& model : evaluation->models->members()) {
      evaluation->protocol.with_times |= model.description().model.time != TimeUse::none;
    }
  }
  evaluation->queries = make_queries(dataset, evaluation->protocol);
  check_data(
      evaluation->queries.users_below_value == 0 || !evaluation->queries.users.empty(),
      "--min-target-value {}: none of {} users holds out an item of that value for --part {}; "
      "choose a lower one",
      evaluation->arguments.min_target_value, evaluation->queries.users_below_value,
      evaluation->arguments.part);
  check_data(!evaluation->queries.users.empty() || !evaluation->protocol.users,
             "--users {}: none of them holds out anything for --part {}",
             evaluation->arguments.users, evaluation->arguments.part);
  check_data(!evaluation->queries.users.empty(),
             "{}: nobody to evaluate: the split ({}) holds out nothing for --part {}",
             dataset.folder().string(), dataset.split_name(), evaluation->arguments.part);
  make_horizons(evaluation);
  find_negatives(evaluation);
  if (evaluation->models) match_catalogue(evaluation);
  evaluation->reports.assign(evaluation->horizons.size(), common_report(*evaluation, match));
  add_all_rows(evaluation);
  warn_about_counts(evaluation->reports.front(), evaluation->models.has_value());
}

}  // namespace truenext::cli
