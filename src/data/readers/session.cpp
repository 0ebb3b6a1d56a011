// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "data/readers/delimited.h"

namespace truenext {
namespace {

constexpr const char* kNames[] = {"SessionId", "ItemId", "Time"};

std::unique_ptr<EventReader> open_sessions(const ReaderOptions& options,
                                           std::unique_ptr<LineReader> input) {
  ReaderOptions named = options;
  named.usual_user = kNames[0];
  const Delimiter delimiter{separator_text(options.separator, "\t"),
                            quote_rule(options.quotes, QuoteRule::none)};
  auto reader = std::make_unique<DelimitedReader>(named, std::move(input), delimiter);
  reader->read_header();
  return reader;
}

Recognition recognise(const InputSample& sample) {
  if (sample.lines.empty()) return {};
  const std::vector<std::string> names = split_names(sample.lines[0], '\t');
  for (const char* name : kNames) {
    if (std::find(names.begin(), names.end(), name) == names.end()) return {};
  }
  return Recognition::certain(
      "tabs stand between fields, and the header has SessionId, ItemId, Time");
}

}  // namespace

/// GRU4Rec's files: a header and one click per line; a session is what a user is elsewhere.
extern const ReaderInfo session_reader;
const ReaderInfo session_reader{
    "session", "tab-separated sessions with the header SessionId ItemId Time (GRU4Rec)",
    open_sessions, recognise};

}  // namespace truenext
