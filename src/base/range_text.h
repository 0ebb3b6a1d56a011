// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace truenext {

/// A range as people say it: "at least 1", "at most 5", "1 to 1000", "any number"; both ends are
/// allowed, infinity is no end.
std::string range_text(double low, double high);

}  // namespace truenext
