// SPDX-License-Identifier: Apache-2.0
#include "c_api/guard.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>

#include "base/error.h"
#include "base/thread_pool.h"

namespace truenext::c_api {
namespace {

thread_local std::string error_of_thread;

truenext_status keep(truenext_status status, const std::string& message) noexcept {
  try {
    error_of_thread = message;
  } catch (const std::bad_alloc&) {
    error_of_thread.clear();
  }
  return status;
}

truenext_status status_of(ExitCode code) {
  switch (code) {
    case ExitCode::usage:
      return TRUENEXT_USAGE;
    case ExitCode::interrupted:
      return TRUENEXT_INTERRUPTED;
    default:
      return TRUENEXT_DATA;
  }
}

truenext_status keep_current() {
  try {
    throw;
  } catch (const Error& error) {
    return keep(status_of(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return keep(TRUENEXT_MEMORY, "out of memory");
  } catch (const std::filesystem::filesystem_error& error) {
    return keep(TRUENEXT_DATA,
                fmt::format("{}: {}", error.path1().string(), error.code().message()));
  } catch (const std::exception& error) {
    return keep(TRUENEXT_INTERNAL, fmt::format("internal: {}", error.what()));
  } catch (...) {
    return keep(TRUENEXT_INTERNAL, "internal: something that is no std::exception was thrown");
  }
}

}  // namespace

truenext_status guarded(const std::function<void()>& body) noexcept {
  try {
    body();
    return TRUENEXT_OK;
  } catch (...) {
    try {
      return keep_current();
    } catch (...) {  // even the words found no memory
      return keep(TRUENEXT_MEMORY, {});
    }
  }
}

const char* last_error() noexcept {
  return error_of_thread.c_str();
}

char* copy_text(std::string_view text) {
  char* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

void check_given(const void* pointer, const char* name) {
  check_usage(pointer != nullptr, "{}: may not be NULL", name);
}

void check_size(uint32_t size, size_t expected, const char* name) {
  check_usage(size >= expected, "{}: size is {}; set it to sizeof, at least {}", name, size,
              expected);
}

int checked_threads(int32_t threads) {
  check_usage(threads >= 0 && threads <= kMaxThreads,
              "threads {}: want 0 to {}, where 0 is all processors that this process may use ({})",
              threads, kMaxThreads, available_threads());
  return threads > 0 ? threads : available_threads();
}

}  // namespace truenext::c_api
