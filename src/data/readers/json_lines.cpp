// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include <vector>

#include "base/log.h"
#include "data/readers/columns.h"
#include "data/readers/line_events.h"

namespace truenext {
namespace {

namespace ondemand = simdjson::ondemand;

class JsonLinesReader : public LineEventReader {
 public:
  JsonLinesReader(const ReaderOptions& options, std::unique_ptr<LineReader> input)
      : LineEventReader(options, std::move(input)) {
    find_columns();
  }
  bool has_time() const override { return !names_[kTime].empty(); }
  bool has_value() const override { return !names_[kValue].empty(); }

 protected:
  bool parse(std::string_view line, Event& event) override {
    std::string_view texts[kRoles];
    bool seen[kRoles] = {};
    try {
      ondemand::document document = open_document(line);
      for (auto field : document.get_object()) {
        const int role = role_of(field.key());
        if (role < 0) continue;
        if (!scalar_text(field.value(), texts[role])) {
          return broken("\"{}\" is neither text nor number", names_[role]);
        }
        seen[role] = true;
      }
      if (!document.current_location().error()) return broken("more text after the JSON object");
    } catch (const simdjson::simdjson_error& error) {
      return broken("not a JSON object: {}", error.what());
    }
    for (int role = 0; role < kRoles; ++role) {
      if (!names_[role].empty() && !seen[role]) return broken("no \"{}\"", names_[role]);
    }
    return set_ids(texts[kUser], texts[kItem], event) &&
           (!has_time() || set_time(texts[kTime], event)) &&
           (!has_value() || set_value(texts[kValue], event));
  }

 private:
  enum Role { kUser, kItem, kTime, kValue, kRoles };

  /// The parser needs readable bytes behind the text.
  ondemand::document open_document(std::string_view line) {
    if (padded_.size() < line.size() + simdjson::SIMDJSON_PADDING) {
      padded_.resize(2 * line.size() + simdjson::SIMDJSON_PADDING);
    }
    line.copy(padded_.data(), line.size());
    return parser_.iterate(padded_.data(), line.size(), padded_.size());
  }

  int role_of(ondemand::raw_json_string key) const {
    for (int role = 0; role < kRoles; ++role) {
      if (!names_[role].empty() && key == std::string_view(names_[role])) return role;
    }
    return -1;
  }

  static bool scalar_text(ondemand::value value, std::string_view& text) {
    switch (ondemand::json_type type = value.type(); type) {
      case ondemand::json_type::string:
        text = value.get_string();
        return true;
      case ondemand::json_type::number:
        text = value.raw_json_token();
        text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
        static_cast<void>(double(value.get_double()));  // refuses what only begins like a number
        return true;
      case ondemand::json_type::boolean:  // Steam's "recommend"
        text = value.get_bool() ? "1" : "0";
        return true;
      default:
        return false;
    }
  }

  void find_columns() {
    const std::string_view start = input_->peek(size_t{64} << 10);
    check_data(!start.empty(), "{}: the file is empty, want JSON objects", input_->name());
    const std::string where = input_->name() + ":1";
    std::vector<std::string> keys;
    try {
      ondemand::document document = open_document(start.substr(0, start.find('\n')));
      for (auto field : document.get_object()) {
        keys.emplace_back(std::string_view(field.unescaped_key()));
      }
    } catch (const simdjson::simdjson_error& error) {
      fail_data("{}: want one JSON object per line: {}", where, error.what());
    }
    const Columns columns = Columns::find(keys, options_, where);
    const auto name = [&](int at) { return at < 0 ? std::string() : keys[at]; };
    names_[kUser] = name(columns.user);
    names_[kItem] = name(columns.item);
    names_[kTime] = name(columns.time);
    names_[kValue] = name(columns.value);
    log_info("keys: user \"{}\", item \"{}\", time \"{}\", value \"{}\"", names_[kUser],
             names_[kItem], names_[kTime], names_[kValue]);
  }

  ondemand::parser parser_;
  std::string padded_;
  std::string names_[kRoles];
};

}  // namespace

extern const ReaderInfo json_lines_reader;
const ReaderInfo json_lines_reader{
    "jsonl", "one JSON object per line, keys named by --user-column and so on",
    [](const ReaderOptions& options,
       std::unique_ptr<LineReader> input) -> std::unique_ptr<EventReader> {
      return std::make_unique<JsonLinesReader>(options, std::move(input));
    },
    [](const InputSample& sample) {
      return !sample.lines.empty() && sample.lines[0].starts_with('{');
    }};

}  // namespace truenext
