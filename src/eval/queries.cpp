// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/random.h"
#include "eval/evaluator.h"

namespace truenext {
namespace {

struct HeldOut {
  int64_t begin = 0, end = 0;
};

HeldOut held_out(const SplitPoint& split, SplitPart part) {
  if (part == SplitPart::valid) return {split.valid_begin, split.valid_end};
  return {split.test_begin, split.test_end};
}

/// Users with something to find; those without a history are counted apart.
std::vector<int32_t> eligible_users(std::span<const SplitPoint> splits, SplitPart part,
                                    int64_t* without_history) {
  std::vector<int32_t> users;
  for (size_t user = 0; user < splits.size(); ++user) {
    const HeldOut range = held_out(splits[user], part);
    if (range.begin >= range.end) continue;
    if (range.begin == 0) {
      ++*without_history;
    } else {
      users.push_back(static_cast<int32_t>(user));
    }
  }
  return users;
}

std::vector<int32_t> sample_users(std::vector<int32_t> users, int64_t count, uint64_t seed) {
  if (count <= 0 || count >= static_cast<int64_t>(users.size())) return users;
  std::vector<uint32_t> order(users.size());
  shuffled_indices(random_key(seed, Purpose::validation_users), order.data(),
                   static_cast<uint32_t>(order.size()));
  std::vector<int32_t> sample;
  for (int64_t i = 0; i < count; ++i) sample.push_back(users[order[static_cast<size_t>(i)]]);
  std::sort(sample.begin(), sample.end());
  return sample;
}

void add_query(std::span<const int32_t> items, HeldOut range, Queries* queries) {
  const auto history = items.first(static_cast<size_t>(range.begin));
  queries->histories.add_row(history);
  std::vector<int32_t>& values = queries->targets.values;
  const auto row_begin = static_cast<std::ptrdiff_t>(values.size());
  for (int64_t i = range.begin; i < range.end; ++i) {
    const int32_t item = items[static_cast<size_t>(i)];
    if (std::find(values.begin() + row_begin, values.end(), item) != values.end()) {
      ++queries->duplicate_targets;
      continue;
    }
    values.push_back(item);
    if (std::find(history.begin(), history.end(), item) != history.end()) {
      ++queries->repeat_targets;
    }
  }
  queries->targets.offsets.push_back(static_cast<int64_t>(values.size()));
}

}  // namespace

Queries make_queries(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                     const Protocol& protocol) {
  Queries queries;
  std::vector<int32_t> users = eligible_users(splits, protocol.part, &queries.without_history);
  queries.all_users = std::ssize(users);
  queries.users = sample_users(std::move(users), protocol.max_users, protocol.seed);
  for (const int32_t user : queries.users) {
    add_query(histories.row(user), held_out(splits[static_cast<size_t>(user)], protocol.part),
              &queries);
  }
  return queries;
}

Queries make_queries(const Dataset& dataset, const Protocol& protocol) {
  return make_queries(dataset.histories(), dataset.splits(), protocol);
}

}  // namespace truenext
