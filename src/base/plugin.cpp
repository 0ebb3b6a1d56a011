// SPDX-License-Identifier: Apache-2.0
#include "base/plugin.h"

#include <dlfcn.h>

namespace truenext {

std::filesystem::path Plugin::path_of(const std::string& file) {
  Dl_info self{};
  if (dladdr(reinterpret_cast<const void*>(&Plugin::path_of), &self) == 0) return file;
  return std::filesystem::path(self.dli_fname).parent_path() / file;
}

void* Plugin::function(const std::filesystem::path& path, const char* name, std::string* reason) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* found = library ? dlsym(library, name) : nullptr;
  if (found == nullptr) {
    const char* text = dlerror();
    *reason = text != nullptr ? text : "unknown reason";
  }
  return found;
}

}  // namespace truenext
