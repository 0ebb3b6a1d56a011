// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"

namespace truenext {

/// Lines of a text file, one after the other, `.gz` and `.zst` unpacked on the way, "-" = standard
/// input. LF or CR LF ends a line; the last line needs no end; a UTF-8 byte order mark is dropped.
/// Memory is bounded by the longest line, which may have 256 MiB.
class LineReader {
 public:
  explicit LineReader(const std::string& path);

  /// False at the end of the input. The view is valid until the next call.
  bool next(std::string_view& line);

  /// Up to `bytes` bytes that come next, without taking them: to recognise a format.
  std::string_view peek(size_t bytes);

  /// Number of the line that next() gave last, from 1.
  int64_t line_number() const { return line_number_; }
  /// The path, or "standard input".
  const std::string& name() const { return name_; }
  /// "path:line" of the line that next() gave last.
  std::string where() const;

 private:
  bool fill();

  std::string name_;
  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;
  bool at_end_ = false;
  int64_t line_number_ = 0;
};

}  // namespace truenext
