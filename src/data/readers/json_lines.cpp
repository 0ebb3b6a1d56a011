// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include <cstring>
#include <utility>
#include <vector>

#include "base/terminal_text.h"
#include "data/readers/columns.h"
#include "data/readers/json_rows.h"
#include "data/readers/line_events.h"

namespace truenext {
namespace {

namespace ondemand = simdjson::ondemand;

class JsonLinesReader : public LineEventReader {
 public:
  JsonLinesReader(const ReaderOptions& options, std::unique_ptr<LineReader> input)
      : LineEventReader(options, std::move(input)) {
    has_header_lines_ = false;
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
        const int role = role_of(field);
        if (role < 0) continue;
        if (std::exchange(seen[role], true)) {
          return broken("\"{}\" stands twice in the object", excerpt(names_[role]));
        }
        if (!take(static_cast<Role>(role), field.value(), texts[role])) return false;
      }
      if (!document.current_location().error()) return broken("more text after the JSON object");
    } catch (const simdjson::simdjson_error& error) {
      return broken("not a JSON object: {}", error.what());
    }
    for (int role = 0; role < kRoles; ++role) {
      if (!names_[role].empty() && !seen[role]) {
        return missing("no \"{}\"", excerpt(names_[role]));
      }
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

  /// Keys may be written with escapes ("Ger\\u00e4t").
  int role_of(simdjson::simdjson_result<ondemand::field>& field) const {
    const char* const raw = ondemand::raw_json_string(field.key()).raw();
    const size_t length = std::strcspn(raw, "\"\\");
    if (raw[length] == '"') return role_named({raw, length});
    return role_named(std::string_view(field.unescaped_key()));
  }
  int role_named(std::string_view key) const {
    for (int role = 0; role < kRoles; ++role) {
      if (!names_[role].empty() && key == names_[role]) return role;
    }
    return -1;
  }

  /// Ids are texts or whole numbers, times texts or numbers, values also true and false.
  bool take(Role role, ondemand::value value, std::string_view& text) {
    switch (value.type()) {
      case ondemand::json_type::string:
        text = value.get_string();
        return true;
      case ondemand::json_type::number:
        text = value.raw_json_token();
        text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
        static_cast<void>(double(value.get_double()));  // refuses what only begins like a number
        return role == kTime || role == kValue || is_whole(text) ||
               broken("\"{}\" is {}: {}", excerpt(names_[role]), text, wanted(role));
      case ondemand::json_type::boolean:
        text = value.get_bool() ? "1" : "0";
        return role == kValue ||  // Steam's "recommend"
               broken("\"{}\" is {}: {}", excerpt(names_[role]), text == "1" ? "true" : "false",
                      wanted(role));
      case ondemand::json_type::null:
        return missing("\"{}\" is null, a missing value: {}", excerpt(names_[role]), wanted(role));
      case ondemand::json_type::array:
        return broken("\"{}\" is a list: {}", excerpt(names_[role]), wanted(role));
      default:
        return broken("\"{}\" is an object: {}", excerpt(names_[role]), wanted(role));
    }
  }

  static const char* wanted(Role role) {
    if (role == kTime) return "want a time as text or number";
    if (role == kValue) return "want a number, true or false";
    return "an id is a text or a whole number (12 or \"12\", not 12.0)";
  }

  /// The same number has one spelling only.
  static bool is_whole(std::string_view number) {
    return number.find_first_not_of("0123456789", 1) == std::string_view::npos && number != "-0";
  }

  void find_columns() {
    // The first object may hold long texts.
    const std::string_view start = input_->peek(size_t{1} << 20);
    check_data(!start.empty(), "{}: the file is empty, want JSON objects", input_->name());
    const std::string where = fmt::format("{}:{}", input_->name(), input_->line_number() + 1);
    const JsonKeys keys = read_keys(start.substr(0, start.find('\n')), where);
    const Columns columns = find_keys(keys, json_rows(start, keys.names), where);
    const auto name = [&](int at) { return at < 0 ? std::string() : keys.names[at]; };
    names_[kUser] = name(columns.user);
    names_[kItem] = name(columns.item);
    names_[kTime] = name(columns.time);
    names_[kValue] = name(columns.value);
  }

  /// The keys of an object, and of the first list of objects in it.
  struct JsonKeys {
    std::vector<std::string> names;
    std::string list;  ///< key of the list
    std::vector<std::string> inner;
  };

  JsonKeys read_keys(std::string_view line, const std::string& where) {
    JsonKeys keys;
    try {
      ondemand::document document = open_document(line);
      for (auto field : document.get_object()) {
        keys.names.emplace_back(std::string_view(field.unescaped_key()));
        if (!keys.list.empty() || field.value().type() != ondemand::json_type::array) continue;
        read_inner_keys(field.value().get_array(), keys);
      }
    } catch (const simdjson::simdjson_error& error) {
      fail_data(
          "{}: want one JSON object per line: {}; if an object goes over several lines, convert "
          "the "
          "file: jq -c . FILE > events.jsonl",
          where, error.what());
    }
    return keys;
  }

  static void read_inner_keys(ondemand::array list, JsonKeys& keys) {
    for (auto element : list) {
      if (element.type() != ondemand::json_type::object) return;
      keys.list = keys.names.back();
      for (auto field : element.get_object()) {
        keys.inner.emplace_back(std::string_view(field.unescaped_key()));
      }
      return;
    }
  }

  Columns find_keys(const JsonKeys& keys, std::vector<std::vector<std::string>> rows,
                    const std::string& where) {
    const SourceTable table{keys.names, std::move(rows), where, NamedBy::header};
    if (keys.list.empty()) return Columns::find(table, options_, account_);
    try {
      return Columns::find(table, options_, account_);
    } catch (const Error&) {  // the keys that are missing may stand in the list
      fail_data(
          "{}: the line holds several events, in the list \"{}\" of objects with {}; want one "
          "event "
          "per line; convert the file: jq -c '{{{}}} + .{}[]' FILE > events.jsonl",
          where, excerpt(keys.list), excerpt_list(keys.inner), outer_keys(keys),
          excerpt(keys.list));
    }
  }

  static std::string outer_keys(const JsonKeys& keys) {
    std::vector<std::string> outer;
    for (const std::string& name : keys.names) {
      if (name != keys.list) outer.push_back(name);
    }
    return excerpt_list(outer);
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
      if (sample.lines.empty() || !sample.lines[0].starts_with('{')) return Recognition{};
      return Recognition::certain("the first line begins an object of JSON");
    }};

}  // namespace truenext
