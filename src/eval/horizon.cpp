// SPDX-License-Identifier: Apache-2.0
#include "eval/horizon.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"

namespace truenext {
namespace {

std::span<const int32_t> held_out_items(const Dataset& dataset, int32_t user, SplitPart part) {
  const SplitPoint& split = dataset.splits()[static_cast<size_t>(user)];
  const bool valid = part == SplitPart::valid;
  const int64_t begin = valid ? split.valid_begin : split.test_begin;
  const int64_t end = valid ? split.valid_end : split.test_end;
  return dataset.histories().row(user).subspan(static_cast<size_t>(begin),
                                               static_cast<size_t>(end - begin));
}

/// The next query's number of targets.
void add_targets(const Queries& queries, size_t targets, Horizon* horizon) {
  const auto query = static_cast<int64_t>(horizon->targets.size());
  const auto history = queries.histories.row(query);
  horizon->targets.push_back(static_cast<int64_t>(targets));
  horizon->total_targets += horizon->targets.back();
  for (const int32_t item : queries.targets.row(query).first(targets)) {
    horizon->repeat_targets += std::find(history.begin(), history.end(), item) != history.end();
  }
}

}  // namespace

Horizon whole_range(const Queries& queries) {
  Horizon horizon;
  for (int64_t query = 0; query < queries.targets.size(); ++query) {
    add_targets(queries, static_cast<size_t>(queries.targets.row_size(query)), &horizon);
  }
  horizon.duplicate_targets = queries.duplicate_targets;
  return horizon;
}

Horizon nearest_items(const Dataset& dataset, const Queries& queries, SplitPart part,
                      int64_t items) {
  Horizon horizon;
  horizon.items = items;
  size_t most = 0;
  for (const int32_t user : queries.users) {
    const auto held_out = held_out_items(dataset, user, part);
    most = std::max(most, held_out.size());
    const auto nearest = held_out.first(std::min(held_out.size(), static_cast<size_t>(items)));
    if (nearest.size() < static_cast<size_t>(items)) ++horizon.short_users;
    const std::unordered_set<int32_t> distinct(nearest.begin(), nearest.end());
    horizon.duplicate_targets += static_cast<int64_t>(nearest.size() - distinct.size());
    add_targets(queries, distinct.size(), &horizon);
  }
  check_usage(static_cast<size_t>(items) <= most,
              "{} held-out items were asked for, but the split ({}) holds out at most {} per user; "
              "prepare the data again with --test {} (for --part valid: --valid {})",
              items, dataset.split_name(), most, items, items);
  return horizon;
}

}  // namespace truenext
