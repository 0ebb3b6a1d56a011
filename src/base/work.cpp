// SPDX-License-Identifier: Apache-2.0
#include "base/work.h"

namespace truenext {
namespace {

thread_local Work* work_of_thread = nullptr;

}  // namespace

Work* current_work() {
  return work_of_thread;
}

WorkScope::WorkScope(Work* work) : before_(work_of_thread) {
  work_of_thread = work;
}

WorkScope::~WorkScope() {
  work_of_thread = before_;
}

}  // namespace truenext
