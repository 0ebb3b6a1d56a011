// SPDX-License-Identifier: Apache-2.0
#include "train/devices/devices.h"

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/plugin.h"

namespace truenext {
namespace {

constexpr const char* kPlugin = "libtruenext_torch.so";
constexpr const char* kBuild =
    "with `scripts/setup --with-torch` (Python package: `python -m truenext.build_device`)";

std::filesystem::path plugin_path() {
  const char* given = std::getenv("TRUENEXT_TORCH_PLUGIN");
  return given != nullptr && *given != '\0' ? given : Plugin::path_of(kPlugin);
}

Devices& load() {
  const std::filesystem::path path = plugin_path();
  std::error_code ignored;
  check_usage(std::filesystem::exists(path, ignored),
              "--device: {} is not there; build it {}, which takes your PyTorch 2.7 or newer "
              "(docs/devices.md), or compute with --device cpu",
              path.string(), kBuild);
  std::string reason;
  void* entry = Plugin::function(path, "truenext_devices", &reason);
  check_usage(entry != nullptr, "--device: {} cannot be used: {}; build it again {}", path.string(),
              reason, kBuild);
  Devices* found = reinterpret_cast<DevicesEntry>(entry)(truenext_version().c_str());
  check_usage(found != nullptr,
              "--device: {} was built for another version than {}; build it again {}",
              path.string(), truenext_version(), kBuild);
  return *found;
}

}  // namespace

Devices& devices() {
  static Devices& loaded = load();
  return loaded;
}

}  // namespace truenext
