// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

namespace truenext {

/// A value of a JSON file as a whole number. Throws the library's type_error, as its own
/// conversions do, where it is none or does not fit; those turn 1e30 into an integer without a
/// word, which C++ does not define.
template <typename Json>
int64_t whole_number(const Json& value) {
  const bool fits =
      value.is_number_integer() &&
      (!value.is_number_unsigned() ||
       value.template get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
  if (!fits) {
    throw Json::type_error::create(302, "a whole number was expected", &value);
  }
  return value.template get<int64_t>();
}

}  // namespace truenext
