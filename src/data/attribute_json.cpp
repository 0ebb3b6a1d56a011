// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/terminal_text.h"
#include "data/attribute_columns.h"
#include "data/attribute_readers.h"
#include "data/readers/json_rows.h"

namespace truenext {
namespace {

namespace ondemand = simdjson::ondemand;

/// The first line may be S3-Rec's whole object, which has no end within this.
constexpr size_t kLookBytes = size_t{1} << 20;
constexpr size_t kMostObjectBytes = size_t{1} << 30;

constexpr const char* kWanted =
    "{\"item\": [attribute, ...], ...}, or one object a line, {\"item\": ..., \"attributes\": "
    "[...]}";

const char* kind_of(ondemand::json_type type) {
  switch (type) {
    case ondemand::json_type::array:
      return "a list";
    case ondemand::json_type::boolean:
      return "true or false";
    case ondemand::json_type::null:
      return "null";
    default:
      return "an object";
  }
}

/// A text, or a whole number as it is written; the same number has one spelling only.
std::string_view id_text(ondemand::value value, const char* role, const AttributeCollector& rows) {
  const ondemand::json_type type = value.type();
  if (type == ondemand::json_type::string) return value.get_string();
  if (type != ondemand::json_type::number) {
    fail_data("{}: the {} is {}, want a text or a whole number", rows.where(), role, kind_of(type));
  }
  std::string_view text = value.raw_json_token();
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  const bool whole =
      text.find_first_not_of("0123456789", 1) == std::string_view::npos && text != "-0";
  if (!whole) {
    fail_data("{}: the {} is {}, want a text or a whole number (12 or \"12\", not 12.0)",
              rows.where(), role, excerpt(text));
  }
  static_cast<void>(double(value.get_double()));  // refuses what only begins like a number
  return text;
}

/// Text with the readable bytes behind it that the parser needs.
class PaddedText {
 public:
  void append(std::string_view text) {
    bytes_.resize(size_);
    bytes_ += text;
    size_ = bytes_.size();
  }
  void assign(std::string_view text) {
    size_ = 0;
    append(text);
  }
  ondemand::document parse(ondemand::parser& parser) {
    bytes_.resize(size_ + simdjson::SIMDJSON_PADDING);
    return parser.iterate(bytes_.data(), size_, bytes_.size());
  }
  /// The line, from 1, of a place in the text.
  int64_t line_of(const char* at) const {
    return 1 + std::count(bytes_.data(), std::min(at, bytes_.data() + size_), '\n');
  }
  size_t size() const { return size_; }

 private:
  std::string bytes_;
  size_t size_ = 0;
};

/// S3-Rec's object. The place of an error is the line that the parser has come to.
class ObjectReader {
 public:
  ObjectReader(LineReader& input, AttributeCollector& rows) : name_(input.name()), rows_(rows) {
    std::string_view line;
    while (input.next(line)) {
      text_.append(line);
      text_.append("\n");
      check_data(text_.size() <= kMostObjectBytes,
                 "{}: an object of more than {} MiB; write it as JSON lines: jq -c 'to_entries[] | "
                 "{{item: .key, attributes: .value}}' FILE > attributes.jsonl",
                 name_, kMostObjectBytes >> 20);
    }
  }

  void run() {
    rows_.set_place([this] { return where(); });
    try {
      document_ = text_.parse(parser_);
      parsed_ = true;
      for (auto field : document_.get_object()) take(field);
      if (!document_.current_location().error()) {
        fail_data("{}: more text after the JSON object; want {}", where(), kWanted);
      }
    } catch (const simdjson::simdjson_error& error) {
      fail_data("{}: {}; want {}", where(), error.what(), kWanted);
    }
  }

 private:
  void take(simdjson::simdjson_result<ondemand::field> field) {
    key_ = std::string_view(field.unescaped_key());
    if (!rows_.begin(key_)) fail_data("{}: the item \"{}\" occurs twice", where(), excerpt(key_));
    ondemand::value value = field.value();
    if (value.type() != ondemand::json_type::array) {
      fail_data("{}: the item \"{}\" has no list of attributes; want {}", where(), excerpt(key_),
                kWanted);
    }
    for (auto element : value.get_array()) {
      rows_.add_listed(id_text(element.value(), "attribute", rows_));
    }
    rows_.end();
  }

  std::string where() {
    const char* at = nullptr;
    if (!parsed_ || document_.current_location().get(at)) return name_;
    return fmt::format("{}:{}", name_, text_.line_of(at));
  }

  std::string name_, key_;
  AttributeCollector& rows_;
  PaddedText text_;
  ondemand::parser parser_;
  ondemand::document document_;
  bool parsed_ = false;
};

/// One object a line, each with an item and a text, a number or a list of attributes.
class LinesReader {
 public:
  LinesReader(LineReader& input, const AttributeOptions& options, AttributeCollector& rows)
      : input_(input), rows_(rows) {
    const std::string_view start = input.peek(kLookBytes);
    const std::string where = fmt::format("{}:{}", input.name(), input.line_number() + 1);
    const std::vector<std::string> keys = read_keys(start, where);
    const AttributePlaces places = find_attribute_columns(
        {keys, json_rows(start, keys), where, NamedBy::header}, options, rows.account());
    item_ = keys[static_cast<size_t>(places.item)];
    attribute_ = keys[static_cast<size_t>(places.attribute)];
  }

  void run() {
    rows_.set_place([this] { return input_.where(); });
    std::string_view line;
    while (input_.next(line)) {
      if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
      try {
        text_.assign(line);
        ondemand::document document = text_.parse(parser_);
        take(document);
      } catch (const simdjson::simdjson_error& error) {
        fail_data("{}: {}; want one JSON object a line", input_.where(), error.what());
      }
    }
  }

 private:
  std::vector<std::string> read_keys(std::string_view start, const std::string& where) {
    std::vector<std::string> keys;
    try {
      text_.assign(start.substr(0, start.find('\n')));
      ondemand::document document = text_.parse(parser_);
      for (auto field : document.get_object()) {
        keys.emplace_back(std::string_view(field.unescaped_key()));
      }
    } catch (const simdjson::simdjson_error& error) {
      fail_data("{}: {}; want {}", where, error.what(), kWanted);
    }
    return keys;
  }

  /// The item may stand behind its attributes, so both are kept until the object has ended.
  void take(ondemand::document& document) {
    bool has_item = false, has_attribute = false;
    listed_.clear();
    field_.clear();
    for (auto field : document.get_object()) {
      const std::string_view key = field.unescaped_key();
      if (key != item_ && key != attribute_) continue;
      if (std::exchange(key == item_ ? has_item : has_attribute, true)) {
        fail_data("{}: \"{}\" stands twice in the object", input_.where(), excerpt(key));
      }
      if (key == item_) {
        id_ = id_text(field.value(), "item", rows_);
      } else {
        keep_attributes(field.value());
      }
    }
    if (!document.current_location().error()) {
      fail_data("{}: more text after the JSON object", input_.where());
    }
    if (!has_item) fail_data("{}: no \"{}\", want the item", input_.where(), excerpt(item_));
    rows_.begin(id_);
    if (!field_.empty()) rows_.add(field_);
    for (const std::string& attribute : listed_) rows_.add_listed(attribute);
    rows_.end();
  }

  /// null, like a key that is not there, is no attribute.
  void keep_attributes(ondemand::value value) {
    const ondemand::json_type type = value.type();
    if (type == ondemand::json_type::array) {
      for (auto element : value.get_array()) {
        listed_.emplace_back(id_text(element.value(), "attribute", rows_));
      }
    } else if (type == ondemand::json_type::null) {
      static_cast<void>(bool(value.is_null()));  // refuses what only begins like it
    } else {
      field_ = id_text(value, "attribute", rows_);
    }
  }

  LineReader& input_;
  AttributeCollector& rows_;
  std::string item_, attribute_;  ///< the keys
  std::string id_, field_;
  std::vector<std::string> listed_;
  PaddedText text_;
  ondemand::parser parser_;
};

/// Whether the first line is an object of its own. All values of S3-Rec's object are lists; a line
/// names its item by a text or a number.
bool begins_with_line(std::string_view start) {
  const size_t end = start.find('\n');
  if (end == std::string_view::npos && start.size() >= kLookBytes) return false;
  PaddedText text;
  text.assign(start.substr(0, end));
  ondemand::parser parser;
  try {
    ondemand::document document = text.parse(parser);
    for (auto field : document.get_object()) {
      const ondemand::json_type type = field.value().type();
      if (type == ondemand::json_type::string || type == ondemand::json_type::number) return true;
    }
  } catch (const simdjson::simdjson_error&) {  // an object of several lines
  }
  return false;
}

}  // namespace

std::string read_attribute_json(LineReader& input, const AttributeOptions& options,
                                AttributeCollector& rows) {
  check_usage(options.columns.empty(),
              "--attribute-columns goes with tables; {} is JSON, which names its fields itself",
              input.name());
  std::string_view start = input.peek(kLookBytes);
  if (begins_with_line(start)) {
    rows.account().why = "the first line is an object of JSON that names an item";
    LinesReader(input, options, rows).run();
    return "jsonl";
  }
  check_usage(!options.item_column && !options.attribute_column,
              "--attribute-item-column and --attribute-column go with tables and JSON lines; {} is "
              "one object from item to a list of attributes",
              input.name());
  rows.account().why = "one object of JSON, from item to a list";
  rows.account().columns = {{"item", "key", ""}, {"attribute", "list", ""}};
  ObjectReader(input, rows).run();
  return "s3rec";
}

}  // namespace truenext
