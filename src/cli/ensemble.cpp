// SPDX-License-Identifier: Apache-2.0
#include "cli/ensemble.h"

#include <fmt/ranges.h>

#include <numeric>
#include <utility>

#include "base/error.h"
#include "cli/arguments.h"
#include "eval/mixing.h"

namespace truenext::cli {
namespace {

std::vector<std::string> rule_words() {
  const auto& words = words_of<EnsembleRule>();
  return {words.begin(), words.end()};
}

EnsembleOptions options_of(const EnsembleArguments& arguments) {
  EnsembleOptions options;
  options.rule = find_word<EnsembleRule>(arguments.rule).value_or(EnsembleRule::mean_probability);
  options.temperature = arguments.temperature;
  options.weights = arguments.weights;
  return options;
}

}  // namespace

void add_ensemble_options(Command& verb, EnsembleArguments& arguments) {
  verb.add_option("--ensemble", arguments.rule,
                  "How several runs answer as one (docs/ensembles.md)")
      .one_of(rule_words());
  verb.add_option("--ensemble-weights", arguments.weights,
                  "A weight for each run, e.g. 0.2,0.8 (default: equal)")
      .separated_by(',')
      .one_value()
      .not_negative();
  verb.add_option("--temperature", arguments.temperature,
                  "That scores are divided by before probabilities are averaged")
      .positive()
      .show_default();
}

void check_ensemble(const EnsembleArguments& arguments, const std::vector<std::string>& runs) {
  if (arguments.rule.empty()) {
    check_usage(runs.size() <= 1,
                "{} runs: --ensemble {} makes one answer of several; without it name one run",
                runs.size(), fmt::join(rule_words(), "|"));
    check_usage(arguments.weights.empty() && arguments.temperature == 1,
                "--ensemble-weights and --temperature say how several runs are put together; they "
                "go with --ensemble {}",
                fmt::join(rule_words(), "|"));
    return;
  }
  check_usage(!runs.empty(), "--ensemble {}: name the runs", arguments.rule);
  check_usage(arguments.weights.empty() || arguments.weights.size() == runs.size(),
              "--ensemble-weights: {} weights for {} runs; give one to each",
              arguments.weights.size(), runs.size());
  const Mixer possible({.temperature = arguments.temperature, .weights = arguments.weights},
                       std::ssize(runs));
  check_usage(
      arguments.temperature == 1 || options_of(arguments).rule == EnsembleRule::mean_probability,
      "--temperature goes with --ensemble mean-probability; lists of {} do not depend on it",
      arguments.rule);
}

Ensemble::Ensemble(const EnsembleArguments& arguments, const std::vector<std::string>& runs)
    : rule_(arguments.rule), options_(options_of(arguments)), runs_(runs) {
  for (const std::string& run : runs_) {
    members_.push_back(ModelFile::open(run));
    check_same_items(first(), runs_.front(), members_.back(), run);
  }
}

bool Ensemble::exclude_seen(bool include_seen) const {
  const bool excludes = first().description().exclude_seen;
  for (size_t k = 1; k < members_.size() && !include_seen; ++k) {
    check_usage(members_[k].description().exclude_seen == excludes,
                "{} was trained to recommend {} the items of the history, {} is not; say "
                "--include-seen, or take runs of one kind",
                runs_.front(), excludes ? "without" : "with", runs_[k]);
  }
  return excludes && !include_seen;
}

std::unique_ptr<Scorer> Ensemble::scorer(std::vector<std::unique_ptr<Scorer>> members) const {
  if (is_one_model()) return std::move(members.front());
  return make_ensemble_scorer(std::move(members), options_);
}

EnsembleReport Ensemble::report() const {
  EnsembleReport report;
  if (is_one_model()) return report;
  report.rule = rule_;
  report.temperature = options_.temperature;
  std::vector<double> weights = options_.weights;
  if (weights.empty()) weights.assign(members_.size(), 1.0);
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (size_t k = 0; k < members_.size(); ++k) {
    const ModelDescription& description = members_[k].description();
    report.members.push_back({runs_[k], weights[k] / sum, description.model.name,
                              description.loss_name, description.validation});
  }
  return report;
}

}  // namespace truenext::cli
