// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "base/error.h"
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

/// Whether a held-out event is a target: of the events, in the order of the items.
struct TargetRule {
  std::span<const float> values{};
  float least = 0;  ///< of a target, where there are values
  bool takes(int64_t event) const {
    return values.empty() || values[static_cast<size_t>(event)] >= least;
  }
};

bool takes_any(const TargetRule& rule, HeldOut range) {
  for (int64_t event = range.begin; event < range.end; ++event) {
    if (rule.takes(event)) return true;
  }
  return false;
}

void add_query(std::span<const int32_t> items, HeldOut range, const TargetRule& rule,
               Queries* queries) {
  const auto history = items.first(static_cast<size_t>(range.begin));
  queries->histories.add_row(history);
  std::vector<int32_t>& values = queries->targets.values;
  const auto row_begin = static_cast<std::ptrdiff_t>(values.size());
  for (int64_t i = range.begin; i < range.end; ++i) {
    const int32_t item = items[static_cast<size_t>(i)];
    if (!rule.takes(i)) {
      ++queries->targets_below_value;
      continue;
    }
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

HistoryTimes Queries::times(int64_t begin, int64_t end) const {
  if (request_times.empty()) return {event_times, {}};
  return {event_times, std::span(request_times)
                           .subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin))};
}

void Queries::add_times(const Queries& other, int64_t query) {
  if (!other.event_times.empty()) {
    const auto row = JaggedView<int64_t>{other.event_times, other.histories.offsets}.row(query);
    event_times.insert(event_times.end(), row.begin(), row.end());
  }
  if (!other.request_times.empty()) request_times.push_back(other.request_times[query]);
}

Queries make_queries(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                     const Protocol& protocol, std::span<const float> values,
                     std::span<const int64_t> times) {
  assert(!protocol.min_target_value || values.size() == histories.values.size());
  assert(!protocol.with_times || times.size() == histories.values.size());
  const auto range_of = [&](int32_t user) {
    return held_out(splits[static_cast<size_t>(user)], protocol.part);
  };
  // Values are stored as float: so the same number written twice is the same.
  const auto rule_of = [&](int32_t user) -> TargetRule {
    if (!protocol.min_target_value) return {};
    return {JaggedView<float>{values, histories.offsets}.row(user),
            static_cast<float>(*protocol.min_target_value)};
  };
  Queries queries;
  std::vector<int32_t> users = eligible_users(splits, protocol.part, &queries.without_history);
  if (protocol.users) {
    std::erase_if(users, [&](int32_t user) {
      return !std::binary_search(protocol.users->begin(), protocol.users->end(), user);
    });
  }
  queries.users_below_value = static_cast<int64_t>(std::erase_if(
      users, [&](int32_t user) { return !takes_any(rule_of(user), range_of(user)); }));
  queries.all_users = std::ssize(users);
  queries.users = sample_users(std::move(users), protocol.max_users, protocol.seed);
  for (const int32_t user : queries.users) {
    add_query(histories.row(user), range_of(user), rule_of(user), &queries);
    if (!protocol.with_times) continue;
    const auto own = JaggedView<int64_t>{times, histories.offsets}.row(user);
    const int64_t asked = range_of(user).begin;
    queries.event_times.insert(queries.event_times.end(), own.begin(), own.begin() + asked);
    queries.request_times.push_back(own[static_cast<size_t>(asked)]);
  }
  return queries;
}

Queries make_queries(const Dataset& dataset, const Protocol& protocol) {
  check_usage(!protocol.min_target_value || dataset.has_values(),
              "--min-target-value {}: {} has no values of its events; prepare the data again with "
              "--keep-values",
              protocol.min_target_value.value_or(0), dataset.folder().string());
  check_data(!protocol.with_times || dataset.has_times(),
             "{}: has no times of its events, and the model was trained to be told them "
             "(model.time); prepare the data with them (docs/data-formats.md)",
             dataset.folder().string());
  return make_queries(dataset.histories(), dataset.splits(), protocol, dataset.values().values,
                      dataset.times().values);
}

}  // namespace truenext
