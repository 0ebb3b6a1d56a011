// SPDX-License-Identifier: Apache-2.0
#include "interop/tensor_layout.h"

#include <cstring>
#include <set>

#include "base/error.h"

namespace truenext {
namespace {

std::vector<int64_t> whole_numbers(const PickleValue& tuple) {
  std::vector<int64_t> numbers;
  for (const PickleValue* item : tuple.items) numbers.push_back(item->integer);
  return numbers;
}

PickledTensor pickled_tensor(const PickleValue& name, const PickleValue& tensor,
                             const std::string& where) {
  check_data(name.kind == PickleValue::Kind::text, "{}: an entry whose name is not a text", where);
  check_data(tensor.kind == PickleValue::Kind::tensor,
             "{}: tensor {}: not a tensor; save model.state_dict(), by itself or in a dict as "
             "\"model_state_dict\"",
             where, name.text);
  const PickleValue& storage = *tensor.items[0];
  return {
      name.text,
      storage.text,
      storage.integer,
      {whole_numbers(*tensor.items[2]), whole_numbers(*tensor.items[3]), tensor.items[1]->integer}};
}

bool holds_tensors_alone(const PickleValue& value) {
  if (value.kind != PickleValue::Kind::dict || value.items.empty()) return false;
  for (size_t i = 1; i < value.items.size(); i += 2) {
    if (value.items[i]->kind != PickleValue::Kind::tensor) return false;
  }
  return true;
}

/// Under whatever key it is, where there are no two of them and no tensor beside it.
const PickleValue& only_state_dict(const PickleValue& saved) {
  const PickleValue* found = nullptr;
  for (size_t i = 1; i < saved.items.size(); i += 2) {
    const PickleValue& value = *saved.items[i];
    if (value.kind == PickleValue::Kind::tensor) return saved;
    if (!holds_tensors_alone(value)) continue;
    if (found != nullptr) return saved;
    found = &value;
  }
  return found != nullptr ? *found : saved;
}

/// The dict of the model in a checkpoint that has more than that.
const PickleValue& state_dict_of(const PickleValue& saved) {
  for (size_t i = 0; i + 1 < saved.items.size(); i += 2) {
    const PickleValue& key = *saved.items[i];
    const PickleValue& value = *saved.items[i + 1];
    const bool named = key.kind == PickleValue::Kind::text &&
                       (key.text == "model_state_dict" || key.text == "state_dict");
    if (named && value.kind == PickleValue::Kind::dict) return value;
  }
  return only_state_dict(saved);
}

}  // namespace

std::vector<PickledTensor> pickled_tensors(const PickleValue& saved, const std::string& where) {
  const PickleValue& dict = saved.kind == PickleValue::Kind::dict ? state_dict_of(saved) : saved;
  check_data(dict.kind == PickleValue::Kind::dict,
             "{}: holds no dict of tensors; save model.state_dict()", where);
  std::vector<PickledTensor> tensors;
  std::set<std::string> names;
  for (size_t i = 0; i < dict.items.size(); i += 2) {
    tensors.push_back(pickled_tensor(*dict.items[i], *dict.items[i + 1], where));
    check_data(names.insert(tensors.back().name).second, "{}: tensor {} occurs twice", where,
               tensors.back().name);
  }
  return tensors;
}

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

}  // namespace truenext
