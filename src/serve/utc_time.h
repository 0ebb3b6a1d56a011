// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace truenext::serve {

/// Milliseconds since 1970.
int64_t now_ms();
/// "2026-11-26T17:00:00.000Z".
std::string utc_text(int64_t milliseconds);

}  // namespace truenext::serve
