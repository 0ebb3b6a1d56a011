// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace truenext::serve {

/// A file of src/serve/embedded by its name; empty when there is none of it.
std::string_view embedded_file(std::string_view name);

}  // namespace truenext::serve
