// SPDX-License-Identifier: Apache-2.0
// The times that recommend is given, and those that models are told (model.time).
#include "cli/request_times.h"

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "base/log.h"
#include "cli/recommender.h"
#include "data/time_text.h"
#include "eval/run_inputs.h"

namespace truenext::cli {

int64_t time_of_option(const std::string& option, const std::string& text) {
  if (text == "now") return std::time(nullptr);
  const auto parsed = parse_time(text);
  check_usage(parsed.has_value(), "{} {}: {}; want now, {}", option, text, why_no_time(text, 1.0),
              kTimeForms);
  return parsed->time;
}

namespace {

/// Without the spaces around it, which ids may have, too.
std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

/// Where two times cannot be of one unit.
std::string unit_hint(int64_t at, int64_t event) {
  constexpr int64_t kSeconds = 100'000'000;  // a date, of 1973
  constexpr int64_t kFar = 100;
  if (at < kSeconds || event / kFar < at) return "";
  return "; the times of the data are another unit, milliseconds perhaps: --at and --times are in "
         "that of the data (docs/lists.md)";
}

}  // namespace

std::vector<int64_t> times_of_history(const std::string& text, size_t items) {
  std::vector<int64_t> times;
  if (text.empty()) return times;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    times.push_back(time_of_option("--times", trimmed(text.substr(begin, end - begin))));
    begin = end + 1;
  }
  check_usage(times.size() == items,
              "--times: {} times for a history of {} items; want one for each", times.size(),
              items);
  check_usage(std::is_sorted(times.begin(), times.end()),
              "--times: a time is before that of the item before; a history is oldest first");
  return times;
}

void Recommender::check_times() {
  for (const ModelFile& model : models_.members()) {
    time_ = std::max(time_, model.description().model.time);
  }
  const bool request = time_ == TimeUse::request;
  check_usage(
      request || arguments_.at.empty(),
      "--at {}: the model is told no time of the request (model.time = \"{}\"); leave it out",
      arguments_.at, word_of(time_));
  check_usage(!request || !arguments_.at.empty(),
              "the model was trained to be told when the next item is asked for (model.time = "
              "\"request\"); say it with --at TIME, or --at now");
  if (time_ == TimeUse::none) {
    check_usage(arguments_.times.empty(),
                "--times: the model is told no times (model.time = \"none\"); leave it out");
    return;
  }
  const bool by_hand = arguments_.user.empty() && arguments_.users.empty() && !arguments_.all_users;
  check_usage(!arguments_.from_stdin,
              "--stdin: the model is told when every event of a history was (model.time = \"{}\"), "
              "and lines have no times; ask with --history and --times, or about users of a "
              "dataset",
              word_of(time_));
  check_usage(
      !by_hand || !arguments_.times.empty(),
      "--history: the model is told when every event of it was (model.time = \"{}\"); say so "
      "with --times \"TIME,TIME,...\", one for each item",
      word_of(time_));
  check_usage(by_hand || arguments_.times.empty(),
              "--times goes with --history; the events of a dataset have their own");
  if (!by_hand) {
    check_data(dataset_->has_times(),
               "{}: has no times of its events, and the model was trained to be told them "
               "(model.time = \"{}\"); prepare the data with them",
               dataset_->folder().string(), word_of(time_));
  }
  if (!request) return;
  at_ = time_of_option("--at", arguments_.at);
  log_info("{}: items asked for at {}", kRequestTimeKnown, at_);
}

void Recommender::check_asked_after(std::span<const int64_t> times, std::string_view whose) const {
  if (time_ != TimeUse::request || times.empty()) return;
  // The newest place need not have it: data may be in another order than that of time.
  const int64_t newest = *std::ranges::max_element(times);
  check_usage(newest <= at_,
              "--at {}: is before the newest event of {}, at {}; nothing is asked for before what "
              "has happened: want a later time{}",
              arguments_.at, whose, newest, unit_hint(at_, newest));
}

}  // namespace truenext::cli
