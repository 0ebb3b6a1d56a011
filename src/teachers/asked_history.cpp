// SPDX-License-Identifier: Apache-2.0
#include "teachers/asked_history.h"

#include <cstddef>
#include <iterator>
#include <span>
#include <vector>

namespace truenext {
namespace {

/// The first `end` values without one of them, appended.
template <typename T>
void append(std::span<const T> values, const AskedEvent& event, std::vector<T>* to) {
  for (int64_t i = 0; i < event.end; ++i) {
    if (i != event.without) to->push_back(values[static_cast<size_t>(i)]);
  }
}

}  // namespace

void add_asked(const Dataset& dataset, const AskedEvent& event, Queries* asked) {
  asked->users.push_back(static_cast<int32_t>(event.user));
  append(dataset.histories().row(event.user), event, &asked->histories.values);
  asked->histories.offsets.push_back(std::ssize(asked->histories.values));
  asked->targets.add_row(std::span<const int32_t>());
  if (!dataset.has_times()) return;
  const std::span<const int64_t> times = dataset.times().row(event.user);
  append(times, event, &asked->event_times);
  asked->request_times.push_back(times[static_cast<size_t>(event.end)]);
}

}  // namespace truenext
