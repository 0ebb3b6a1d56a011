// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace truenext {

/// A library that is opened when it is first needed, so that nobody else pays for loading it.
struct Plugin {
  /// Where the plug-in of this file name is: beside the library that this code is in.
  static std::filesystem::path path_of(const std::string& file);
  /// A function of the plug-in, which stays open; null with the reason when there is none.
  static void* function(const std::filesystem::path& path, const char* name, std::string* reason);
};

}  // namespace truenext
