// SPDX-License-Identifier: Apache-2.0
#include "train/loop/validator.h"

#include <fmt/format.h>

#include "base/error.h"

namespace truenext {
namespace {

/// How many validations at popularity level are worth a warning.
constexpr int64_t kPlateauValidations = 5;
constexpr double kPlateauFactor = 1.25;

}  // namespace

Validator::Validator(const Dataset& dataset, const RunConfig& config, WorkerPool& pool)
    : pool_(pool), metrics_(parse_metrics(config.train.valid_metric)) {
  const TrainOptions& options = config.train;
  check_usage(metrics_.size() == 1, "train.valid_metric = \"{}\": want exactly one metric",
              options.valid_metric);
  label_ = metrics_[0].label();
  protocol_.part = SplitPart::valid;
  protocol_.exclude_seen = options.exclude_seen;
  protocol_.max_users = options.valid_users;
  protocol_.seed = static_cast<uint64_t>(options.seed);
  // Teachers, which are measured beside their student, may be told times where it is not.
  protocol_.with_times =
      config.model.time != TimeUse::none || (config.objective.uses_labels() && dataset.has_times());
  if (options.task == TrainTask::pretraining) return;
  queries_ = make_queries(dataset, protocol_);
  if (options.valid_sample > 0 && options.valid_sample < users()) {
    Protocol sampled = protocol_;
    sampled.max_users = options.valid_sample;
    sample_ = make_queries(dataset, sampled);
  }
  if (available()) popularity_ = measure(*make_popularity_scorer(dataset));
}

bool Validator::on_plateau(double best, int64_t validations) const {
  return validations >= kPlateauValidations && best <= kPlateauFactor * popularity_;
}

std::string Validator::level_text(double best) const {
  return fmt::format("{} is {:.5f}, where ranking by popularity reaches {:.5f}", label_, best,
                     popularity_);
}

double Validator::mean_over(const Scorer& scorer, const Queries& queries) const {
  const Jagged<int64_t> ranks = rank_targets(scorer, queries, protocol_, pool_);
  return compute_metrics(metrics_, ranks).metrics[0].mean;
}

double Validator::measure(const Scorer& scorer) const {
  return mean_over(scorer, queries_);
}

double Validator::measure_sample(const Scorer& scorer) const {
  return mean_over(scorer, sample_);
}

}  // namespace truenext
