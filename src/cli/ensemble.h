// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "eval/ensemble.h"
#include "eval/evaluator.h"
#include "eval/result_report.h"
#include "inference/model_file.h"

namespace truenext::cli {

class Command;

/// What `evaluate` and `recommend` are told of several runs that answer as one.
struct EnsembleArguments {
  std::string rule;  ///< a word of EnsembleRule; empty = a single run
  std::vector<double> weights;
  double temperature = 1;
};
void add_ensemble_options(Command& verb, EnsembleArguments& arguments);

/// Usage Error when options contradict each other or do not go with so many runs.
void check_ensemble(const EnsembleArguments& arguments, const std::vector<std::string>& runs);

/// Several runs opened to answer as one.
class Ensemble {
 public:
  /// A run alone, without a rule, is itself. Data Error when members do not have the same items.
  Ensemble(const EnsembleArguments& arguments, const std::vector<std::string>& runs);

  bool is_one_model() const { return rule_.empty(); }
  const std::vector<ModelFile>& members() const { return members_; }
  /// Speaks for all of them where they are equal: items, titles.
  const ModelFile& first() const { return members_.front(); }
  const std::string& run(size_t member) const { return runs_[member]; }
  /// Whether histories are left out of lists. Usage Error when the members were trained for both,
  /// unless `include_seen` says it.
  bool exclude_seen(bool include_seen) const;
  /// Of one scorer for each member, in their order.
  std::unique_ptr<Scorer> scorer(std::vector<std::unique_ptr<Scorer>> members) const;
  /// What a result says of it; no members when it is one model.
  EnsembleReport report() const;

 private:
  std::string rule_;
  EnsembleOptions options_;
  std::vector<std::string> runs_;
  std::vector<ModelFile> members_;
};

}  // namespace truenext::cli
