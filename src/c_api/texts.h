// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <truenext/truenext.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace truenext::c_api {

/// Texts of a caller, checked. Borrows.
class Texts {
 public:
  /// Usage Error naming `name` when they are not what truenext.h says.
  Texts(const truenext_texts* texts, const char* name);

  int64_t size() const { return texts_->num_texts; }
  std::string_view at(int64_t text) const {
    const int64_t* const offsets = texts_->text_offsets;
    const auto length = static_cast<size_t>(offsets[text + 1] - offsets[text]);
    return length > 0 ? std::string_view(texts_->bytes + offsets[text], length)
                      : std::string_view();
  }
  int64_t rows() const { return texts_->row_offsets != nullptr ? texts_->num_rows : 1; }
  int64_t row_begin(int64_t row) const { return row == 0 ? 0 : row_end(row - 1); }
  int64_t row_end(int64_t row) const {
    return texts_->row_offsets != nullptr ? texts_->row_offsets[row + 1] : size();
  }

 private:
  const truenext_texts* texts_;
};

/// Texts of the library's own, one row.
struct StoredTexts {
  std::string bytes;
  std::vector<int64_t> offsets{0};

  void add(std::string_view text) {
    bytes += text;
    offsets.push_back(static_cast<int64_t>(bytes.size()));
  }
  /// Writes where they are, with the `size` that the caller has set.
  void show(truenext_texts* out) const;
};

}  // namespace truenext::c_api
