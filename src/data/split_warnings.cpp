// SPDX-License-Identifier: Apache-2.0
#include "data/split_warnings.h"

#include <fmt/format.h>

#include <algorithm>

namespace truenext {
namespace {

/// One of the two held-out parts.
struct Part {
  const char* verb;
  const char* option;
  int64_t SplitPoint::*begin;
  int64_t SplitPoint::*end;
  int64_t items;
  double share;
  int64_t expected_users;  ///< if every user were long enough; leave-last
};

/// What decides how many users a part has, and what to change about it.
std::string advice(std::span<const int64_t> offsets, const Part& part,
                   const SplitOptions& options) {
  if (options.method == SplitMethod::leave_last) {
    const int64_t needed = options.valid + options.test + 1;
    int64_t fewer = 0;
    for (size_t user = 0; user + 1 < offsets.size(); ++user) {
      fewer += offsets[user + 1] - offsets[user] < needed;
    }
    const bool some = fewer + 1 < std::ssize(offsets);  // else nobody would be left
    return fmt::format(
        "{} have fewer than the {} events that --valid {} --test {} need; lower --valid or "
        "--test{}",
        fewer, needed, options.valid, options.test,
        some ? fmt::format(", or drop short users with --min-user-events {}", needed) : "");
  }
  if (options.method == SplitMethod::windows) {
    return "a window needs 3 events, and users with fewer are only trained on; --min-user-events 3 "
           "drops them";
  }
  if (options.method == SplitMethod::temporal) {
    return fmt::format(
        "only users with events in the range and before it are; a larger --{}-share (now {}) or "
        "--split leave-last has more",
        part.option, part.share);
  }
  if (options.method == SplitMethod::by_user) {
    return fmt::format("--{}-share is {} of users, who need more than {} events", part.option,
                       part.share, part.items);
  }
  return "so says the split of the source; choose another --split";
}

bool leaves_last(const SplitOptions& options) {
  return options.method == SplitMethod::leave_last || options.method == SplitMethod::windows;
}

/// By far fewer than were asked for. Small numbers of users are no reason by themselves.
bool too_few(int64_t held_out, int64_t users, const Part& part, const SplitOptions& options) {
  if (held_out == 0) return true;
  if (leaves_last(options)) return 2 * held_out < part.expected_users;
  if (options.method == SplitMethod::by_user) {
    return static_cast<double>(held_out) < 0.5 * part.share * static_cast<double>(users);
  }
  return 100 * held_out < users;
}

}  // namespace

std::vector<std::string> split_warnings(std::span<const int64_t> offsets,
                                        std::span<const SplitPoint> split,
                                        const SplitOptions& options) {
  const auto users = static_cast<int64_t>(split.size());
  const int64_t validated = options.valid_users > 0 ? std::min(users, options.valid_users) : users;
  const Part parts[] = {{"tested", "test", &SplitPoint::test_begin, &SplitPoint::test_end,
                         options.test, options.test_share, users},
                        {"validated", "valid", &SplitPoint::valid_begin, &SplitPoint::valid_end,
                         options.valid, options.valid_share, validated}};
  std::vector<std::string> warnings;
  for (const Part& part : parts) {
    const bool by_items =
        options.method == SplitMethod::leave_last || options.method == SplitMethod::by_user;
    const bool by_share =
        options.method == SplitMethod::temporal || options.method == SplitMethod::by_user;
    const bool wanted = (!by_items || part.items > 0) && (!by_share || part.share > 0);
    const auto held_out = std::count_if(split.begin(), split.end(), [&](const SplitPoint& cut) {
      return cut.*part.begin < cut.*part.end;
    });
    if (!wanted || !too_few(held_out, users, part, options)) continue;
    warnings.push_back(fmt::format("{} of {} users can be {}: {}",
                                   held_out == 0 ? "none" : fmt::format("only {}", held_out), users,
                                   part.verb, advice(offsets, part, options)));
  }
  // The same users are missing in both parts, for the same reason.
  if (leaves_last(options) && warnings.size() == 2) warnings.pop_back();
  return warnings;
}

}  // namespace truenext
