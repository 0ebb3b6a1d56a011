// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>

#include "base/error.h"
#include "support/temporary_folder.h"

namespace truenext::test {

/// Writes without the guarantees, and the waiting, of AtomicFile.
inline void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string file_bytes(const std::filesystem::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

/// What an Error said and with which exit status; `code` is ok when there was none.
struct Caught {
  std::string message;
  ExitCode code = ExitCode::ok;
  bool says(std::string_view part) const { return message.find(part) != std::string::npos; }
};

inline Caught caught(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return {error.what(), error.code()};
  }
  return {};
}

}  // namespace truenext::test
