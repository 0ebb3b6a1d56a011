// SPDX-License-Identifier: Apache-2.0
#include "train/validator.h"

#include "base/error.h"

namespace upnext {

Validator::Validator(const Dataset& dataset, const TrainOptions& options, WorkerPool& pool)
    : pool_(pool), metrics_(parse_metrics(options.valid_metric)) {
  check_usage(metrics_.size() == 1, "train.valid_metric = \"{}\": want exactly one metric",
              options.valid_metric);
  label_ = metrics_[0].label();
  protocol_.part = SplitPart::valid;
  protocol_.exclude_seen = options.exclude_seen;
  protocol_.max_users = options.valid_users;
  protocol_.seed = static_cast<uint64_t>(options.seed);
  queries_ = make_queries(dataset, protocol_);
  if (available()) popularity_ = measure(*make_popularity_scorer(dataset));
}

double Validator::measure(const Scorer& scorer) const {
  const Jagged<int64_t> ranks = rank_targets(scorer, queries_, protocol_, pool_);
  return compute_metrics(metrics_, ranks).metrics[0].mean;
}

}  // namespace upnext
