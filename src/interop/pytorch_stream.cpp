// SPDX-License-Identifier: Apache-2.0
#include "interop/pytorch_stream.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "interop/pickle_machine.h"

namespace truenext {
namespace {

constexpr int64_t kStreamProtocol = 1001;

/// The pickle of the number 0x1950a86a20f9469cfc6c, which is too long for the machine.
constexpr std::array<uint8_t, 15> kStreamMagic = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                                  0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

void check_magic(std::span<const std::byte> bytes, const std::string& where) {
  check_data(bytes.size() >= kStreamMagic.size() &&
                 std::memcmp(bytes.data(), kStreamMagic.data(), kStreamMagic.size()) == 0,
             "{}: a pickle without the magic number of torch.save; want a state dict saved by "
             "torch.save, or safetensors",
             where);
}

void check_machine(const PickleValue& machine, const std::string& where) {
  check_data(machine.kind == PickleValue::Kind::dict,
             "{}: says no byte order where torch.save does: the file is damaged", where);
  bool little = false;
  for (size_t i = 0; i < machine.items.size(); i += 2) {
    const PickleValue& key = *machine.items[i];
    const PickleValue& value = *machine.items[i + 1];
    if (key.kind == PickleValue::Kind::text && key.text == "little_endian") {
      little = value.kind == PickleValue::Kind::boolean && value.integer == 1;
    }
  }
  check_data(little, "{}: not said to be little-endian; only such files are read", where);
}

/// How many elements the pickle says that each storage has.
std::map<std::string, int64_t> claimed_sizes(const PickleMachine& machine,
                                             const std::string& where) {
  std::map<std::string, int64_t> sizes;
  for (const PickleValue* storage : machine.storages()) {
    const auto [claim, first] = sizes.emplace(storage->text, storage->integer);
    check_data(first || claim->second == storage->integer,
               "{}: storage {} has {} elements here and {} elsewhere", where, storage->text,
               storage->integer, claim->second);
  }
  return sizes;
}

}  // namespace

PytorchStream::PytorchStream(const std::filesystem::path& path) : path_(path), file_(path) {
  const std::string where = path.string();
  check_magic(file_.bytes(), where);
  PickleMachine machine(file_.bytes(), where, kStreamMagic.size());
  const PickleValue& protocol = machine.load();
  check_data(protocol.kind == PickleValue::Kind::integer && protocol.integer == kStreamProtocol,
             "{}: not of protocol {}, the only one that torch.save wrote", where, kStreamProtocol);
  check_machine(machine.load(), where);
  sources_ = pickled_tensors(machine.load(), where);
  const std::map<std::string, int64_t> sizes = claimed_sizes(machine, where);
  const PickleValue& keys = machine.load();
  storages_ = take_storages(keys, sizes, machine.position());
  for (const PickledTensor& tensor : sources_) {
    const std::string name = fmt::format("{}: tensor {}", where, tensor.name);
    check_data(storages_.contains(tensor.storage), "{}: its storage {} is missing", name,
               tensor.storage);
    check_layout(tensor.layout, tensor.storage_elements, name);
    tensors_.push_back({tensor.name, tensor.layout.shape});
  }
}

PytorchStream::Storages PytorchStream::take_storages(const PickleValue& keys,
                                                     const std::map<std::string, int64_t>& sizes,
                                                     size_t position) const {
  const std::string where = path_.string();
  check_data(keys.kind == PickleValue::Kind::list, "{}: has no list of storages", where);
  std::span<const std::byte> rest = file_.bytes().subspan(position);
  Storages storages;
  for (const PickleValue* key : keys.items) {
    check_data(key->kind == PickleValue::Kind::text, "{}: a storage whose key is not a text",
               where);
    const std::string storage = fmt::format("{}: storage {}", where, key->text);
    const auto claim = sizes.find(key->text);
    check_data(claim != sizes.end(), "{} belongs to no tensor", storage);
    int64_t count = 0;
    check_data(rest.size() >= sizeof count, "{} is missing: the file is cut", storage);
    std::memcpy(&count, rest.data(), sizeof count);
    rest = rest.subspan(sizeof count);
    check_data(count == claim->second, "{} has {} elements, expected {}", storage, count,
               claim->second);
    check_data(static_cast<uint64_t>(count) <= rest.size() / sizeof(float),
               "{} has {} float32 values, and {} bytes are left: the file is cut or damaged",
               storage, count, rest.size());
    const size_t bytes = static_cast<size_t>(count) * sizeof(float);
    check_data(storages.emplace(key->text, rest.first(bytes)).second, "{} occurs twice", storage);
    rest = rest.subspan(bytes);
  }
  check_data(rest.empty(), "{}: {} bytes behind the last storage: the file is damaged", where,
             rest.size());
  return storages;
}

std::vector<float> PytorchStream::read(size_t index) const {
  const PickledTensor& source = sources_[index];
  return gather_layout(source.layout, storages_.at(source.storage));
}

}  // namespace truenext
