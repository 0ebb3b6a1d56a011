// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace truenext {

/// The words of an enum in files and messages, in the order of its enumerators, which count from 0:
///
///     enum class Schedule { constant, linear };
///     template <>
///     struct Words<Schedule> {
///       static constexpr std::array names = {"constant", "linear"};
///     };
///
/// An enumerator without a word does not compile where the words are used.
template <typename E>
struct Words;

/// Compilers print an enumerator by its name, and a value that has none as a cast, "(E)4".
template <auto Value>
constexpr bool is_enumerator() {
  return std::string_view(__PRETTY_FUNCTION__).find("Value = (") == std::string_view::npos;
}

template <typename E>
constexpr const auto& words_of() {
  constexpr size_t count = Words<E>::names.size();
  static_assert(is_enumerator<static_cast<E>(count - 1)>(), "a word without an enumerator");
  static_assert(!is_enumerator<static_cast<E>(count)>(), "an enumerator without a word");
  return Words<E>::names;
}

template <typename E>
constexpr std::string_view word_of(E value) {
  return words_of<E>()[static_cast<size_t>(value)];
}

/// The enumerator of a word; nothing when it is unknown.
template <typename E>
constexpr std::optional<E> find_word(std::string_view word) {
  const auto& words = words_of<E>();
  for (size_t i = 0; i < words.size(); ++i) {
    if (word == words[i]) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace truenext
