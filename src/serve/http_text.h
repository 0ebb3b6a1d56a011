// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "serve/http.h"

namespace truenext::serve {

/// The header of an answer, with the empty line at its end. `reason`: the words for its status.
/// `keep`: the connection stays. `has_body`: it has a length, also where none is sent (HEAD). On
/// one thread only.
std::string header_text(const HttpResponse& response, std::string_view reason, bool keep,
                        bool has_body);

}  // namespace truenext::serve
