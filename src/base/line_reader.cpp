// SPDX-License-Identifier: Apache-2.0
#include "base/line_reader.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace truenext {
namespace {

constexpr size_t kStartBytes = size_t{256} << 10;
constexpr size_t kLongestLine = size_t{256} << 20;

}  // namespace

LineReader::LineReader(const std::string& path)
    : name_(path == "-" ? "standard input" : path),
      source_(open_bytes(path)),
      buffer_(kStartBytes) {
  if (peek(3).substr(0, 3) == "\xef\xbb\xbf") begin_ += 3;
}

bool LineReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    check_data(buffer_.size() < kLongestLine,
               "{}:{}: the line is longer than {} MiB; is this a text file?", name_,
               line_number_ + 1, kLongestLine >> 20);
    buffer_.resize(buffer_.size() * 2);
  }
  const size_t n = source_->read(buffer_.data() + end_, buffer_.size() - end_);
  end_ += n;
  at_end_ = n == 0;
  return !at_end_;
}

bool LineReader::next(std::string_view& line) {
  size_t scanned = 0;
  for (;;) {
    const char* start = buffer_.data() + begin_;
    const size_t available = end_ - begin_;
    const auto* newline =
        static_cast<const char*>(std::memchr(start + scanned, '\n', available - scanned));
    size_t size = available;
    if (newline != nullptr) {
      size = static_cast<size_t>(newline - start);
      begin_ += size + 1;
    } else {
      scanned = available;
      if (fill()) continue;
      if (available == 0) return false;
      start = buffer_.data() + begin_;
      begin_ = end_;
    }
    if (size > 0 && start[size - 1] == '\r') --size;
    line = {start, size};
    ++line_number_;
    return true;
  }
}

std::string_view LineReader::peek(size_t bytes) {
  bytes = std::min(bytes, kStartBytes);
  while (end_ - begin_ < bytes && fill()) {
  }
  return {buffer_.data() + begin_, std::min(bytes, end_ - begin_)};
}

std::string LineReader::where() const {
  return fmt::format("{}:{}", name_, line_number_);
}

}  // namespace truenext
