// SPDX-License-Identifier: Apache-2.0
#include "train/devices/devices.h"

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/plugin.h"

namespace truenext {
namespace {

constexpr const char* kPlugin = "libtruenext_torch.so";

std::filesystem::path plugin_path() {
  const char* given = std::getenv("TRUENEXT_TORCH_PLUGIN");
  return given != nullptr && *given != '\0' ? given : Plugin::path_of(kPlugin);
}

Devices& load() {
  const std::filesystem::path path = plugin_path();
  std::error_code ignored;
  check_usage(std::filesystem::exists(path, ignored),
              "--device: {} is not there; build it with `scripts/setup --with-torch`, which takes "
              "your PyTorch 2.7 or newer (docs/devices.md), or compute with --device cpu",
              path.string());
  std::string reason;
  void* entry = Plugin::function(path, "truenext_devices", &reason);
  check_usage(entry != nullptr,
              "--device: {} cannot be used: {}; build it again with `scripts/setup --with-torch`",
              path.string(), reason);
  Devices* found = reinterpret_cast<DevicesEntry>(entry)(truenext_version().c_str());
  check_usage(found != nullptr,
              "--device: {} was built for another version than {}; build it again with "
              "`scripts/setup --with-torch`",
              path.string(), truenext_version());
  return *found;
}

}  // namespace

Devices& devices() {
  static Devices& loaded = load();
  return loaded;
}

}  // namespace truenext
