// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace truenext::serve {

/// A request as the rest of the server sees it, whatever read it.
struct HttpRequest {
  std::string method, target;
  int version = 11;                                          ///< 10 or 11
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in order
  std::string body;

  /// The first value of a header, empty without one.
  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
  int count(std::string_view name) const {
    int found = 0;
    for (const auto& header : headers) found += header.first == name;
    return found;
  }
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
  bool close = false;  ///< the connection ends after it
};

/// Parts of a target in origin form.
struct Target {
  std::vector<std::string> segments;  ///< of the path, percent-decoded
  std::vector<std::pair<std::string, std::string>> query;
};

}  // namespace truenext::serve
