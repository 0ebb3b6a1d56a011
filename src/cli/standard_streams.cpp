// SPDX-License-Identifier: Apache-2.0
#include "cli/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "base/error.h"

namespace truenext {

void guard_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is given, which is this one. Messages may go nowhere; data may not.
    const int mode = descriptor == STDOUT_FILENO ? O_RDONLY : O_WRONLY;
    if (::open("/dev/null", mode) < 0) return;
  }
  std::signal(SIGPIPE, SIG_IGN);
}

bool output_failed() {
  return std::ferror(stdout) != 0;
}

void fail_output(int error) {
  if (error == EPIPE) throw ReaderLeft();
  fail_data("standard output: cannot write: {}; what was written there is not complete",
            std::strerror(error == 0 ? EIO : error));
}

void flush_output() {
  errno = 0;
  std::cout.flush();
  const bool flushed = std::fflush(stdout) == 0;
  if (!flushed || output_failed()) fail_output(errno);
}

}  // namespace truenext
