// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace truenext {

/// The message of the Error that `action` throws; empty when it throws none. `code` receives the
/// exit status.
template <typename Action>
std::string error_text(Action&& action, ExitCode* code = nullptr) {
  try {
    action();
  } catch (const Error& error) {
    if (code != nullptr) *code = error.code();
    return error.what();
  }
  return "";
}

}  // namespace truenext
