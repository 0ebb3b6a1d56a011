// SPDX-License-Identifier: Apache-2.0
#include "interop/pytorch_checkpoint.h"

#include <cstring>

#include "base/error.h"
#include "interop/pickle_machine.h"

namespace truenext {
namespace {

constexpr uint64_t kMaxPickleBytes = uint64_t{64} << 20;

}  // namespace

PytorchCheckpoint::PytorchCheckpoint(const std::filesystem::path& path) : archive_(path) {
  const std::string where = path.string();
  const std::string pickle = archive_.find_in_top_folder("data.pkl");
  check_data(!pickle.empty(), "{}: a ZIP file without data.pkl: not a checkpoint of torch.save",
             where);
  const std::string folder = pickle.substr(0, pickle.size() - std::strlen("data.pkl"));
  if (archive_.contains(folder + "byteorder")) {
    const std::span<const std::byte> order = archive_.read(folder + "byteorder");
    const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
    check_data(text == "little", "{}: byte order \"{}\"; only little-endian files are read", where,
               text);
  }
  check_data(archive_.size(pickle) <= kMaxPickleBytes,
             "{}: {} has {} bytes, more than a state dict needs", where, pickle,
             archive_.size(pickle));
  PickleMachine machine(archive_.read(pickle), fmt::format("{}: {}", where, pickle));
  for (const PickledTensor& tensor : pickled_tensors(machine.load(), where)) add(folder, tensor);
}

void PytorchCheckpoint::add(const std::string& folder, const PickledTensor& tensor) {
  const std::string where = fmt::format("{}: tensor {}", path().string(), tensor.name);
  const std::string entry = folder + "data/" + tensor.storage;
  check_data(archive_.contains(entry), "{}: its storage {} is missing", where, entry);
  int64_t bytes = 0;
  check_data(!__builtin_mul_overflow(tensor.storage_elements, int64_t{sizeof(float)}, &bytes) &&
                 archive_.size(entry) == static_cast<uint64_t>(bytes),
             "{}: its storage {} has {} bytes, expected {} float32 values", where, entry,
             archive_.size(entry), tensor.storage_elements);
  check_layout(tensor.layout, tensor.storage_elements, where);
  tensors_.push_back({tensor.name, tensor.layout.shape});
  sources_.push_back({entry, tensor.layout});
}

std::vector<float> PytorchCheckpoint::read(size_t index) const {
  const Source& source = sources_[index];
  return gather_layout(source.layout, archive_.read(source.entry));
}

}  // namespace truenext
