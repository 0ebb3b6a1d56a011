// SPDX-License-Identifier: Apache-2.0
#include "serve/http_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <iterator>
#include <string_view>

namespace truenext::serve {
namespace {

/// Made anew once a second.
const std::string& date_text() {
  static std::time_t last = 0;
  static std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != last) {
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
    last = now;
  }
  return text;
}

}  // namespace

std::string header_text(const HttpResponse& response, std::string_view reason, bool keep,
                        bool has_body) {
  std::string text;
  text.reserve(512);
  const auto add = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  fmt::format_to(std::back_inserter(text), "HTTP/1.1 {} {}\r\n", response.status, reason);
  add("Date", date_text());
  add("Server", "truenext");
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  if (has_body) add("Content-Length", std::to_string(response.body.size()));
  add("Connection", keep ? "keep-alive" : "close");
  return text += "\r\n";
}

}  // namespace truenext::serve
