// SPDX-License-Identifier: Apache-2.0
#include "base/interrupt.h"

#include <atomic>
#include <csignal>

#include "base/work.h"

namespace truenext {
namespace {

// Set by a signal handler and read by workers: lock-free atomics are allowed in both.
std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int signal) {
  flag = true;
  std::signal(signal, SIG_DFL);  // the second one is meant
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() {
  const Work* const work = current_work();
  return work != nullptr ? work->stopped() : flag.load();
}

void set_interrupted(bool value) {
  flag = value;
}

}  // namespace truenext
