// SPDX-License-Identifier: Apache-2.0
#include "data/event_intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace truenext {
namespace {

constexpr int64_t kTickEvents = int64_t{1} << 16;  // some 30 ms

/// An id between reading and the look-up of its number.
struct WaitingId {
  int32_t number = -1;  ///< where that is known
  IdTable::Key key;
  std::string text;  ///< of a long key

  bool needs_text() const { return number < 0 && key.is_long(); }
};

/// An event between reading and the look-up of its ids, and then of its user's last time. Letting a
/// few wait hides the cache misses of the look-ups (10 M events of 200,000 users: 4.6 s instead of
/// 6.0 s of CPU for the whole prepare).
struct WaitingEvent {
  WaitingId user, item;
  TimeOrder time = 0;
  float value = 1;
};

/// How many events come behind one until ...
constexpr int64_t kEntry = 4,  // what the slots of its long ids refer to is on its way
    kText = 8,                 // the texts of these are
    kNumber = 12,              // its ids are looked up
    kWaiting = 16;             // it is taken

/// Ids whose numbers the reader keeps do not wait. As all ids of a column do or none, numbers are
/// given in the order of the source either way.
void announce(std::string_view text, const IdHint& hint, IdTable& table, WaitingId& waiting) {
  waiting.number = -1;
  if (hint.number != nullptr) {
    if (*hint.number < 0) *hint.number = table.intern(text);
    waiting.number = *hint.number;
    return;
  }
  waiting.key = hint.whole < 0 ? IdTable::key_of(text) : IdTable::key_of_number(hint.whole);
  if (waiting.key.is_long()) waiting.text.assign(text);
  table.prefetch(waiting.key);
}

void set_number(WaitingId& waiting, IdTable& table) {
  if (waiting.number < 0) waiting.number = table.intern(waiting.key, waiting.text);
}

/// Formats without columns show their first event instead of their first row.
void add_samples(const Event& event, SourceAccount& account) {
  for (TakenColumn& column : account.columns) {
    if (!column.sample.empty()) continue;
    if (column.role == "user") column.sample = event.user_text();
    if (column.role == "item") column.sample = event.item_text();
    if (column.role == "time") column.sample = fmt::format("{}", event.time);
    if (column.role == "value") column.sample = fmt::format("{}", event.value);
  }
}

}  // namespace

void EventIntake::read(EventReader& reader, double min_value, EventSpool& events,
                       PrepareReport& report, const std::function<void()>& tick) {
  std::vector<TimeOrder> last_times;  // by user, to count time travel
  std::array<WaitingEvent, kWaiting> waiting;
  int64_t come = 0;
  const auto number = [&](WaitingEvent& event) {
    set_number(event.user, users_);
    set_number(event.item, items_);
    const auto user = static_cast<size_t>(event.user.number);
    if (user < last_times.size()) __builtin_prefetch(&last_times[user]);
  };
  const auto take = [&](const WaitingEvent& event) {
    const EventRecord record{event.user.number, event.item.number, event.time, event.value};
    if (static_cast<size_t>(record.user) == last_times.size()) last_times.push_back(record.time);
    report.time_travel += record.time < std::exchange(last_times[record.user], record.time);
    events.add(record);
  };
  const auto go_on = [&] {
    if (come >= kEntry) {
      const WaitingEvent& event = waiting[(come - kEntry) % kWaiting];
      if (event.user.needs_text()) users_.prefetch_entry(event.user.key);
      if (event.item.needs_text()) items_.prefetch_entry(event.item.key);
    }
    if (come >= kText) {
      const WaitingEvent& event = waiting[(come - kText) % kWaiting];
      if (event.user.needs_text()) users_.prefetch_text(event.user.key);
      if (event.item.needs_text()) items_.prefetch_text(event.item.key);
    }
    if (come >= kNumber) number(waiting[(come - kNumber) % kWaiting]);
    if (come >= kWaiting) take(waiting[come % kWaiting]);
  };
  Event event;
  while (reader.next(event)) {
    if (++report.events_read % kTickEvents == 0) tick();
    if (report.events_read == 1) add_samples(event, report.source);
    if (event.value < min_value) {
      ++report.events_below_value;
      continue;
    }
    go_on();
    WaitingEvent& place = waiting[come++ % kWaiting];
    announce(event.user, event.user_hint, users_, place.user);
    announce(event.item, event.item_hint, items_, place.item);
    place.time = event.order;
    place.value = static_cast<float>(event.value);
  }
  for (int64_t i = std::max<int64_t>(0, come - kNumber); i < come; ++i) {
    number(waiting[i % kWaiting]);
  }
  for (int64_t i = std::max<int64_t>(0, come - kWaiting); i < come; ++i) {
    take(waiting[i % kWaiting]);
  }
}

}  // namespace truenext
