// SPDX-License-Identifier: Apache-2.0
#include "train/loop/weak_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "run/few_steps.h"

namespace truenext {
namespace {

std::string steps_text(int64_t steps) {
  return fmt::format("{} step{}", steps, steps == 1 ? "" : "s");
}

}  // namespace

std::string ways_out(const RunConfig& config, const RunProgress& progress) {
  std::vector<std::string> ways;
  if (progress.steps_per_epoch < kFewSteps && config.train.batch_size > kSmallBatch) {
    ways.push_back(fmt::format("a smaller train.batch_size ({} makes {} an epoch)",
                               config.train.batch_size, steps_text(progress.steps_per_epoch)));
  }
  if (progress.out_of_patience) {
    ways.push_back(
        fmt::format("more patience (train.patience = {} validations)", config.train.patience));
  } else {
    ways.push_back(fmt::format("more epochs (train.epochs = {})", config.train.epochs));
  }
  if (config.model.init != StartValues::small) {
    ways.push_back(fmt::format("a smaller start (model.init = \"small\" instead of \"{}\")",
                               word_of(config.model.init)));
  }
  if (config.objective.criterion == "gbce" && config.objective.gbce_t > 0) {
    ways.push_back(fmt::format("a lower objective.gbce_t (it is {})", config.objective.gbce_t));
  }
  if (config.objective.candidates != CandidateSet::full) {
    ways.emplace_back("the cross-entropy over all items (--preset sasrec-ce)");
  }
  return fmt::format("{}", fmt::join(ways, "; "));
}

std::string plateau_text(const RunConfig& config, const std::string& level,
                         const RunProgress& progress) {
  const char* note =
      config.objective.criterion == "gbce" ? ", and gBCE models can sit there for a while" : "";
  return fmt::format("{}: the model has not left the popularity plateau{}; what may help: {}",
                     level, note, ways_out(config, progress));
}

std::string weak_end_text(const RunConfig& config, const std::string& level,
                          const RunProgress& progress) {
  return fmt::format(
      "the run ends no better than a list of the most popular items: {}; what may help: {}", level,
      ways_out(config, progress));
}

std::string few_steps_text(const RunConfig& config, int64_t examples, int64_t steps_per_epoch) {
  if (config.train.task == TrainTask::pretraining) return "";  // it is not judged by itself
  const int64_t batch = config.train.batch_size;
  const bool limited = config.train.max_batches > 0 && config.train.max_batches < kFewSteps;
  if (limited || steps_per_epoch >= kFewSteps || batch <= kSmallBatch) return "";
  const int64_t smaller = batch_of_few(examples);
  if (smaller >= batch) return "";
  return fmt::format(
      "an epoch is {} of {} {}, at most {} steps in all: few for a model to learn from; "
      "train.batch_size = {} makes {} steps an epoch",
      steps_text(steps_per_epoch), batch, examples_name(config.train.examples),
      steps_per_epoch * config.train.epochs, smaller, steps_of(examples, smaller));
}

void warn_of_few_steps(const RunConfig& config, int64_t examples, int64_t steps_per_epoch) {
  const std::string text = few_steps_text(config, examples, steps_per_epoch);
  if (!text.empty()) log_warning("{}", text);
}

}  // namespace truenext
