// SPDX-License-Identifier: Apache-2.0
// Lists as a stream of the Arrow C interface: one record batch, written without Arrow
// (https://arrow.apache.org/docs/format/CStreamInterface.html).
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "c_api/guard.h"
#include "c_api/lists.h"

using namespace truenext::c_api;

namespace {

/// A column of the batch: its type, and up to three buffers, the first of which says what is null.
struct Column {
  const char* name;
  const char* format;
  std::vector<const void*> buffers;
};

/// Everything that the arrays point to.
struct Batch {
  std::shared_ptr<const AnsweredLists> lists;
  std::vector<int64_t> list;
  std::vector<int32_t> rank;
  StoredTexts item;
  std::vector<Column> columns;
};

std::shared_ptr<const Batch> make_batch(std::shared_ptr<const AnsweredLists> lists) {
  auto batch = std::make_shared<Batch>();
  const AnsweredLists& from = *lists;
  for (int64_t i = 0; i + 1 < std::ssize(from.offsets); ++i) {
    const auto at = static_cast<size_t>(i);
    for (int64_t entry = from.offsets[at]; entry < from.offsets[at + 1]; ++entry) {
      batch->list.push_back(i);
      batch->rank.push_back(static_cast<int32_t>(entry - from.offsets[at]) + 1);
      batch->item.add(from.model->file().item_id(from.items[static_cast<size_t>(entry)]));
    }
  }
  const char* const text = from.model->ids_are_utf8() ? "U" : "Z";
  batch->columns = {{"list", "l", {nullptr, batch->list.data()}},
                    {"rank", "i", {nullptr, batch->rank.data()}},
                    {"item", text, {nullptr, batch->item.offsets.data(), batch->item.bytes.data()}},
                    {"score", "f", {nullptr, from.scores.data()}}};
  if (from.with_probabilities) {
    batch->columns.push_back({"probability", "g", {nullptr, from.probabilities.data()}});
  }
  batch->lists = std::move(lists);
  return batch;
}

/// What an exported schema or array owns. Consumers may move a child out of its parent, so every
/// one owns for itself.
template <typename T>
struct Owned {
  std::shared_ptr<const Batch> batch;
  std::vector<const void*> buffers;
  std::vector<std::unique_ptr<T>> children;
  std::vector<T*> pointers;
};

template <typename T>
void release(T* exported) {
  auto* const owned = static_cast<Owned<T>*>(exported->private_data);
  for (const auto& child : owned->children) {
    if (child->release != nullptr) child->release(child.get());
  }
  exported->release = nullptr;
  delete owned;
}

template <typename T>
Owned<T>* own(std::shared_ptr<const Batch> batch, T* exported) {
  *exported = {};
  auto owned = std::make_unique<Owned<T>>();
  owned->batch = std::move(batch);
  exported->release = release<T>;
  exported->private_data = owned.get();
  return owned.release();
}

/// Adds a child for each column, made by `make(column, child)`.
template <typename T, typename Make>
void add_children(Owned<T>* owned, T* exported, const Make& make) {
  const std::vector<Column>& columns = owned->batch->columns;
  owned->children.reserve(columns.size());
  owned->pointers.reserve(columns.size());
  for (const Column& column : columns) {
    owned->children.push_back(std::make_unique<T>());
    make(column, owned->children.back().get());
    owned->pointers.push_back(owned->children.back().get());
  }
  exported->n_children = std::ssize(owned->pointers);
  exported->children = owned->pointers.data();
}

void export_schema(const std::shared_ptr<const Batch>& batch, ArrowSchema* out) {
  Owned<ArrowSchema>* const owned = own(batch, out);
  out->format = "+s";
  out->name = "";
  add_children(owned, out, [&](const Column& column, ArrowSchema* child) {
    own(batch, child);
    child->format = column.format;
    child->name = column.name;
  });
}

void export_array(const std::shared_ptr<const Batch>& batch, ArrowArray* out) {
  const auto length = std::ssize(batch->list);
  const auto fill = [&](std::vector<const void*> buffers, ArrowArray* array) {
    Owned<ArrowArray>* const owned = own(batch, array);
    owned->buffers = std::move(buffers);
    array->length = length;
    array->n_buffers = std::ssize(owned->buffers);
    array->buffers = owned->buffers.data();
    return owned;
  };
  Owned<ArrowArray>* const owned = fill({nullptr}, out);
  add_children(owned, out,
               [&](const Column& column, ArrowArray* child) { fill(column.buffers, child); });
}

struct Stream {
  std::shared_ptr<const Batch> batch;
  bool sent = false;
  std::string error;
};

Stream& stream_of(ArrowArrayStream* stream) {
  return *static_cast<Stream*>(stream->private_data);
}

/// Status as the stream interface has it: an errno.
template <typename Body>
int answered(ArrowArrayStream* stream, const Body& body) {
  const truenext_status status = guarded(body);
  if (status == TRUENEXT_OK) return 0;
  stream_of(stream).error = last_error();
  return status == TRUENEXT_MEMORY ? ENOMEM : EIO;
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  return answered(stream, [&] { export_schema(stream_of(stream).batch, out); });
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  return answered(stream, [&] {
    Stream& from = stream_of(stream);
    if (from.sent) {
      *out = {};  // released: the end
      return;
    }
    export_array(from.batch, out);
    from.sent = true;
  });
}

const char* get_last_error(ArrowArrayStream* stream) {
  const std::string& error = stream_of(stream).error;
  return error.empty() ? nullptr : error.c_str();
}

void release_stream(ArrowArrayStream* stream) {
  delete static_cast<Stream*>(stream->private_data);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

int truenext_lists_stream(const truenext_lists* lists, ArrowArrayStream* out) {
  return guarded([&] {
    check_given(lists, "lists");
    check_given(out, "out");
    auto stream = std::make_unique<Stream>();
    stream->batch = make_batch(lists->answered);
    *out = {get_schema, get_next, get_last_error, release_stream, stream.release()};
  });
}
