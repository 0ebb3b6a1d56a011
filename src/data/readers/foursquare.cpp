// SPDX-License-Identifier: Apache-2.0
#include "data/readers/delimited.h"

namespace truenext {
namespace {

/// The eight fields of dataset_TSMC2014_NYC.txt and _TKY.txt. The last one is UTC, which makes the
/// offset before it superfluous.
const std::vector<std::string> kFields = {"user",     "venue",     "category_id", "category",
                                          "latitude", "longitude", "utc_offset",  "time"};

std::unique_ptr<EventReader> open_check_ins(const ReaderOptions& options,
                                            std::unique_ptr<LineReader> input) {
  // Names of categories may hold quotes, and bytes of ISO-8859-1: nothing is unquoted or decoded.
  const Delimiter delimiter{separator_text(options.separator, "\t"),
                            quote_rule(options.quotes, QuoteRule::none)};
  const std::string where = input->name();
  auto reader = std::make_unique<DelimitedReader>(options, std::move(input), delimiter);
  reader->set_columns(kFields, where, NamedBy::format);
  return reader;
}

/// Of the forms of a time only "Tue Apr 03 18:00:09 +0000 2012" begins with a capital.
bool is_check_in_time(std::string_view text) {
  return !text.empty() && text[0] >= 'A' && text[0] <= 'Z' && parse_time(text).has_value();
}

Recognition recognise(const InputSample& sample) {
  if (sample.lines.empty()) return {};
  const std::vector<std::string> fields = split_names(sample.lines[0], '\t');
  if (fields.size() != kFields.size() || !is_check_in_time(fields.back())) return {};
  return Recognition::certain("eight fields apart by tabs, the last one a time of Foursquare's");
}

}  // namespace

/// Check-ins of Yang et al., TSMC 2015; there are no values.
extern const ReaderInfo foursquare_reader;
const ReaderInfo foursquare_reader{
    "foursquare", "check-ins of New York and Tokyo: eight tab-separated fields, user to UTC time",
    open_check_ins, recognise};

}  // namespace truenext
