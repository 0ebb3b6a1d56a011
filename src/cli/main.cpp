// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <new>
#include <system_error>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "cli/program.h"
#include "cli/standard_streams.h"

namespace truenext::cli {
namespace {

/// Success is when what was printed has arrived, too.
ExitCode run_and_flush(int argc, char** argv) {
  try {
    const ExitCode code = Program().run(argc, argv);
    flush_output();
    return code;
  } catch (const std::system_error& error) {  // of fmt::print
    if (output_failed()) fail_output(error.code().value());
    throw;
  }
}

}  // namespace
}  // namespace truenext::cli

int main(int argc, char** argv) {
  using truenext::ExitCode;
  try {
    truenext::guard_standard_streams();
    truenext::catch_interrupts();
    return static_cast<int>(truenext::cli::run_and_flush(argc, argv));
  } catch (const truenext::ReaderLeft&) {
    return static_cast<int>(ExitCode::ok);
  } catch (const truenext::Error& error) {
    truenext::log_message(truenext::LogLevel::error, error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    truenext::log_message(truenext::LogLevel::error, "out of memory");
    return static_cast<int>(ExitCode::data);
  } catch (const std::filesystem::filesystem_error& error) {
    truenext::log_message(truenext::LogLevel::error,
                          fmt::format("{}: {}", error.path1().string(), error.code().message()));
    return static_cast<int>(ExitCode::data);
  } catch (const std::exception& error) {
    truenext::log_message(truenext::LogLevel::error, fmt::format("internal: {}", error.what()));
    return static_cast<int>(ExitCode::data);
  }
}
