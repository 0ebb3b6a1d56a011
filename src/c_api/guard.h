// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <truenext/truenext.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace truenext::c_api {

/// Runs what a function of the interface does. Nothing is thrown out of it: what was is kept as
/// truenext_last_error() of this thread, and its status returned.
truenext_status guarded(const std::function<void()>& body) noexcept;

/// truenext_last_error().
const char* last_error() noexcept;

/// A copy that truenext_free() frees.
char* copy_text(std::string_view text);

/// Usage Error naming an argument that may not be NULL.
void check_given(const void* pointer, const char* name);

/// Usage Error unless a struct of a caller is at least as long as its first version.
void check_size(uint32_t size, size_t expected, const char* name);

/// A number that is asked for: 0 = all processors of this process. Usage Error when it is none.
int checked_threads(int32_t threads);

}  // namespace truenext::c_api
