// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

namespace truenext {

/// Whoever read standard output has left (`| head`). No mistake: the command stops without a word.
class ReaderLeft : public std::exception {
 public:
  const char* what() const noexcept override { return "nobody reads standard output any more"; }
};

/// For the begin of main(). Descriptors 0 to 2 that the caller closed are opened on /dev/null, in a
/// way that using them is an error: otherwise the next file opened would get their number, and
/// what is printed. A closed pipe becomes an error of the write instead of a signal that leaves
/// temporary files behind, or ends a training because nobody reads its log.
void guard_standard_streams();

/// Writes out what standard output still holds. Data Error with the system's reason when anything
/// written there, now or earlier, was lost; ReaderLeft when that is because nobody reads.
void flush_output();

/// The same after fmt::print threw: `error` is the number the system gave.
[[noreturn]] void fail_output(int error);

/// Whether a write to standard output failed.
bool output_failed();

}  // namespace truenext
