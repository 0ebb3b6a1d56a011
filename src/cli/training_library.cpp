// SPDX-License-Identifier: Apache-2.0
#include "cli/training_library.h"

#include <dlfcn.h>

#include <filesystem>

#include "base/error.h"
#include "run/run_config.h"
#include "torch/scorer_request.h"

namespace truenext::cli {

void* training_entry(const char* name) {
  Dl_info self{};
  check_data(dladdr(reinterpret_cast<const void*>(&truenext_version), &self) != 0,
             "cannot tell where libtruenext.so lies");
  const std::filesystem::path path =
      std::filesystem::path(self.dli_fname).parent_path() / "libtruenext_train.so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    fail_data("{}: the training library cannot be loaded: {}. Run scripts/setup to build it",
              path.string(), reason != nullptr ? reason : "unknown reason");
  }
  void* entry = dlsym(library, name);
  check_data(entry != nullptr, "{}: not a training library of this version", path.string());
  return entry;
}

std::unique_ptr<Scorer> scorer_on(const std::string& device, const ModelFile& model) {
  if (device == "cpu") return make_encoder_scorer(model.encoder());
  std::unique_ptr<Scorer> scorer;
  reinterpret_cast<ScorerEntry>(training_entry("truenext_scorer_entry"))(
      {device, model.description().model, model.weights()}, &scorer);
  return scorer;
}

}  // namespace truenext::cli
