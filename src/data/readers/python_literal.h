// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace truenext {

/// What is wrong with a literal, with the column (from 1).
class PythonLiteralError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads one value as Python's repr() writes it, from front to back: texts 'a', "a", u'a' and b'a'
/// with backslash escapes, numbers, True, False, None, lists and dicts. Nothing is evaluated and
/// nothing but one text is stored. JSON is read as well: true, false and null stand for the names.
///
/// The caller takes what kind() announces; taking another kind is an error, and every error is a
/// PythonLiteralError. The views are valid until the next text or key is taken.
class PythonLiteral {
 public:
  /// Lists and dicts may lie this deep in one another.
  static constexpr int kDeepest = 64;

  enum class Kind { text, number, name, list, dict };

  explicit PythonLiteral(std::string_view line) : line_(line) {}

  /// What the next value is, by its first characters.
  Kind kind();

  /// A text without quotes and escapes. Characters given by number become UTF-8, in b'' bytes.
  std::string_view text();
  /// The spelling of a number, without the L of Python 2.
  std::string_view number();
  /// "True", "False" or "None".
  std::string_view name();
  /// Calls body() at each element; it takes the element.
  template <typename Body>
  void list(Body&& body) {
    open('[');
    for (bool first = true; more(']', first); first = false) body();
  }
  /// Calls body(std::string_view key) for each entry; it takes the value. Keys are texts.
  template <typename Body>
  void dict(Body&& body) {
    open('{');
    for (bool first = true; more('}', first); first = false) body(key());
  }
  /// Takes a value of any kind.
  void skip();
  /// Nothing but blanks may follow.
  void end();
  /// For what the caller finds wrong with the values: throws with the column reached.
  [[noreturn]] void fail(std::string_view what) const;

 private:
  char peek() const { return at_ < line_.size() ? line_[at_] : '\0'; }
  void skip_blanks();
  void open(char bracket);
  bool more(char bracket, bool first);
  std::string_view key();
  size_t prefix_size() const;
  void escape(bool bytes);
  uint32_t hexadecimal(size_t digits);
  uint32_t code_unit(char letter);
  void append_utf8(uint32_t code_point);

  std::string_view line_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string unescaped_;
};

}  // namespace truenext
