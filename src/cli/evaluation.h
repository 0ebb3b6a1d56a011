// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "cli/blend.h"
#include "cli/commands.h"
#include "cli/ensemble.h"
#include "data/dataset.h"
#include "data/dataset_files.h"
#include "eval/beyond_accuracy.h"
#include "eval/drawn_candidates.h"
#include "eval/evaluator.h"
#include "eval/item_match.h"
#include "eval/listed_candidates.h"
#include "eval/result_report.h"
#include "eval/run_inputs.h"

namespace truenext::cli {

/// The command line of `evaluate`.
struct EvaluateArguments {
  std::vector<std::string> runs;  ///< run folders or model files, several with `ensemble`
  EnsembleArguments ensemble;
  BlendArguments blend;
  std::string data, truth;
  std::string lists;  ///< ranked lists of another program instead of a model
  std::string users;  ///< file of the users that alone are judged; empty = all
  std::string part = "test";
  std::string metrics = "ndcg@10,recall@1,recall@10,mrr";
  std::string ties;  ///< empty = what the rule for candidates asks for
  std::string candidates = "full";
  int64_t negatives = -1;
  std::vector<int64_t> test_items;  ///< the horizons m beside the whole held-out range
  int64_t beyond = 0;               ///< cutoff of the measures beyond accuracy, 0 = none
  bool include_seen = false;
  bool allow_other_data = false;
  std::string baselines = "default";  ///< a list as parse_baselines() reads it
  bool no_baselines = false;          ///< the same as "none"
  int64_t max_users = 0;
  double min_target_value = kNoMinimum;
  int64_t batch_mean = 0;  ///< users in a batch of the mean of batch means, 0 = mean of users
  int64_t trec_depth = 100;
  std::string trec_run, trec_qrels, per_user;
  std::string out;  ///< file (.json) or folder for the result instead of the run folder
};

/// Usage Error when options contradict each other.
void check_arguments(const EvaluateArguments& arguments);
/// The protocol that the options ask for; `exclude_seen` is what the model was trained for.
Protocol protocol_of(const EvaluateArguments& arguments, const Globals& globals, bool exclude_seen);

/// Everything that is opened once and used by all steps. The first horizon is the whole held-out
/// range; ranks and reports have one entry for each horizon.
struct Evaluation {
  Evaluation(const EvaluateArguments& given, const Globals& globals);

  const EvaluateArguments& arguments;
  std::string device;              ///< that the model is ranked with
  std::optional<Ensemble> models;  ///< none when ranked lists are judged
  Dataset dataset;
  WorkerPool pool;
  std::vector<Metric> metrics;
  Protocol protocol;
  Queries queries;
  std::vector<Horizon> horizons;
  Jagged<int32_t> negatives;
  ListedCandidates listed;           ///< of --candidates FILE, less its negatives
  std::vector<int32_t> model_items;  ///< model item of every dataset item, -1 = unknown to it
  std::unique_ptr<Scorer> scorer;
  BlendReport blend;                  ///< in the scorer
  std::vector<RankedTargets> ranked;  ///< by the model, or in the lists
  std::vector<EvalReport> reports;
};

/// Ranks with the model and with what stands beside it and fills the reports, but for the files.
void run_rankings(Evaluation* evaluation);

/// Whether --candidates names a file of negatives, not a rule. A file called as a rule is ./full.
bool names_candidate_file(const EvaluateArguments& arguments);
/// Of --users FILE: Protocol::users; warns of ids that are no users of the dataset.
void choose_users(Evaluation* evaluation);
/// The negatives of all queries, drawn or read, with what the protocol then says; warns of what was
/// found in the file.
void find_negatives(Evaluation* evaluation);

/// What a report says of the models, and whether one of them measured the part in training.
void describe_models(const Ensemble& models, EvalReport* report);
/// check_same_data() of all models: the worst that one of them is.
DataMatch check_data_of_models(const Evaluation& evaluation);
/// Evaluation::scorer over the items of the dataset; warns of items that are not in both.
void match_catalogue(Evaluation* evaluation);

/// The part of run_rankings() that reads and judges ranked lists.
void rank_with_lists(const CatalogueFacts& facts, Evaluation* evaluation);
/// Puts the metrics of Evaluation::ranked and what is counted with them into every report.
void add_first_row(const std::string& name, const EvalCost& cost, Evaluation* evaluation);

/// Makes the folder that --out names, so that one that cannot be made costs no ranking.
void prepare_output(const EvaluateArguments& arguments);
/// Writes what was asked for; a run folder keeps the results on its own data, named by part, rule
/// and horizon.
void write_evaluation(Evaluation* evaluation);
/// The reports on stdout.
void print_evaluation(const std::vector<EvalReport>& reports, const Globals& globals);

}  // namespace truenext::cli
