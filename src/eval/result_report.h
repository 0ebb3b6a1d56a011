// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "eval/evaluator.h"
#include "eval/listed_candidates.h"

namespace truenext {

/// What an evaluation cost. The seconds are those of ranking with the model, without baselines.
struct EvalCost {
  double seconds = 0;
  double cpu_seconds = 0;
  uint64_t peak_memory_bytes = 0;  ///< of the whole process
  int threads = 1;
  std::string instruction_set;
  std::string device =
      "cpu";  ///< that the model was ranked with: cpu, or a name as --device takes it
};

/// The runs behind a result that several made together (eval/ensemble.h).
struct EnsembleReport {
  struct Member {
    std::string run;  ///< as it was named on the command line
    double weight = 0;
    std::string model_name, loss_name, validation;
  };
  std::string rule;
  double temperature = 1;       ///< of mean-probability
  std::vector<Member> members;  ///< none = a single model was judged
};

/// What a model was mixed with when it was judged (cli/blend.h).
struct BlendReport {
  double counts = 0;   ///< share of the counts, 0 = none: the model alone
  std::string source;  ///< where the counts are from
};

/// A named line of the result: "model", "hybrid", "popularity", "last-item bigram", "best
/// achievable".
struct ResultRow {
  std::string name;
  EvalResult result;
  std::vector<MetricResult> beyond{};  ///< of its lists of best items, when asked for
};

/// Everything test.json says (docs/protocols.md lists its keys).
struct EvalReport {
  std::vector<ResultRow> rows;  ///< the model first, then what stands beside it
  Protocol protocol;
  std::string version;  ///< of the program
  std::string model_name, loss_name, validation;
  EnsembleReport ensemble{};
  BlendReport blend{};
  std::string dataset_fingerprint, split_fingerprint, split_name;
  std::string training_data = "unknown";  ///< data_match_name(): same, other or unknown
  int64_t items = 0;                      ///< candidates before exclusion
  int64_t targets = 0, repeat_targets = 0, duplicate_targets = 0;
  int64_t held_out_items = 0;   ///< m of Horizon: 0 = the whole held-out range
  int64_t short_users = 0;      ///< users that hold out fewer than m items
  int64_t short_lists = 0;      ///< users with fewer drawn or listed negatives than wanted
  int64_t never_ranked = 0;     ///< targets that the model can never recommend
  int64_t without_history = 0;  ///< users left out
  /// With Protocol::min_target_value: users left out because none of their held-out items has that
  /// value, and held-out items of the others that have not.
  int64_t users_below_value = 0, targets_below_value = 0;
  int64_t untrained = 0;           ///< targets whose item training never met
  int64_t all_users = 0;           ///< that could be evaluated; more than were in a sample
  bool usual_exclude_seen = true;  ///< the rule that the model was trained for
  /// The first row without those that are untrained; nothing when there are none, or nothing else.
  EvalResult trained_only{};
  int64_t times_evaluated = 1;  ///< how often this part was opened for this run, this time included
  /// Whether the run measured this part while it was trained (section [watch]).
  bool watched = false;
  /// Whether the model, or one of several, was told when the held-out items were asked for.
  bool request_time_known = false;
  ListedCandidates listed{};  ///< what was found in the file of candidates; without the negatives
  EvalCost cost;
};

std::string split_part_name(SplitPart part);
/// "138493 users", or "a sample of 3 of 200 users (--max-users, seed 42)".
std::string users_text(const EvalReport& report);
bool is_sample(const EvalReport& report);
/// "users of FILE", or empty.
std::string chosen_users_text(const EvalReport& report);
/// "mean of users", or "mean of the means of batches of 64 users".
std::string mean_text(const EvalReport& report);
/// "targets are held-out items of value 4 or more: 812 users have one, ...", or empty.
std::string target_value_text(const EvalReport& report);
/// "full catalogue of 3416 items, items of the history excluded", or how candidates were drawn.
std::string candidates_text(const EvalReport& report);
/// "mean-probability of runs/a (0.5), runs/b (0.5), temperature 2".
std::string ensemble_text(const EnsembleReport& ensemble);
/// "hybrid of 0.95 of the model and 0.05 of counts from ...".
std::string blend_text(const BlendReport& blend);
/// Indented JSON with a fixed order of keys.
std::string report_json(const EvalReport& report);
/// The first report with the results of the others under "horizons".
std::string reports_json(const std::vector<EvalReport>& reports);
/// Aligned table for the terminal: one line per row, mean and half width of the 95 % interval.
std::string report_table(const EvalReport& report);
/// One sentence about held-out items that training never met; empty when there are none.
std::string untrained_text(const EvalReport& report);
/// One sentence about the rows beside the model that exceed it in the first metric; empty when none
/// does.
std::string baselines_text(const EvalReport& report);
/// The same as report_table() of ResultRow::beyond; empty when nothing was asked for.
std::string beyond_table(const EvalReport& report);
/// times_evaluated of an earlier result file, 0 when there is none that can be read.
int64_t earlier_evaluations(const std::filesystem::path& result_file);

}  // namespace truenext
