// SPDX-License-Identifier: Apache-2.0
#include "data/readers/arrow_type.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <optional>

#include "base/terminal_text.h"

namespace truenext {
namespace {

using Kind = ArrowType::Kind;

/// Types that one letter names.
struct Letter {
  char letter;
  Kind kind;
  int bytes;
  bool is_signed;
  const char* name;
};
constexpr Letter kLetters[] = {
    {'u', Kind::text, 4, false, "text"},    {'U', Kind::text, 8, false, "text"},
    {'z', Kind::text, 4, false, "binary"},  {'Z', Kind::text, 8, false, "binary"},
    {'c', Kind::whole, 1, true, "int8"},    {'C', Kind::whole, 1, false, "uint8"},
    {'s', Kind::whole, 2, true, "int16"},   {'S', Kind::whole, 2, false, "uint16"},
    {'i', Kind::whole, 4, true, "int32"},   {'I', Kind::whole, 4, false, "uint32"},
    {'l', Kind::whole, 8, true, "int64"},   {'L', Kind::whole, 8, false, "uint64"},
    {'f', Kind::real, 4, true, "float32"},  {'g', Kind::real, 8, true, "float64"},
    {'b', Kind::truth, 0, false, "bool"},   {'e', Kind::refused, 2, true, "half float"},
    {'n', Kind::refused, 0, false, "null"},
};

/// How formats begin that are known and not read.
struct Refused {
  std::string_view begin;
  const char* name;
};
constexpr Refused kRefused[] = {
    {"w:", "fixed-size binary"},
    {"tt", "time of day"},
    {"tD", "duration"},
    {"ti", "interval"},
    {"+l", "list"},
    {"+L", "list"},
    {"+vl", "list view"},
    {"+vL", "list view"},
    {"+w:", "fixed-size list"},
    {"+s", "struct"},
    {"+m", "map"},
    {"+u", "union"},
    {"+r", "run-end encoded"},
};

/// "tsu:Europe/Berlin": microseconds since 1970 in UTC, shown in Berlin; without a zone by a clock
/// that is not known and taken as UTC, as in text.
bool read_timestamp(std::string_view format, ArrowType& type) {
  if (!format.starts_with("ts") || format.size() < 4 || format[3] != ':') return false;
  constexpr std::string_view kUnits = "smun";
  const size_t unit = kUnits.find(format[2]);
  if (unit == std::string_view::npos) return false;
  for (size_t i = 0; i < unit; ++i) type.per_second *= 1000;
  type.kind = Kind::moment;
  type.bytes = 8;
  type.form = format.size() > 4 ? TimeForm::zoned : TimeForm::unzoned;
  type.name = "timestamp";
  return true;
}

bool read_date(std::string_view format, ArrowType& type) {
  if (format != "tdD" && format != "tdm") return false;
  const bool days = format == "tdD";
  type.kind = Kind::moment;
  type.bytes = days ? 4 : 8;
  type.seconds = days ? 86400 : 1;
  type.per_second = days ? 1 : 1000;
  type.form = TimeForm::day;
  type.name = "date";
  return true;
}

std::optional<int> number_at(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.starts_with(',')) text.remove_prefix(1);
  return number;
}

/// "d:19,0" or "d:19,0,64": digits, digits behind the point, bits.
bool read_decimal(std::string_view format, ArrowType& type) {
  if (!format.starts_with("d:")) return false;
  format.remove_prefix(2);
  type.name = "decimal";
  const std::optional<int> digits = number_at(format), scale = number_at(format);
  if (!digits || !scale) return true;
  const int bits = format.empty() ? 128 : number_at(format).value_or(0);
  if (*scale != 0) {
    type.name = fmt::format("decimal with scale {}", *scale);
  } else if (bits == 32 || bits == 64 || bits == 128) {
    type.kind = Kind::decimal;
    type.bytes = bits / 8;
    type.is_signed = true;
  } else {
    type.name = fmt::format("decimal of {} bits", bits);
  }
  return true;
}

}  // namespace

ArrowType ArrowType::of(std::string_view format) {
  ArrowType type;
  type.format = format;
  type.name = "unknown type";
  for (const Letter& known : kLetters) {
    if (format.size() != 1 || format[0] != known.letter) continue;
    type.kind = known.kind;
    type.bytes = known.bytes;
    type.is_signed = known.is_signed;
    type.name = known.name;
    return type;
  }
  if (format == "vu" || format == "vz") {
    type.kind = Kind::view;
    type.name = format == "vu" ? "text" : "binary";
    return type;
  }
  if (read_timestamp(format, type) || read_date(format, type) || read_decimal(format, type)) {
    return type;
  }
  for (const Refused& known : kRefused) {
    if (format.starts_with(known.begin)) type.name = known.name;
  }
  return type;
}

std::string ArrowType::text() const {
  return fmt::format("{} (Arrow format \"{}\")", name, excerpt(format));
}

}  // namespace truenext
