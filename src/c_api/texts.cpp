// SPDX-License-Identifier: Apache-2.0
#include "c_api/texts.h"

#include <fmt/format.h>

#include "base/error.h"
#include "c_api/guard.h"

namespace truenext::c_api {
namespace {

void check_offsets(const int64_t* offsets, int64_t count, int64_t end, const std::string& name) {
  check_usage(offsets[0] == 0, "{}: begin at {}, not at 0", name, offsets[0]);
  for (int64_t i = 0; i < count; ++i) {
    check_usage(offsets[i] <= offsets[i + 1], "{}: fall from {} to {} at {}", name, offsets[i],
                offsets[i + 1], i + 1);
  }
  check_usage(end < 0 || offsets[count] == end, "{}: end at {} instead of {}", name, offsets[count],
              end);
}

}  // namespace

Texts::Texts(const truenext_texts* texts, const char* name) : texts_(texts) {
  check_given(texts, name);
  check_size(texts->size, sizeof(truenext_texts), name);
  check_usage(texts->num_texts >= 0, "{}: num_texts is {}", name, texts->num_texts);
  check_given(texts->text_offsets, "text_offsets");
  check_offsets(texts->text_offsets, texts->num_texts, -1, fmt::format("{}: text_offsets", name));
  check_usage(texts->bytes != nullptr || texts->text_offsets[texts->num_texts] == 0,
              "{}: bytes is NULL, but not all texts are empty", name);
  if (texts->row_offsets == nullptr) return;
  check_usage(texts->num_rows >= 0, "{}: num_rows is {}", name, texts->num_rows);
  check_offsets(texts->row_offsets, texts->num_rows, texts->num_texts,
                fmt::format("{}: row_offsets", name));
}

void StoredTexts::show(truenext_texts* out) const {
  check_given(out, "out");
  check_size(out->size, sizeof(truenext_texts), "out");
  out->num_texts = static_cast<int64_t>(offsets.size()) - 1;
  out->num_rows = 1;
  out->bytes = bytes.data();
  out->text_offsets = offsets.data();
  out->row_offsets = nullptr;
}

}  // namespace truenext::c_api
