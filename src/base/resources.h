// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace truenext {

/// Highest resident set of this process so far, in bytes.
uint64_t peak_memory_bytes();
/// CPU seconds of all threads of this process.
double process_cpu_seconds();
/// Monotonic wall clock in seconds.
double wall_seconds();

}  // namespace truenext
