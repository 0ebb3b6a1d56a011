// SPDX-License-Identifier: Apache-2.0
#include "interop/pytorch_checkpoint.h"

#include <cstring>
#include <set>

#include "base/error.h"

namespace truenext {
namespace {

constexpr uint64_t kMaxPickleBytes = uint64_t{64} << 20;

std::vector<int64_t> whole_numbers(const PickleValue& tuple) {
  std::vector<int64_t> numbers;
  for (const PickleValue* item : tuple.items) numbers.push_back(item->integer);
  return numbers;
}

TensorLayout layout_of(const PickleValue& tensor) {
  return {whole_numbers(*tensor.items[2]), whole_numbers(*tensor.items[3]),
          tensor.items[1]->integer};
}

}  // namespace

void check_layout(const TensorLayout& layout, int64_t storage_elements, const std::string& where) {
  check_data(layout.shape.size() == layout.strides.size(),
             "{}: {} dimensions with {} strides: the file is damaged", where, layout.shape.size(),
             layout.strides.size());
  check_data(layout.offset >= 0, "{}: begins at element {} of its storage", where, layout.offset);
  int64_t elements = 1;
  int64_t last = layout.offset;
  for (size_t i = 0; i < layout.shape.size(); ++i) {
    const int64_t extent = layout.shape[i];
    const int64_t stride = layout.strides[i];
    check_data(extent >= 0 && stride >= 0, "{}: negative size {} or stride {}", where, extent,
               stride);
    int64_t reach = 0;
    const bool fits = !__builtin_mul_overflow(elements, extent, &elements) &&
                      (extent == 0 || !__builtin_mul_overflow(extent - 1, stride, &reach)) &&
                      !__builtin_add_overflow(last, reach, &last);
    check_data(fits, "{}: the shape [{}] is impossibly large", where,
               fmt::join(layout.shape, ", "));
  }
  check_data(elements <= storage_elements,
             "{}: {} elements of a storage that holds {}: tensors that repeat their elements are "
             "not read",
             where, elements, storage_elements);
  check_data(elements == 0 || last < storage_elements,
             "{}: reaches to element {} of a storage that holds {}: the file is damaged", where,
             last, storage_elements);
}

std::vector<float> gather_layout(const TensorLayout& layout, std::span<const std::byte> storage) {
  int64_t elements = 1;
  for (const int64_t extent : layout.shape) elements *= extent;
  std::vector<float> values(static_cast<size_t>(elements));
  std::vector<int64_t> index(layout.shape.size(), 0);
  // The stride of a dimension of one element is never taken and can be any number.
  std::vector<int64_t> strides = layout.strides;
  for (size_t i = 0; i < strides.size(); ++i) strides[i] = layout.shape[i] > 1 ? strides[i] : 0;
  int64_t at = layout.offset;
  for (float& value : values) {
    std::memcpy(&value, storage.data() + at * static_cast<int64_t>(sizeof(float)), sizeof(float));
    for (size_t i = layout.shape.size(); i-- > 0;) {
      at += strides[i];
      if (++index[i] < layout.shape[i]) break;
      at -= strides[i] * layout.shape[i];
      index[i] = 0;
    }
  }
  return values;
}

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
  const PickleValue& dict = machine.load();
  check_data(dict.kind == PickleValue::Kind::dict,
             "{}: holds no dict of tensors; save model.state_dict()", where);
  std::set<std::string> names;
  for (size_t i = 0; i < dict.items.size(); i += 2) {
    add(folder, *dict.items[i], *dict.items[i + 1]);
    check_data(names.insert(tensors_.back().name).second, "{}: tensor {} occurs twice", where,
               tensors_.back().name);
  }
}

void PytorchCheckpoint::add(const std::string& folder, const PickleValue& name,
                            const PickleValue& tensor) {
  check_data(name.kind == PickleValue::Kind::text, "{}: an entry whose name is not a text",
             path().string());
  const std::string where = fmt::format("{}: tensor {}", path().string(), name.text);
  check_data(tensor.kind == PickleValue::Kind::tensor,
             "{}: not a tensor; save model.state_dict(), without anything around it", where);
  const PickleValue& storage = *tensor.items[0];
  const std::string entry = folder + "data/" + storage.text;
  check_data(archive_.contains(entry), "{}: its storage {} is missing", where, entry);
  int64_t bytes = 0;
  check_data(!__builtin_mul_overflow(storage.integer, int64_t{sizeof(float)}, &bytes) &&
                 archive_.size(entry) == static_cast<uint64_t>(bytes),
             "{}: its storage {} has {} bytes, expected {} float32 values", where, entry,
             archive_.size(entry), storage.integer);
  const TensorLayout layout = layout_of(tensor);
  check_layout(layout, storage.integer, where);
  tensors_.push_back({name.text, layout.shape});
  sources_.push_back({entry, layout});
}

std::vector<float> PytorchCheckpoint::read(size_t index) const {
  const Source& source = sources_[index];
  return gather_layout(source.layout, archive_.read(source.entry));
}

}  // namespace truenext
