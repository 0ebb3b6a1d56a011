// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <iterator>
#include <memory>
#include <span>
#include <utility>

#include "base/error.h"
#include "c_api/guard.h"
#include "c_api/open_model.h"

using namespace truenext;
using namespace truenext::c_api;

int truenext_model_open(const char* path, uint32_t flags, truenext_model** out) {
  return guarded([&] {
    check_given(path, "path");
    check_given(out, "out");
    check_usage(flags == 0, "flags {}: want 0", flags);
    *out = new truenext_model{std::make_shared<const OpenModel>(path)};
  });
}

int truenext_model_read(const void* bytes, int64_t size, const char* name, truenext_model** out) {
  return guarded([&] {
    check_given(bytes, "bytes");
    check_given(out, "out");
    check_usage(size >= 0, "size {}: want the number of bytes", size);
    const auto* const begin = static_cast<const std::byte*>(bytes);
    MemoryFile memory{.bytes = {}, .owned = {begin, begin + size}};
    if (name != nullptr) memory.name = name;
    *out = new truenext_model{std::make_shared<const OpenModel>(std::move(memory))};
  });
}

int truenext_model_content(const truenext_model* model, const void** bytes, int64_t* size) {
  return guarded([&] {
    check_given(model, "model");
    check_given(bytes, "bytes");
    check_given(size, "size");
    const std::span<const std::byte> content = model->open->file().content();
    *bytes = content.data();
    *size = std::ssize(content);
  });
}

void truenext_model_close(truenext_model* model) {
  delete model;
}

int truenext_model_info(const truenext_model* model, char** json) {
  return guarded([&] {
    check_given(model, "model");
    check_given(json, "json");
    *json = copy_text(model->open->info());
  });
}

int truenext_item_ids(const truenext_model* model, truenext_texts* out) {
  return guarded([&] {
    check_given(model, "model");
    model->open->ids().show(out);
  });
}

int truenext_item_titles(const truenext_model* model, truenext_texts* out) {
  return guarded([&] {
    check_given(model, "model");
    model->open->titles().show(out);
  });
}

int truenext_item_table(const truenext_model* model, const float** rows, int64_t* num_items,
                        int64_t* dim) {
  return guarded([&] {
    check_given(model, "model");
    check_given(rows, "rows");
    check_given(num_items, "num_items");
    check_given(dim, "dim");
    const SequenceEncoder& encoder = model->open->file().encoder();
    *rows = encoder.item_table().data();
    *num_items = encoder.num_items();
    *dim = encoder.dim();
  });
}
