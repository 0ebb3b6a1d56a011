// SPDX-License-Identifier: Apache-2.0
#include "data/event_sort.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace truenext {
namespace {

// Every stretch has a file and a buffer of its own while the events are dealt out.
constexpr int64_t kMostStretches = 128;
// Up to so many stretches all events are read for each: reading takes a fifth of the time of
// writing (20 M events in two stretches: 1 s of CPU less than by dealing them out).
constexpr size_t kMostScans = 4;

struct PlacedEvent {
  TimeOrder time;
  uint32_t position;  // in the input, of the user's events: breaks ties, so that order is total
  int32_t item;
  float value;
};

bool earlier(const PlacedEvent& a, const PlacedEvent& b) {
  return a.time != b.time ? a.time < b.time : a.position < b.position;
}

/// Users [first, last) whose events are sorted together.
struct Stretch {
  int64_t first = 0, last = 0;
};

class Sorter {
 public:
  Sorter(int64_t num_users, int64_t num_items, const SortOptions& options)
      : options_(options),
        starts_(static_cast<size_t>(num_users) + 1),
        last_group_(static_cast<size_t>(num_items)),
        sorted_{EventSpool(options.folder, options.memory_bytes / 2), 0} {}

  SortedEvents run(EventSpool input) {
    input.for_each([&](const EventRecord& event) { ++starts_[event.user + 1]; });
    for (size_t user = 1; user < starts_.size(); ++user) starts_[user] += starts_[user - 1];
    const std::vector<Stretch> stretches = cut_users();
    if (stretches.size() <= kMostScans) {
      for (const Stretch& stretch : stretches) {
        const PlacedEvents events = placed(stretch, input);
        // The memory of the input is free for the sorted events then.
        if (stretch.last == stretches.back().last) input = EventSpool(options_.folder, 0);
        emit_stretch(stretch, events.get());
      }
      return std::move(sorted_);
    }
    std::vector<EventSpool> parts = partition(std::move(input), stretches);
    for (size_t i = 0; i < parts.size(); ++i) {
      const PlacedEvents events = placed(stretches[i], parts[i]);
      parts[i] = EventSpool(options_.folder, 0);
      emit_stretch(stretches[i], events.get());
    }
    return std::move(sorted_);
  }

 private:
  using PlacedEvents = std::unique_ptr<PlacedEvent[]>;

  std::vector<Stretch> cut_users() const {
    const auto in_memory = static_cast<int64_t>(options_.memory_bytes / 2 / sizeof(PlacedEvent));
    const int64_t room = std::max<int64_t>({1, in_memory, starts_.back() / kMostStretches});
    const auto users = static_cast<int64_t>(starts_.size()) - 1;
    std::vector<Stretch> stretches{{0, 0}};
    for (int64_t user = 0; user < users; ++user) {
      Stretch& current = stretches.back();
      const bool fits = starts_[user + 1] - starts_[current.first] <= room;
      if (!fits && current.first < user) stretches.push_back({user, user});
      stretches.back().last = user + 1;
    }
    return stretches;
  }

  std::vector<EventSpool> partition(EventSpool input, const std::vector<Stretch>& stretches) const {
    std::vector<EventSpool> parts;
    std::vector<int32_t> part_of(starts_.size() - 1);
    for (size_t i = 0; i < stretches.size(); ++i) {
      parts.emplace_back(options_.folder, 0);
      std::fill(part_of.begin() + stretches[i].first, part_of.begin() + stretches[i].last,
                static_cast<int32_t>(i));
    }
    input.for_each([&](const EventRecord& event) { parts[part_of[event.user]].add(event); });
    return parts;
  }

  /// The events of the users of a stretch, user by user, each in the order of the input. `part` may
  /// hold others, too: they go to a place behind these, for which no branch has to be guessed.
  PlacedEvents placed(const Stretch& stretch, const EventSpool& part) const {
    const int64_t base = starts_[stretch.first], count = starts_[stretch.last] - base;
    auto events = std::make_unique_for_overwrite<PlacedEvent[]>(static_cast<size_t>(count) + 1);
    const auto users = static_cast<uint64_t>(stretch.last - stretch.first);
    std::vector<int64_t> ends(starts_.begin() + stretch.first, starts_.begin() + stretch.last);
    ends.push_back(base + count);
    part.for_each([&](const EventRecord& event) {
      const uint64_t user = std::min(static_cast<uint64_t>(event.user - stretch.first), users);
      const int64_t at = ends[user] - base;
      ends[user] += user < users ? 1 : 0;
      events[at] = {event.time, static_cast<uint32_t>(at), event.item, event.value};
    });
    return events;
  }

  void emit_stretch(const Stretch& stretch, PlacedEvent* events) {
    const int64_t base = starts_[stretch.first];
    for (int64_t user = stretch.first; user < stretch.last; ++user) {
      PlacedEvent* const begin = events + (starts_[user] - base);
      PlacedEvent* const end = events + (starts_[user + 1] - base);
      if (options_.by_time && !std::is_sorted(begin, end, earlier)) std::sort(begin, end, earlier);
      emit(static_cast<int32_t>(user), {begin, end});
    }
  }

  /// Events of equal time form a group; an item seen before in the same group is a duplicate.
  void emit(int32_t user, std::span<const PlacedEvent> events) {
    for (size_t i = 0; i < events.size(); ++i) {
      if (i == 0 || events[i].time != events[i - 1].time) ++group_;
      const bool repeat = std::exchange(last_group_[events[i].item], group_) == group_;
      sorted_.duplicates += repeat ? 1 : 0;
      if (repeat && options_.drop_repeats) continue;
      sorted_.events.add({user, events[i].item, events[i].time, events[i].value});
    }
  }

  SortOptions options_;
  std::vector<int64_t> starts_;  // of each user's events, over all users
  std::vector<int64_t> last_group_;
  int64_t group_ = 0;
  SortedEvents sorted_;
};

}  // namespace

SortedEvents sort_events(EventSpool input, int64_t num_users, int64_t num_items,
                         const SortOptions& options) {
  return Sorter(num_users, num_items, options).run(std::move(input));
}

}  // namespace truenext
