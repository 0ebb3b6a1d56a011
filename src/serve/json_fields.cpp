// SPDX-License-Identifier: Apache-2.0
#include "serve/json_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/options.h"
#include "base/utf8.h"

namespace truenext::serve {
namespace {

using simdjson::dom::element;

std::optional<std::string> bytes_of(std::string_view hex) {
  std::string bytes;
  if (hex.size() % 2 != 0) return std::nullopt;
  for (size_t i = 0; i < hex.size(); i += 2) {
    int value = 0;
    for (const char c : hex.substr(i, 2)) {
      const auto digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      value = value * 16 + static_cast<int>(digit);
    }
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace

std::optional<int64_t> whole_of(const element& each) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  int64_t number = 0;
  double real = 0;
  if (each.get(number) == simdjson::SUCCESS) return number;
  if (each.get(real) != simdjson::SUCCESS || std::abs(real) > kExact || real != std::trunc(real)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(real);
}

std::string json_line(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string pointer_to(const std::string& outer, std::string_view name) {
  std::string pointer = outer + "/";
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

JsonFields::JsonFields(const element& object, std::string pointer, std::vector<FieldError>* errors)
    : pointer_(std::move(pointer)), errors_(errors) {
  simdjson::dom::object fields;
  if (object.get(fields) == simdjson::SUCCESS) {
    object_ = fields;
  } else {
    errors_->push_back({pointer_, "must be an object"});
  }
}

std::optional<element> JsonFields::find(std::string_view name) {
  known_.emplace_back(name);
  if (!object_) return std::nullopt;
  for (const auto field : *object_) {
    if (field.key == name && !field.value.is_null()) return field.value;
  }
  return std::nullopt;
}

void JsonFields::wrong(std::string_view name, std::string detail) {
  errors_->push_back({pointer_to(pointer_, name), std::move(detail)});
}

void JsonFields::add(std::vector<FieldError> errors) {
  errors_->insert(errors_->end(), errors.begin(), errors.end());
}

bool JsonFields::has(std::string_view name) {
  return find(name).has_value();
}

bool JsonFields::flag(std::string_view name, bool otherwise) {
  const auto found = find(name);
  bool value = otherwise;
  if (found && found->get(value) != simdjson::SUCCESS) wrong(name, "must be true or false");
  return value;
}

int64_t JsonFields::whole(std::string_view name, int64_t low, int64_t high, int64_t otherwise) {
  const auto found = find(name);
  if (!found) return otherwise;
  const auto value = whole_of(*found);
  if (!value) {
    wrong(name, fmt::format("must be a whole number, {} to {}", low, high));
    return otherwise;
  }
  if (*value < low || *value > high) {
    wrong(name, fmt::format("must be {} to {}, is {}", low, high, *value));
    return otherwise;
  }
  return *value;
}

std::string JsonFields::text(std::string_view name, const std::string& otherwise, size_t longest,
                             const std::vector<std::string>& words) {
  const auto found = find(name);
  if (!found) return otherwise;
  std::string_view value;
  if (found->get(value) != simdjson::SUCCESS) {
    wrong(name, "must be a text");
  } else if (!words.empty() && std::find(words.begin(), words.end(), value) == words.end()) {
    wrong(name, fmt::format("must be one of {}", fmt::join(words, ", ")));
  } else if (const size_t characters = utf8_characters(value); characters > longest) {
    wrong(name, fmt::format("must have at most {} characters, has {}", longest, characters));
  } else {
    return std::string(value);
  }
  return otherwise;
}

std::vector<std::string> JsonFields::ids(std::string_view name, size_t most) {
  std::vector<std::string> ids;
  const auto list = array(name, most);
  if (!list) return ids;
  for (const element each : *list) {
    auto id = id_of(each);
    if (!id) {
      errors_->push_back({fmt::format("{}/{}", pointer_to(pointer_, name), ids.size()),
                          R"(must be an id: a text, a whole number or {"hex": "..."})"});
      return ids;
    }
    ids.push_back(std::move(*id));
  }
  return ids;
}

std::string JsonFields::id(std::string_view name) {
  const auto found = find(name);
  if (!found) return "";
  auto id = id_of(*found);
  if (!id) wrong(name, R"(must be an id: a text, a whole number or {"hex": "..."})");
  return id ? std::move(*id) : "";
}

std::optional<element> JsonFields::object(std::string_view name) {
  const auto found = find(name);
  if (found && !found->is_object()) {
    wrong(name, "must be an object");
    return std::nullopt;
  }
  return found;
}

std::optional<simdjson::dom::array> JsonFields::array(std::string_view name, size_t most) {
  const auto found = find(name);
  if (!found) return std::nullopt;
  simdjson::dom::array list;
  if (found->get(list) != simdjson::SUCCESS) {
    wrong(name, "must be a list");
    return std::nullopt;
  }
  size_t size = 0;  // simdjson's own count saturates at 2^24
  for ([[maybe_unused]] const element each : list) ++size;
  if (size > most) {
    wrong(name, fmt::format("must have at most {} entries, has {}", most, size));
    return std::nullopt;
  }
  return list;
}

void JsonFields::finish() {
  if (!object_) return;
  std::vector<std::string_view> seen;
  for (const auto field : *object_) {
    const std::string name(field.key);
    if (std::find(seen.begin(), seen.end(), field.key) != seen.end()) {
      wrong(name, "stands twice");
    } else if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      const std::string near = nearest_word(name, known_);
      wrong(name, near.empty() ? "unknown" : fmt::format("unknown; did you mean {}?", near));
    }
    seen.push_back(field.key);
    if (seen.size() > 100) {
      errors_->push_back({pointer_, "has more than 100 fields"});
      return;
    }
  }
}

element parse_json(const std::string& body) {
  thread_local simdjson::dom::parser parser;
  element root;
  const auto error = parser.parse(body).get(root);
  if (error == simdjson::SUCCESS) return root;
  size_t byte = body.size();
  try {  // simdjson does not say where
    const auto ignored = nlohmann::json::parse(body);
  } catch (const nlohmann::json::parse_error& where) {
    byte = where.byte;
  } catch (const nlohmann::json::exception&) {
  }
  refuse("invalid-json",
         fmt::format("{} at byte {}", simdjson::error_message(error), std::min(byte, body.size())));
}

std::optional<std::string> id_of(const element& each) {
  std::string_view text;
  uint64_t large = 0;
  if (each.get(text) == simdjson::SUCCESS) return std::string(text);
  if (const auto number = whole_of(each)) return std::to_string(*number);
  if (each.get(large) == simdjson::SUCCESS) return std::to_string(large);
  simdjson::dom::object object;
  if (each.get(object) != simdjson::SUCCESS || object.size() != 1) return std::nullopt;
  if (object["hex"].get(text) != simdjson::SUCCESS) return std::nullopt;
  return bytes_of(text);
}

void check_fields(std::vector<FieldError> errors) {
  if (errors.empty()) return;
  constexpr size_t kMostNamed = 20;
  const size_t count = errors.size();
  if (count > kMostNamed) errors.resize(kMostNamed);
  throw ProblemError({"invalid-request",
                      count == 1 ? "1 field is wrong" : fmt::format("{} fields are wrong", count),
                      std::move(errors)});
}

}  // namespace truenext::serve
