// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "serve/http.h"

namespace truenext::serve {

/// The header of an answer, with the empty line at its end. `keep`: the connection stays.
/// `has_body`: it has a length, also where none is sent (HEAD). On one thread only.
std::string header_text(const HttpResponse& response, bool keep, bool has_body);

}  // namespace truenext::serve
