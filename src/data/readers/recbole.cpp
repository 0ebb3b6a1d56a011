// SPDX-License-Identifier: Apache-2.0
#include "data/readers/delimited.h"

namespace truenext {
namespace {

std::unique_ptr<EventReader> open_atomic(const ReaderOptions& options,
                                         std::unique_ptr<LineReader> input) {
  // RecBole reads its files with quoting switched off.
  const Delimiter delimiter{separator_text(options.separator, "\t"),
                            quote_rule(options.quotes, QuoteRule::none)};
  auto reader = std::make_unique<DelimitedReader>(options, std::move(input), delimiter);
  reader->read_typed_header();
  return reader;
}

bool has_type(const std::string& name) {
  for (const char* type : {":token", ":float", ":token_seq", ":float_seq"}) {
    if (name.ends_with(type)) return true;
  }
  return false;
}

Recognition recognise(const InputSample& sample) {
  if (sample.lines.empty()) return {};
  for (const std::string& name : split_names(sample.lines[0], '\t')) {
    if (!has_type(name)) return {};
  }
  return Recognition::certain("the header has a type behind every name");
}

}  // namespace

extern const ReaderInfo recbole_reader;
const ReaderInfo recbole_reader{
    "recbole", "RecBole atomic .inter: tab-separated, header of name:type", open_atomic, recognise};

}  // namespace truenext
