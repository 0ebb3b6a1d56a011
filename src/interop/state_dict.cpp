// SPDX-License-Identifier: Apache-2.0
#include "interop/state_dict.h"

#include <fstream>

#include "base/error.h"
#include "inference/safetensors.h"
#include "interop/pytorch_checkpoint.h"
#include "interop/pytorch_stream.h"

namespace truenext {
namespace {

class SafetensorsStateDict final : public StateDict {
 public:
  explicit SafetensorsStateDict(const std::filesystem::path& path) : file_(path) {
    for (const auto& [name, tensor] : file_.tensors()) tensors_.push_back({name, tensor.shape});
  }
  const std::filesystem::path& path() const override { return file_.path(); }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::vector<float> read(size_t index) const override {
    const TensorInfo& info = tensors_[index];
    const std::span<const float> values = file_.floats(info.name, info.shape);
    return {values.begin(), values.end()};
  }

 private:
  SafetensorsFile file_;
  std::vector<TensorInfo> tensors_;
};

}  // namespace

std::unique_ptr<StateDict> open_state_dict(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  check_data(stream.good(), "{}: cannot read", path.string());
  char magic[9] = {};
  stream.read(magic, sizeof(magic));
  const std::string_view begin(magic, static_cast<size_t>(stream.gcount()));
  // Behind eight bytes of length, which may look like anything, safetensors has its JSON header.
  const bool safetensors = begin.size() == sizeof(magic) && begin.back() == '{';
  if (!safetensors && begin.starts_with("PK")) return std::make_unique<PytorchCheckpoint>(path);
  if (!safetensors && begin.starts_with("\x80")) return std::make_unique<PytorchStream>(path);
  return std::make_unique<SafetensorsStateDict>(path);
}

}  // namespace truenext
