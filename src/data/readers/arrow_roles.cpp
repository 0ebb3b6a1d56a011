// SPDX-License-Identifier: Apache-2.0
#include "data/readers/arrow_roles.h"

#include "base/error.h"
#include "base/terminal_text.h"

namespace truenext {
namespace {

using Kind = ArrowType::Kind;

const char* word_of(ColumnRole role) {
  return role == ColumnRole::user   ? "user"
         : role == ColumnRole::item ? "item"
         : role == ColumnRole::time ? "time"
                                    : "value";
}

bool fits(ColumnRole role, Kind kind) {
  if (kind == Kind::refused) return false;
  if (role == ColumnRole::time) return kind != Kind::truth;
  return kind != Kind::moment;
}

/// What to do about it.
std::string remedy(ColumnRole role, const ArrowType& type) {
  const std::string& name = type.name;
  if (name == "null") {
    return fmt::format("every value of it is missing; --{}-column names another one",
                       word_of(role));
  }
  if (name == "list" || name == "list view" || name == "fixed-size list") {
    return "explode it, so that each row is one event";
  }
  if (name == "struct") return "take the field of it that is meant as a column";
  if (role == ColumnRole::value) return "cast it to float64";
  if (role != ColumnRole::time) {
    return type.kind == Kind::moment || !name.starts_with("decimal") ? "cast it to text"
                                                                     : "cast it to int64 or text";
  }
  if (name == "time of day") return "join it with the day into a timestamp";
  if (name == "duration") {
    return "add it to a timestamp, or cast it to int64 if its order is all that counts";
  }
  return name.starts_with("decimal") || name == "half float" ? "cast it to float64 or int64"
                                                             : "cast it to timestamp or int64";
}

}  // namespace

void check_arrow_role(ColumnRole role, const ArrowColumn& column, const std::string& where) {
  const ArrowType& type = column.type();
  check_data(fits(role, type.kind),
             "{}: column \"{}\" is taken for the {} and has the type {}, which is not read as one; "
             "{}",
             where, excerpt(column.name()), word_of(role), type.text(), remedy(role, type));
}

}  // namespace truenext
