// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <type_traits>

#include "base/error.h"
#include "base/key_suggestions.h"
#include "base/range_text.h"
#include "base/toml-inl.h"

namespace truenext {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

std::string toml_text(const std::string& text) {
  std::ostringstream out;
  out << toml::value<std::string>(text);
  return out.str();
}

std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos)
    text += ".0";  // TOML needs a float to look it
  return text;
}

template <typename T>
bool read_list(const toml::node& node, std::vector<T>& out) {
  std::vector<T> values;
  const toml::array* array = node.as_array();
  if (array == nullptr) {
    const auto single = node.value_exact<T>();
    if (!single) return false;
    values.push_back(*single);
  } else {
    for (const toml::node& element : *array) {
      const auto value = element.value_exact<T>();
      if (!value) return false;
      values.push_back(*value);
    }
  }
  out = std::move(values);
  return true;
}

struct Assign {
  const toml::node& node;

  bool operator()(bool* target) const { return exact(target); }
  bool operator()(int64_t* target) const { return exact(target); }
  bool operator()(std::string* target) const { return exact(target); }
  bool operator()(double* target) const {
    if (const auto value = node.value_exact<double>()) {
      *target = *value;
    } else if (const auto integer = node.value_exact<int64_t>()) {
      *target = static_cast<double>(*integer);
    } else {
      return false;
    }
    return std::isfinite(*target);
  }
  bool operator()(std::vector<int64_t>* target) const { return read_list(node, *target); }
  bool operator()(std::vector<std::string>* target) const { return read_list(node, *target); }
  bool operator()(const WordTarget&) const { return false; }  // see assign()

 private:
  template <typename T>
  bool exact(T* target) const {
    const auto value = node.value_exact<T>();
    if (value) *target = *value;
    return value.has_value();
  }
};

void assign(Option& option, const toml::node& node, std::string_view where) {
  if (const auto text = node.value_exact<std::string>(); text && option.holds_text()) {
    option.assign_text(*text, where);
    return;
  }
  check_usage(std::visit(Assign{node}, option.target()), "{}: {} wants {}", where, option.key(),
              option.type_name());
  option.check(where);
}

void apply_table(OptionList& options, const toml::table& table, const std::string& prefix,
                 const std::string& source, const std::vector<std::string>& ignored) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (prefix.empty() && std::find(ignored.begin(), ignored.end(), key) != ignored.end()) continue;
    if (const toml::table* inner = node.as_table()) {
      apply_table(options, *inner, key + ".", source, ignored);
      continue;
    }
    const std::string where = fmt::format("{}:{}", source, node.source().begin.line);
    assign(options.find(key, where), node, where);
  }
}

}  // namespace

Option::Option(std::string key, Target target, std::string help)
    : key_(std::move(key)), target_(std::move(target)), help_(std::move(help)) {
  if (const auto* words = std::get_if<WordTarget>(&target_)) {
    choices_.assign(words->names.begin(), words->names.end());
  }
}

Option& Option::range(double low, double high) {
  low_ = low;
  high_ = high;
  return *this;
}

Option& Option::one_of(std::vector<std::string> choices) {
  choices_ = std::move(choices);
  return *this;
}

Option& Option::only_with(std::string key, std::vector<std::string> values) {
  condition_ = {std::move(key), std::move(values)};
  return *this;
}

std::string Option::bounds() const {
  return std::isinf(low_) && std::isinf(high_) ? "" : range_text(low_, high_);
}

std::string Option::type_name() const {
  if (!choices_.empty()) return fmt::format("one of {}", fmt::join(choices_, ", "));
  static const char* const names[] = {
      "true or false", "a whole number",          "a number",
      "a text",        "a list of whole numbers", "a list of texts"};
  return names[target_.index()];
}

std::string Option::toml_value() const {
  return std::visit(
      [](const auto& value) -> std::string {
        using T = std::remove_pointer_t<std::remove_cvref_t<decltype(value)>>;
        if constexpr (std::is_same_v<T, WordTarget>) {
          return toml_text(value.names[value.get(value.value)]);
        } else if constexpr (std::is_same_v<T, bool>) {
          return *value ? "true" : "false";
        } else if constexpr (std::is_same_v<T, int64_t>) {
          return std::to_string(*value);
        } else if constexpr (std::is_same_v<T, double>) {
          return number_text(*value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return toml_text(*value);
        } else if constexpr (std::is_same_v<T, std::vector<int64_t>>) {
          return fmt::format("[{}]", fmt::join(*value, ", "));
        } else {
          std::vector<std::string> parts;
          for (const std::string& text : *value) parts.push_back(toml_text(text));
          return fmt::format("[{}]", fmt::join(parts, ", "));
        }
      },
      target_);
}

void Option::check(std::string_view where) const {
  const auto in_range = [&](double value) {
    check_usage(value >= low_ && value <= high_, "{}: {} = {} is out of range, want {}", where,
                key_, toml_value(), range_text(low_, high_));
  };
  if (const auto* integer = std::get_if<int64_t*>(&target_))
    in_range(static_cast<double>(**integer));
  if (const auto* number = std::get_if<double*>(&target_)) in_range(**number);
  if (const auto* text = std::get_if<std::string*>(&target_); text && !choices_.empty()) {
    if (std::find(choices_.begin(), choices_.end(), **text) == choices_.end()) {
      fail_unknown(**text, where);
    }
  }
}

bool Option::holds_text() const {
  return std::holds_alternative<std::string*>(target_) ||
         std::holds_alternative<WordTarget>(target_);
}

void Option::assign_text(const std::string& text, std::string_view where) {
  if (const auto* words = std::get_if<WordTarget>(&target_)) {
    const auto found = std::find(choices_.begin(), choices_.end(), text);
    if (found == choices_.end()) fail_unknown(text, where);
    words->set(words->value, static_cast<size_t>(found - choices_.begin()));
    return;
  }
  *std::get<std::string*>(target_) = text;
  check(where);
}

void Option::fail_unknown(std::string_view text, std::string_view where) const {
  const std::string near = nearest_word(text, choices_);
  fail_usage("{}: {} = \"{}\" is unknown{}; want {}", where, key_, text,
             near.empty() ? "" : fmt::format(", did you mean \"{}\"?", near), type_name());
}

Option& OptionList::find(std::string_view key, std::string_view where) {
  std::vector<std::string> known;
  for (Option& option : options_) {
    if (option.key() == key) return option;
    known.push_back(option.key());
  }
  const std::vector<std::string> near = suggested_keys(key, known);
  fail_usage("{}: unknown key {}{}", where, key,
             near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, " or ")));
}

void apply_toml(OptionList& options, std::string_view text, const std::string& source,
                const std::vector<std::string>& ignored) {
  try {
    const toml::table table = toml::parse(text, source);
    apply_table(options, table, "", source, ignored);
  } catch (const toml::parse_error& error) {
    fail_usage("{}:{}: not valid TOML: {}", source, error.source().begin.line, error.description());
  }
}

void apply_setting(OptionList& options, std::string_view setting, std::string_view origin) {
  const std::string where = fmt::format("{}{}", origin, setting);
  const size_t equals = setting.find('=');
  check_usage(equals != std::string_view::npos && equals > 0, "{}: want key=value", where);
  Option& option = options.find(setting.substr(0, equals), where);
  const std::string value(setting.substr(equals + 1));
  if (option.holds_text() && (value.empty() || value.front() != '"')) {
    option.assign_text(value, where);  // a bare word needs no quotes on a command line
    return;
  }
  try {
    const toml::table table = toml::parse("value = " + value);
    assign(option, *table.get("value"), where);
  } catch (const toml::parse_error&) {
    fail_usage("{}: {} wants {}", where, option.key(), option.type_name());
  }
}

std::string to_toml(const OptionList& options) {
  std::string text;
  std::string section;
  for (const Option& option : options.all()) {
    const size_t dot = option.key().rfind('.');
    const std::string table = dot == std::string::npos ? "" : option.key().substr(0, dot);
    if (table != section) {
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", table);
      section = table;
    }
    text += fmt::format("{} = {}\n",
                        dot == std::string::npos ? option.key() : option.key().substr(dot + 1),
                        option.toml_value());
  }
  return text;
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t kLongest = 128;  // the distance costs the product of the lengths
  if (word.size() > kLongest) return {};
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace truenext
