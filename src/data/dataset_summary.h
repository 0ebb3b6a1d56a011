// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace truenext {

/// Distribution of whole numbers.
struct CountSummary {
  int64_t count = 0, total = 0;
  int64_t min = 0, max = 0;
  int64_t mode = 0;  ///< the most frequent, the smallest of several
  double mean = 0, median = 0, lower_quartile = 0, upper_quartile = 0;
  double deviation = 0;  ///< standard deviation over all of them (divided by count)

  static CountSummary of(std::vector<int64_t> values);
};

/// One side of the split: the held-out events of all users and what may be wrong with them.
struct TargetSummary {
  int64_t users = 0, targets = 0;
  int64_t items = 0;            ///< different items among the targets
  int64_t in_history = 0;       ///< targets that their own user's history holds already
  int64_t never_trained = 0;    ///< targets whose item occurs in nobody's training part
  int64_t before_training = 0;  ///< targets older than the newest training event: with such
                                ///< targets, training looks into their future
};

/// What there is to know about a dataset before training on it.
struct DatasetSummary {
  int64_t users = 0, items = 0, events = 0;
  int64_t distinct_pairs = 0;  ///< (user, item) cells with an event
  double sparsity = 0;         ///< share of the cells without an event
  CountSummary history_lengths, item_counts;
  CountSummary train_lengths;  ///< of users with a training part
  int64_t train_repeats = 0;   ///< training events whose user had the item before
  int64_t repeated_pairs = 0, users_with_repeats = 0;
  int64_t ties = 0, users_with_ties = 0;
  int64_t duplicates = 0;  ///< events equal to an earlier one in (user, item, time)
  int64_t first_time = 0, last_time = 0;
  int64_t items_never_trained = 0;
  TargetSummary valid, test;
};

/// Memory: a few counters per user and item.
DatasetSummary summarise(const Dataset& dataset);

}  // namespace truenext
