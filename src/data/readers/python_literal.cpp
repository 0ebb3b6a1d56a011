// SPDX-License-Identifier: Apache-2.0
#include "data/readers/python_literal.h"

#include <fmt/format.h>

#include "data/time_text.h"

namespace truenext {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_quote(char c) {
  return c == '\'' || c == '"';
}

/// -1 for what is no hexadecimal digit.
int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Name {
  std::string_view written, name;
};
constexpr Name kNames[] = {{"True", "True"}, {"False", "False"}, {"None", "None"},
                           {"true", "True"}, {"false", "False"}, {"null", "None"}};

/// What a backslash and one letter mean; 0 when the letter says nothing of the kind.
char plain_escape(char letter) {
  constexpr std::string_view kLetters = "\\'\"abfnrtv/";  // "\/" is JSON's
  constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v/";
  const size_t at = kLetters.find(letter);
  return at == std::string_view::npos ? '\0' : kMeanings[at];
}

}  // namespace

void PythonLiteral::fail(std::string_view what) const {
  throw PythonLiteralError(fmt::format("column {}: {}", at_ + 1, what));
}

void PythonLiteral::skip_blanks() {
  while (peek() == ' ' || peek() == '\t') ++at_;
}

/// Of the u and b before a quote: 0 or 1.
size_t PythonLiteral::prefix_size() const {
  constexpr std::string_view kPrefixes = "uUbB";
  const bool prefix = at_ + 1 < line_.size() && is_quote(line_[at_ + 1]) &&
                      kPrefixes.find(line_[at_]) != std::string_view::npos;
  return prefix ? 1 : 0;
}

PythonLiteral::Kind PythonLiteral::kind() {
  skip_blanks();
  const char c = peek();
  if (is_quote(c) || prefix_size() > 0) return Kind::text;
  if (is_digit(c) || c == '-' || c == '.') return Kind::number;
  if (is_letter(c)) return Kind::name;
  if (c == '[') return Kind::list;
  if (c == '{') return Kind::dict;
  fail(at_ == line_.size() ? "the line ends, want a value"
                           : "want a value: a text, a number, True, False, None, a list or a dict");
}

std::string_view PythonLiteral::text() {
  if (kind() != Kind::text) fail("want a text");
  const size_t prefix = prefix_size();
  const bool bytes = prefix > 0 && (line_[at_] == 'b' || line_[at_] == 'B');
  const size_t start = at_;
  at_ += prefix;
  const char quote = line_[at_++];
  unescaped_.clear();
  for (bool escapes = false;;) {
    const size_t begin = at_;
    while (at_ < line_.size() && line_[at_] != quote && line_[at_] != '\\') ++at_;
    const std::string_view piece = line_.substr(begin, at_ - begin);
    if (at_ == line_.size()) {
      at_ = start;
      fail("the text is not closed");
    }
    const bool closed = line_[at_++] == quote;
    if (closed && !escapes) return piece;
    unescaped_ += piece;
    if (closed) return unescaped_;
    escapes = true;
    escape(bytes);
  }
}

/// Behind the backslash. What is no escape stands for itself, backslash included.
void PythonLiteral::escape(bool bytes) {
  const char letter = peek();
  if (const char meaning = plain_escape(letter); meaning != '\0') {
    unescaped_ += meaning;
    ++at_;
  } else if (letter == 'x' || (!bytes && (letter == 'u' || letter == 'U'))) {
    const uint32_t code = code_unit(letter);
    bytes ? unescaped_.push_back(static_cast<char>(code)) : append_utf8(code);
  } else if (letter >= '0' && letter <= '7') {
    uint32_t code = 0;
    for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i) {
      code = code * 8 + static_cast<uint32_t>(line_[at_++] - '0');
    }
    bytes ? unescaped_.push_back(static_cast<char>(code)) : append_utf8(code);
  } else {
    unescaped_ += '\\';
  }
}

/// The number of \xhh, \uhhhh or \Uhhhhhhhh; two surrogates, as JSON and narrow builds of Python 2
/// write them, are one character.
uint32_t PythonLiteral::code_unit(char letter) {
  ++at_;
  const uint32_t first = hexadecimal(letter == 'x' ? 2 : letter == 'u' ? 4 : 8);
  if (first > 0x10ffff) fail("a character beyond Unicode");
  const bool high = first >= 0xd800 && first < 0xdc00;
  if (!high || line_.substr(at_, 2) != "\\u") return first;
  const size_t behind_first = at_;
  at_ += 2;
  const uint32_t second = hexadecimal(4);
  if (second >= 0xdc00 && second < 0xe000) {
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  }
  at_ = behind_first;
  return first;
}

uint32_t PythonLiteral::hexadecimal(size_t digits) {
  uint32_t value = 0;
  for (size_t i = 0; i < digits; ++i, ++at_) {
    const int digit = digit_value(peek());
    if (digit < 0) fail("want a hexadecimal digit");
    value = value * 16 + static_cast<uint32_t>(digit);
  }
  return value;
}

/// A lone surrogate is written like any other character: what texts hold is not judged here.
void PythonLiteral::append_utf8(uint32_t code_point) {
  if (code_point < 0x80) {
    unescaped_ += static_cast<char>(code_point);
    return;
  }
  const int more = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  const uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};
  unescaped_ += static_cast<char>(lead[more] | (code_point >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) {
    unescaped_ += static_cast<char>(0x80 | ((code_point >> (6 * i)) & 0x3f));
  }
}

std::string_view PythonLiteral::number() {
  if (kind() != Kind::number) fail("want a number");
  const size_t end = line_.find_first_not_of("+-.0123456789eE", at_);
  const std::string_view spelling = line_.substr(at_, end - at_);
  if (!parse_number(spelling)) fail("want a number");
  at_ += spelling.size();
  if (peek() == 'L') ++at_;
  return spelling;
}

std::string_view PythonLiteral::name() {
  if (kind() != Kind::name) fail("want True, False or None");
  size_t end = at_;
  while (end < line_.size() && (is_letter(line_[end]) || is_digit(line_[end]))) ++end;
  const std::string_view spelling = line_.substr(at_, end - at_);
  for (const auto& [written, name] : kNames) {
    if (spelling != written) continue;
    at_ = end;
    return name;
  }
  fail("want True, False or None");
}

void PythonLiteral::open(char bracket) {
  if (kind() != (bracket == '[' ? Kind::list : Kind::dict)) {
    fail(bracket == '[' ? "want a list" : "want a dict");
  }
  if (depth_ == kDeepest) fail(fmt::format("more than {} lists and dicts in one another", depth_));
  ++depth_;
  ++at_;
}

/// Whether another element comes; takes the comma before it or the bracket that closes.
bool PythonLiteral::more(char bracket, bool first) {
  skip_blanks();
  if (!first && peek() == ',') {
    ++at_;
    skip_blanks();  // Python allows a comma before the bracket
  } else if (!first && peek() != bracket) {
    fail(at_ == line_.size() ? fmt::format("the line ends, want \"{}\"", bracket)
                             : fmt::format("want \",\" or \"{}\"", bracket));
  }
  if (peek() != bracket) return true;
  ++at_;
  --depth_;
  return false;
}

std::string_view PythonLiteral::key() {
  const std::string_view key = text();
  skip_blanks();
  if (peek() != ':') fail("want \":\" behind the key");
  ++at_;
  return key;
}

void PythonLiteral::skip() {
  switch (kind()) {
    case Kind::text:
      text();
      break;
    case Kind::number:
      number();
      break;
    case Kind::name:
      name();
      break;
    case Kind::list:
      list([this] { skip(); });
      break;
    case Kind::dict:
      dict([this](std::string_view) { skip(); });
      break;
  }
}

void PythonLiteral::end() {
  skip_blanks();
  if (at_ != line_.size()) fail("more text behind the value");
}

}  // namespace truenext
