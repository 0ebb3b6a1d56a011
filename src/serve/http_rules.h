// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http.h"
#include "serve/problem.h"

namespace truenext::serve {

constexpr size_t kMostTargetBytes = 2048;

/// What a parser of HTTP lets through and a server must not (RFC 9112, sections 3.2, 6.1, 6.3):
/// looked at when the header is there, before any byte of the body. Nothing when all is well.
/// `target` gets the parts of the target, where all is well.
std::optional<Problem> check_framing(const HttpRequest& request, Target* target = nullptr);

/// The parts of a target in origin form. Throws bad-framing, uri-too-long.
Target parse_target(std::string_view target);

/// A percent-encoded text; nothing where an escape is broken, a NUL hides or it is no UTF-8.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank);

/// Letters of ASCII in lower case, the rest as it is.
std::string ascii_lower(std::string_view text);

/// Host without the port, in lower case: "[::1]", "example.com".
std::string host_name(std::string_view host);

}  // namespace truenext::serve
