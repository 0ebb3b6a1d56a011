// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/words.h"

namespace truenext {

/// An enum whose words are Words<E>::names, without its type.
struct WordTarget {
  void* value;
  size_t (*get)(const void* value);  ///< place of the present word among `names`
  void (*set)(void* value, size_t place);
  std::span<const char* const> names;
};

template <typename E>
WordTarget word_target(E& value) {
  return {&value, [](const void* p) { return static_cast<size_t>(*static_cast<const E*>(p)); },
          [](void* p, size_t place) { *static_cast<E*>(p) = static_cast<E>(place); },
          words_of<E>()};
}

/// When an option matters: where the option `key` has one of `values`.
struct OptionCondition {
  std::string key;
  std::vector<std::string> values;
};

/// One configurable value: where it lives, what it is called and what it may be. Key, default and
/// help are written once, here, and serve TOML reading and writing, `--set`, `--help` and the docs.
class Option {
 public:
  using Target = std::variant<bool*, int64_t*, double*, std::string*, std::vector<int64_t>*,
                              std::vector<std::string>*, WordTarget>;

  /// The choices of a WordTarget are its names.
  Option(std::string key, Target target, std::string help);

  /// Numbers must lie in [low, high].
  Option& range(double low, double high);
  /// Numbers must be at least `low`.
  Option& at_least(double low) { return range(low, std::numeric_limits<double>::infinity()); }
  /// Strings must be one of these; for words that are listed elsewhere, others are enums.
  Option& one_of(std::vector<std::string> choices);
  /// For the help: the value matters only where option `key` has one of `values`.
  Option& only_with(std::string key, std::vector<std::string> values);

  const std::string& key() const { return key_; }  ///< dotted, e.g. "train.epochs"
  const std::string& help() const { return help_; }
  const std::vector<std::string>& choices() const { return choices_; }
  const Target& target() const { return target_; }
  double low() const { return low_; }    ///< -infinity where there is no bound
  double high() const { return high_; }  ///< infinity where there is none
  /// Of only_with(); the key is empty where the value always matters.
  const OptionCondition& condition() const { return condition_; }
  std::string type_name() const;
  /// "0 to 1", "at least 1"; empty without bounds.
  std::string bounds() const;
  /// The present value as TOML text.
  std::string toml_value() const;
  /// Usage Error naming `where` when the present value breaks range() or one_of().
  void check(std::string_view where) const;
  /// Sets a text or a word. Usage Error naming `where` and the nearest word when it is unknown.
  void assign_text(const std::string& text, std::string_view where);
  /// Whether values are written as texts: texts and words.
  bool holds_text() const;

 private:
  [[noreturn]] void fail_unknown(std::string_view text, std::string_view where) const;

  std::string key_;
  Target target_;
  std::string help_;
  double low_ = -std::numeric_limits<double>::infinity();
  double high_ = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices_;
  OptionCondition condition_;
};

/// References to every option of a configuration. A configuration struct has plain fields with
/// defaults and one method `void list(OptionList& options)` that adds them.
class OptionList {
 public:
  template <typename T>
  Option& add(std::string_view key, T& value, std::string help) {
    std::string whole = prefix_ + std::string(key);
    if constexpr (std::is_enum_v<T>) {
      return options_.emplace_back(std::move(whole), word_target(value), std::move(help));
    } else {
      return options_.emplace_back(std::move(whole), &value, std::move(help));
    }
  }

  /// Adds the options of a nested struct under "name.".
  template <typename Config>
  void section(std::string_view name, Config& config) {
    const std::string outer = prefix_;
    prefix_ += std::string(name) + ".";
    config.list(*this);
    prefix_ = outer;
  }

  const std::deque<Option>& all() const { return options_; }
  /// Usage Error naming the nearest known key when there is none of that name.
  Option& find(std::string_view key, std::string_view where);

 private:
  std::string prefix_;
  std::deque<Option> options_;
};

/// Applies TOML text. Unknown keys, wrong types and values out of range are usage Errors that begin
/// with "source:line:". `ignored` names top-level tables that belong to somebody else.
void apply_toml(OptionList& options, std::string_view text, const std::string& source,
                const std::vector<std::string>& ignored = {});

/// Applies one `key=value` of the command line; the value is TOML, bare words are strings. Usage
/// Errors begin with `origin` and the setting.
void apply_setting(OptionList& options, std::string_view setting,
                   std::string_view origin = "--set ");

/// All present values as TOML, one table per section, in the order of the list.
std::string to_toml(const OptionList& options);

/// The candidate nearest to `word` by edit distance, empty when none is close enough to suggest.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace truenext
