// SPDX-License-Identifier: Apache-2.0
#include "serve/http_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/utf8.h"

namespace truenext::serve {
namespace {

Problem bad(std::string detail) {
  return {"bad-framing", std::move(detail), {}};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port.
bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 255) return false;
  const bool brackets = host.front() == '[';
  const size_t end = brackets ? host.find(']') : host.find(':');
  if (brackets && end == std::string_view::npos) return false;
  const std::string_view name = host.substr(brackets ? 1 : 0, end - (brackets ? 1 : 0));
  if (name.empty()) return false;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ||
                       (brackets ? c == ':' || c == '%' : c == '_');
    if (!plain) return false;
  }
  std::string_view rest =
      end == std::string_view::npos ? "" : host.substr(end + (brackets ? 1 : 0));
  if (rest.empty()) return true;
  if (rest.front() != ':') return false;
  rest.remove_prefix(1);
  return rest.size() <= 5 &&
         std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string ascii_lower(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return low;
}

std::optional<Problem> check_framing(const HttpRequest& request, Target* target) {
  if (request.version != 10 && request.version != 11) {
    return Problem{"http-version", "want HTTP/1.1", {}};
  }
  const int encodings = request.count("transfer-encoding");
  if (encodings > 0) {
    if (request.version < 11) return bad("Transfer-Encoding needs HTTP/1.1");
    if (encodings > 1 || ascii_lower(request.header("transfer-encoding")) != "chunked") {
      return bad("Transfer-Encoding must be chunked, once");
    }
    if (request.count("content-length") > 0) {
      return bad("Transfer-Encoding and Content-Length exclude each other");
    }
  }
  if (request.count("content-length") > 1) return bad("Content-Length stands twice");
  const int hosts = request.count("host");
  if (hosts > 1) return bad("Host stands twice");
  if (hosts == 0 && request.version == 11) return bad("Host is missing");
  if (hosts == 1 && !is_host(request.header("host"))) return bad("Host is no name or address");
  if (request.count("inference-header-content-length") > 0) {
    return Problem{"invalid-request", "binary tensors are not read, send JSON", {}};
  }
  try {
    Target parts = parse_target(request.target);
    if (target != nullptr) *target = std::move(parts);
  } catch (const ProblemError& error) {
    return error.problem();
  }
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

Target parse_target(std::string_view target) {
  if (target.size() > kMostTargetBytes) {
    refuse("uri-too-long", fmt::format("the target has {} bytes, at most {} are read",
                                       target.size(), kMostTargetBytes));
  }
  const auto decoded = [](std::string_view text, bool plus) {
    auto plain = percent_decoded(text, plus);
    if (!plain) refuse("bad-framing", "the target is not percent-encoded UTF-8");
    return *plain;
  };
  if (target.empty() || target.front() != '/') {
    refuse("bad-framing", "the target must begin with /");
  }
  const size_t mark = target.find('?');
  std::string_view path = target.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  Target parts;
  while (true) {
    const size_t end = path.find('/');
    parts.segments.push_back(decoded(path.substr(0, end), false));
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  std::string_view query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    parts.query.emplace_back(
        decoded(pair.substr(0, equals), true),
        equals == std::string_view::npos ? "" : decoded(pair.substr(equals + 1), true));
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return parts;
}

std::string host_name(std::string_view host) {
  const size_t end = host.starts_with("[") ? host.find(']') : host.find(':');
  if (end == std::string_view::npos) return ascii_lower(host);
  return ascii_lower(host.substr(0, host.starts_with("[") ? end + 1 : end));
}

}  // namespace truenext::serve
