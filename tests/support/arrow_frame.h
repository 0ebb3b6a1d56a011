// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/arrow_c_data.h"

namespace truenext::test {

/// An Arrow array made by hand; a buffer that is not there is a null pointer.
struct FrameArray {
  std::string format;
  int64_t length = 0, offset = 0, null_count = 0;
  std::vector<std::optional<std::string>> buffers;
  std::shared_ptr<FrameArray> dictionary;
};

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// The validity of values, behind `before` that are not there.
template <typename T>
std::string validity_of(const std::vector<std::optional<T>>& values) {
  std::string bits(values.size() / 8 + 1, '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i]) bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8));
  }
  return bits;
}

/// Values with others before them that do not count, as of a slice.
template <typename T>
std::vector<std::optional<T>> behind(int64_t before, const std::vector<std::optional<T>>& values) {
  std::vector<std::optional<T>> all(static_cast<size_t>(before));
  all.insert(all.end(), values.begin(), values.end());
  return all;
}

/// What the builders below share: length, offset, null count and validity.
template <typename T>
FrameArray begin_array(const std::string& format, const std::vector<std::optional<T>>& all,
                       int64_t offset) {
  FrameArray array{format, static_cast<int64_t>(all.size()) - offset, offset, -1, {}, nullptr};
  array.buffers.emplace_back(validity_of(all));
  return array;
}

template <typename T>
FrameArray number_array(const std::string& format, const std::vector<std::optional<T>>& values,
                        int64_t offset = 0) {
  const auto all = behind(offset, values);
  FrameArray array = begin_array(format, all, offset);
  std::vector<T> numbers;
  for (const auto& value : all) numbers.push_back(value.value_or(T{77}));
  array.buffers.emplace_back(bytes_of(numbers));
  return array;
}

inline FrameArray bit_array(const std::vector<std::optional<int>>& values, int64_t offset = 0) {
  const auto all = behind(offset, values);
  FrameArray array = begin_array("b", all, offset);
  std::vector<std::optional<int>> set;
  for (const auto& value : all) set.push_back(value.value_or(0) != 0 ? value : std::nullopt);
  array.buffers.emplace_back(validity_of(set));
  return array;
}

using Texts = std::vector<std::optional<std::string>>;

/// u, U, z, Z, vu and vz; views put texts by turns into two buffers.
inline FrameArray text_array(const std::string& format, const Texts& values, int64_t offset = 0) {
  const auto all = behind(offset, values);
  FrameArray array = begin_array(format, all, offset);
  std::string text[2], views;
  std::vector<int64_t> ends{0};
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string value = all[i].value_or("junk of a null");
    std::string& kept = text[format[0] == 'v' ? i % 2 : 0];
    int32_t words[4] = {static_cast<int32_t>(value.size()), 0, static_cast<int32_t>(i % 2),
                        static_cast<int32_t>(kept.size())};
    if (value.size() <= 12) {
      std::memset(&words[1], 0, 12);
      value.copy(reinterpret_cast<char*>(&words[1]), 12);
    } else {
      value.copy(reinterpret_cast<char*>(&words[1]), 4);
    }
    views.append(reinterpret_cast<const char*>(words), sizeof(words));
    if (format[0] != 'v' || value.size() > 12) kept += value;
    ends.push_back(static_cast<int64_t>(kept.size()));
  }
  if (format[0] == 'v') {
    array.buffers.emplace_back(views);
    for (const std::string& kept : text) array.buffers.emplace_back(kept);
    array.buffers.emplace_back(bytes_of(std::vector<int64_t>{
        static_cast<int64_t>(text[0].size()), static_cast<int64_t>(text[1].size())}));
    return array;
  }
  const bool wide = format == "U" || format == "Z";
  array.buffers.emplace_back(wide ? bytes_of(ends)
                                  : bytes_of(std::vector<int32_t>(ends.begin(), ends.end())));
  array.buffers.emplace_back(text[0]);
  return array;
}

template <typename T>
FrameArray dictionary_array(const std::string& format, const std::vector<std::optional<T>>& indices,
                            FrameArray values, int64_t offset = 0) {
  FrameArray array = number_array(format, indices, offset);
  array.dictionary = std::make_shared<FrameArray>(std::move(values));
  return array;
}

struct FrameBatch {
  std::vector<FrameArray> columns;
  int64_t length = 0, offset = 0, null_count = 0;
  std::optional<std::string> validity;
};

/// A table as an Arrow C stream. The stream points into this object, which outlives it and counts
/// what is released.
class ArrowFrame {
 public:
  std::vector<std::string> names;
  std::vector<FrameBatch> batches;
  std::string format = "+s";
  int schema_error = 0;
  int batch_error = 0;  ///< behind the last batch
  const char* last_error = nullptr;
  /// Spoil what is handed over.
  std::function<void(ArrowSchema&)> change_schema;
  std::function<void(ArrowArray&)> change_batch;
  std::function<void()> before_batch;

  int streams_made = 0, streams_released = 0, schemas_made = 0, schemas_released = 0;
  int batches_made = 0, batches_released = 0, most_batches_alive = 0;

  void add(std::vector<FrameArray> columns) {
    const int64_t length = columns.empty() ? 0 : columns[0].length;
    batches.push_back({std::move(columns), length, 0, 0, {}});
  }
  bool all_released() const {
    return streams_made == streams_released && schemas_made == schemas_released &&
           batches_made == batches_released;
  }

  ArrowArrayStream stream() {
    ++streams_made;
    ArrowArrayStream made{};
    made.get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
      return of(self)->make_schema(*out);
    };
    made.get_next = [](ArrowArrayStream* self, ArrowArray* out) {
      return of(self)->make_batch(*out);
    };
    made.get_last_error = [](ArrowArrayStream* self) { return of(self)->last_error; };
    made.release = [](ArrowArrayStream* self) {
      ++of(self)->streams_released;
      self->release = nullptr;
    };
    made.private_data = this;
    return made;
  }

 private:
  /// What an ArrowSchema or ArrowArray points to.
  struct SchemaParts {
    ArrowFrame* frame;
    std::vector<ArrowSchema> parts;
    std::vector<ArrowSchema*> children;
  };
  struct ArrayParts {
    ArrowFrame* frame;
    std::vector<ArrowArray> parts;
    std::vector<ArrowArray*> children;
    std::vector<std::unique_ptr<std::vector<const void*>>> buffers;
  };

  static ArrowFrame* of(ArrowArrayStream* stream) {
    return static_cast<ArrowFrame*>(stream->private_data);
  }

  int make_schema(ArrowSchema& out) {
    if (schema_error != 0) return schema_error;
    auto* kept = new SchemaParts{this, {}, {}};
    kept->parts.resize(2 * names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const FrameArray* array = batches.empty() ? nullptr : &batches[0].columns[i];
      ArrowSchema& column = kept->parts[2 * i];
      column.format = array == nullptr ? "l" : array->format.c_str();
      column.name = names[i].c_str();
      column.release = [](ArrowSchema* self) { self->release = nullptr; };
      if (array != nullptr && array->dictionary) {
        column.dictionary = &kept->parts[2 * i + 1];
        column.dictionary->format = array->dictionary->format.c_str();
      }
      kept->children.push_back(&column);
    }
    out = {};
    out.format = format.c_str();
    out.n_children = static_cast<int64_t>(names.size());
    out.children = kept->children.data();
    out.private_data = kept;
    out.release = [](ArrowSchema* self) {
      auto* parts = static_cast<SchemaParts*>(self->private_data);
      ++parts->frame->schemas_released;
      delete parts;
      self->release = nullptr;
    };
    ++schemas_made;
    if (change_schema) change_schema(out);
    return 0;
  }

  static void fill(ArrowArray& out, const FrameArray& array, ArrayParts& kept) {
    out = {};
    out.length = array.length;
    out.offset = array.offset;
    out.null_count = array.null_count;
    auto& pointers = *kept.buffers.emplace_back(std::make_unique<std::vector<const void*>>());
    for (const auto& buffer : array.buffers) pointers.push_back(buffer ? buffer->data() : nullptr);
    out.n_buffers = static_cast<int64_t>(pointers.size());
    out.buffers = pointers.data();
    out.release = [](ArrowArray* self) { self->release = nullptr; };
  }

  int make_batch(ArrowArray& out) {
    if (before_batch) before_batch();
    if (static_cast<size_t>(batches_made) == batches.size()) {
      out = {};
      return batch_error;
    }
    const FrameBatch& batch = batches[static_cast<size_t>(batches_made++)];
    auto* kept = new ArrayParts{this, {}, {}, {}};
    kept->parts.resize(2 * batch.columns.size());
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      ArrowArray& column = kept->parts[2 * i];
      fill(column, batch.columns[i], *kept);
      if (batch.columns[i].dictionary) {
        column.dictionary = &kept->parts[2 * i + 1];
        fill(*column.dictionary, *batch.columns[i].dictionary, *kept);
      }
      kept->children.push_back(&column);
    }
    fill(out, {"+s", batch.length, batch.offset, batch.null_count, {std::nullopt}, nullptr}, *kept);
    if (batch.validity) out.buffers[0] = batch.validity->data();
    out.n_children = static_cast<int64_t>(batch.columns.size());
    out.children = kept->children.data();
    out.private_data = kept;
    out.release = [](ArrowArray* self) {
      auto* parts = static_cast<ArrayParts*>(self->private_data);
      ++parts->frame->batches_released;
      delete parts;
      self->release = nullptr;
    };
    most_batches_alive = std::max(most_batches_alive, batches_made - batches_released);
    if (change_batch) change_batch(out);
    return 0;
  }
};

}  // namespace truenext::test
