// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http.h"

namespace truenext::serve {

/// What is wrong with one field of a request.
struct FieldError {
  std::string pointer;  ///< JSON pointer (RFC 6901)
  std::string detail;
};

/// An answer that is no success: a problem document (RFC 9457).
struct Problem {
  std::string type;  ///< the end of the URN, one of problem_kinds()
  std::string detail;
  std::vector<FieldError> errors{};
};

/// What all problems of a type have in common.
struct ProblemKind {
  const char* type;
  int status;
  const char* title;
  int retry_after = 0;  ///< seconds, 0 = the header is left out
  bool close = false;   ///< the connection ends
};
const std::vector<ProblemKind>& problem_kinds();
const ProblemKind& kind_of(std::string_view type);

/// Thrown by whoever handles a request.
class ProblemError : public std::exception {
 public:
  explicit ProblemError(Problem problem) : problem_(std::move(problem)) {}
  const Problem& problem() const { return problem_; }
  const char* what() const noexcept override { return problem_.detail.c_str(); }

 private:
  Problem problem_;
};
[[noreturn]] void refuse(std::string type, std::string detail);

HttpResponse problem_response(const Problem& problem, const std::string& request_id);
/// The document alone, as it stands inside the answer of a batch.
std::string problem_json(const Problem& problem, const std::string& request_id);

}  // namespace truenext::serve
