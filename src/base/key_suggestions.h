// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace truenext {

/// Which of the known dotted keys somebody may have meant by an unknown one: those that end in the
/// same name ("hidden_size"), those that the name is called elsewhere ("lr", "maxlen"), else the
/// nearest by spelling. Empty when nothing is near.
std::vector<std::string> suggested_keys(std::string_view key,
                                        const std::vector<std::string>& known);

}  // namespace truenext
