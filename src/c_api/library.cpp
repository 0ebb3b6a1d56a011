// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>

#include "c_api/guard.h"
#include "run/run_config.h"

uint32_t truenext_abi_version() {
  return TRUENEXT_ABI_VERSION;
}

const char* truenext_version() {
  static const std::string version(truenext::truenext_version());
  return version.c_str();
}

const char* truenext_last_error() {
  return truenext::c_api::last_error();
}

void truenext_free(char* text) {
  std::free(text);
}
