// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace truenext {

/// Exit status of the command; also says whose mistake an Error reports.
enum class ExitCode : int { ok = 0, usage = 1, data = 2, interrupted = 3 };

/// A mistake of the user or of the environment, never a bug of ours (those are asserts).
/// The message says what, where (file:line or key), what was expected and how to mend it.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Wrong command line, option or configuration: exit status 1.
template <typename... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ExitCode::usage, fmt::format(format, std::forward<Args>(args)...));
}

/// Bad or unreadable input, failed write: exit status 2.
template <typename... Args>
[[noreturn]] void fail_data(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ExitCode::data, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void check_usage(bool ok, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) fail_usage(format, std::forward<Args>(args)...);
}

template <typename... Args>
void check_data(bool ok, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) fail_data(format, std::forward<Args>(args)...);
}

}  // namespace truenext
