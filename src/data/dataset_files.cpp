// SPDX-License-Identifier: Apache-2.0
#include "data/dataset_files.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/hash.h"
#include "data/source_account.h"
#include "data/split.h"
#include "data/windows.h"

namespace truenext {
namespace {

/// Bytes on their way into a hash: little-endian numbers, and texts with their length before them.
class Canonical {
 public:
  void add_number(int64_t number) { append(&number, sizeof(number)); }
  void add_value(float value) { append(&value, sizeof(value)); }
  void add_text(std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    append(&size, sizeof(size));
    append(text.data(), text.size());
  }
  void move_to(Fingerprint& hash) {
    hash.add(std::span<const std::byte>(bytes_.data(), filled_));
    filled_ = 0;
  }

 private:
  void append(const void* data, size_t size) {
    if (bytes_.size() - filled_ < size) bytes_.resize(2 * bytes_.size() + size);
    std::memcpy(bytes_.data() + filled_, data, size);
    filled_ += size;
  }
  std::vector<std::byte> bytes_;
  size_t filled_ = 0;
};

}  // namespace

nlohmann::ordered_json windows_json(const std::optional<WindowReport>& windows) {
  if (!windows) return nullptr;
  return {{"users", windows->users},
          {"events", windows->events},
          {"windows", windows->windows},
          {"held_out", windows->held_out},
          {"prefixes", windows->prefixes},
          {"leaked_test", windows->leaked_test},
          {"leaked_valid", windows->leaked_valid},
          {"before_others", windows->before_others}};
}

std::string events_fingerprint(const IdFile& users, const IdFile& items,
                               JaggedView<int32_t> histories, std::span<const int64_t> times,
                               std::span<const float> values) {
  Fingerprint hash;
  Canonical bytes;
  for (const int32_t user : users.sorted()) {
    bytes.add_text(users.raw(user));
    bytes.add_number(histories.row_size(user));
    for (int64_t at = histories.offsets[user]; at < histories.offsets[user + 1]; ++at) {
      bytes.add_text(items.raw(histories.values[at]));
      if (!times.empty()) bytes.add_number(times[at]);
      if (!values.empty()) bytes.add_value(values[at]);
    }
    bytes.move_to(hash);
  }
  return hash.hex();
}

std::string split_fingerprint(const std::string& events, const IdFile& users,
                              std::span<const SplitPoint> split) {
  Fingerprint hash;
  Canonical bytes;
  bytes.add_text(events);
  for (const int32_t user : users.sorted()) {
    const SplitPoint& cut = split[user];
    for (const int64_t at :
         {cut.train_end, cut.valid_begin, cut.valid_end, cut.test_begin, cut.test_end}) {
      bytes.add_number(at);
    }
  }
  bytes.move_to(hash);
  return hash.hex();
}

std::string attribute_fingerprint(const IdFile& items, JaggedView<int32_t> attributes,
                                  const IdFile& ids) {
  Fingerprint hash;
  Canonical bytes;
  for (const int32_t item : items.sorted()) {
    bytes.add_text(items.raw(item));
    bytes.add_number(attributes.row_size(item));
    for (const int32_t id : attributes.row(item)) bytes.add_text(ids.raw(id));
    bytes.move_to(hash);
  }
  return hash.hex();
}

nlohmann::ordered_json report_json(const PrepareReport& report) {
  return {{"format", report.format},
          {"lines_skipped", report.lines_skipped},
          {"missing_values", report.missing_values},
          {"comment_lines", report.comment_lines},
          {"repeated_headers", report.repeated_headers},
          {"trimmed_fields", report.trimmed_fields},
          {"rounded_times", report.rounded_times},
          {"undated_events", report.undated_events},
          {"events_read", report.events_read},
          {"events_below_value", report.events_below_value},
          {"duplicates", report.duplicates},
          {"repeats_dropped", report.repeats_dropped},
          {"events_filtered", report.events_filtered},
          {"filter_passes", report.filter_passes},
          {"users", report.users},
          {"items", report.items},
          {"events", report.events},
          {"ties", report.ties},
          {"users_with_ties", report.users_with_ties},
          {"repeated_pairs", report.repeated_pairs},
          {"time_travel", report.time_travel},
          {"users_without_valid", report.users_without_valid},
          {"users_without_test", report.users_without_test},
          {"titled_items", report.titled_items},
          {"attributes", report.attributes},
          {"item_attributes", attribute_json(report.item_attributes, report.items)},
          {"taken", account_json(report.source)},
          {"warnings", report.warnings}};
}

std::string describe_dataset(const PrepareOptions& options, const PrepareReport& report,
                             const DatasetFacts& facts) {
  using Json = nlohmann::ordered_json;
  const ReaderOptions& source = options.source;
  const AttributeOptions& attributes = options.attribute_options;
  const SplitOptions& split = options.split;
  const bool by_time = facts.has_times && options.order == EventOrder::time;
  const Json minimum = options.min_value > kNoMinimum ? Json(options.min_value) : Json(nullptr);
  const auto cut_time = [&](int64_t TemporalCut::*time) {
    return report.cut ? Json(*report.cut.*time) : Json(nullptr);
  };
  const std::string leaks = report.windows ? leak_label(*report.windows) : "";
  const Json description{
      {"kind", kDatasetKind},
      {"version", kDatasetVersion},
      {"users", report.users},
      {"items", report.items},
      {"events", report.events},
      {"has_times", facts.has_times},
      {"has_values", facts.has_values},
      {"has_titles", facts.has_titles},
      {"has_attributes", !facts.attribute_fingerprint.empty()},
      {"attributes", report.attributes},
      {"fingerprint", facts.fingerprint},
      {"split_fingerprint", facts.split_fingerprint},
      {"attribute_fingerprint", facts.attribute_fingerprint},
      {"order", by_time ? "time, then position in the source" : "position in the source"},
      {"split", Json{{"name", split_name(split) + leaks},
                     {"method", word_of(split.method)},
                     {"valid", split.valid},
                     {"test", split.test},
                     {"valid_users", split.valid_users},
                     {"valid_share", split.valid_share},
                     {"test_share", split.test_share},
                     {"target", word_of(split.target)},
                     {"valid_time", cut_time(&TemporalCut::valid_time)},
                     {"test_time", cut_time(&TemporalCut::test_time)},
                     {"window_length", split.window_length},
                     {"window_stride", split.window_length > 0 ? window_stride(split) : 0},
                     {"windows", windows_json(report.windows)},
                     {"seed", split.seed}}},
      {"filters", Json{{"min_value", minimum},
                       {"min_user_events", options.min_user_events},
                       {"min_item_events", options.min_item_events},
                       {"iterate", options.iterate},
                       {"drop_repeats", options.drop_repeats}}},
      {"source", Json{{"path", source.path},
                      {"format", report.format},
                      {"user_column", source.user_column.value_or("")},
                      {"item_column", source.item_column.value_or("")},
                      {"time_column", source.time_column.value_or("")},
                      {"value_column", source.value_column.value_or("")},
                      {"columns", source.columns},
                      {"separator", source.separator},
                      {"header", source.header},
                      {"time_scale", source.time_scale},
                      {"skip_bad", source.skip_bad},
                      {"keep_missing_words", source.keep_missing_words},
                      {"quotes", word_of(source.quotes)},
                      {"comments", word_of(source.comments)},
                      {"titles", options.titles},
                      {"title_map", options.title_map},
                      {"attributes", options.attributes},
                      {"attribute_item_column", attributes.item_column.value_or("")},
                      {"attribute_column", attributes.attribute_column.value_or("")},
                      {"attribute_columns", attributes.columns},
                      {"attribute_separator", attributes.separator}}},
      {"report", report_json(report)}};
  return description.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace truenext
