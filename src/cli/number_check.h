// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>

namespace truenext::cli {

/// What a number on the command line may be; both ends are allowed unless said.
struct NumberCheck {
  bool whole = true;  ///< 1.5 and 1e6 are refused
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool above = false;  ///< `low` itself is not allowed
  bool is_signed = true;
  double most = std::numeric_limits<double>::infinity();  ///< that the type holds

  /// What is wrong with a text, in the words of a message; empty when nothing is.
  std::string complaint(const std::string& text) const;
  /// "at least 1" and so on, empty when every number will do.
  std::string description() const;
};

/// The check of a type without further bounds.
template <typename T>
NumberCheck check_of() {
  NumberCheck check;
  check.whole = std::numeric_limits<T>::is_integer;
  check.is_signed = std::numeric_limits<T>::is_signed;
  if (check.whole) check.most = static_cast<double>(std::numeric_limits<T>::max());
  if (!check.is_signed) check.low = 0;
  return check;
}

}  // namespace truenext::cli
