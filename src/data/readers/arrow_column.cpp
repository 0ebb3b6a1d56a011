// SPDX-License-Identifier: Apache-2.0
#include "data/readers/arrow_column.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/terminal_text.h"

namespace truenext {
namespace {

using Kind = ArrowType::Kind;

constexpr int64_t kMostRows = int64_t{1} << 48;
constexpr int kViewBytes = 16, kInView = 12;

/// Buffers need not be aligned.
template <typename T>
T load(const void* buffer, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(buffer) + index * static_cast<int64_t>(sizeof(T)),
              sizeof(T));
  return value;
}

int64_t load_signed(const void* buffer, int bytes, int64_t index) {
  if (bytes == 8) return load<int64_t>(buffer, index);
  if (bytes == 4) return load<int32_t>(buffer, index);
  return bytes == 2 ? load<int16_t>(buffer, index) : load<int8_t>(buffer, index);
}

uint64_t load_unsigned(const void* buffer, int bytes, int64_t index) {
  if (bytes == 8) return load<uint64_t>(buffer, index);
  if (bytes == 4) return load<uint32_t>(buffer, index);
  return bytes == 2 ? load<uint16_t>(buffer, index) : load<uint8_t>(buffer, index);
}

bool bit(const void* bits, int64_t index) {
  return (static_cast<const uint8_t*>(bits)[index / 8] >> (index % 8) & 1) != 0;
}

int64_t usual_buffers(Kind kind) {
  return kind == Kind::text || kind == Kind::view ? 3 : 2;
}

std::string name_of(const ArrowSchema& schema) {
  return schema.name == nullptr ? "" : schema.name;
}

}  // namespace

ArrowColumn::ArrowColumn(const ArrowSchema& schema, const std::string& where)
    : ArrowColumn(schema, fmt::format("{}: column \"{}\"", where, excerpt(name_of(schema))),
                  name_of(schema)) {}

ArrowColumn::ArrowColumn(const ArrowSchema& schema, std::string where, std::string name)
    : name_(std::move(name)), where_(std::move(where)) {
  if (schema.format == nullptr) fail("it has no type");
  type_ = ArrowType::of(schema.format);
  if (schema.dictionary == nullptr) return;
  if (type_.kind != Kind::whole) {
    fail("the indices of its dictionary are {}, want whole numbers", type_.text());
  }
  ArrowSchema values = *schema.dictionary;
  const bool nested = std::exchange(values.dictionary, nullptr) != nullptr;
  dictionary_.reset(new ArrowColumn(values, where_ + ", its dictionary", ""));
  if (!nested) return;
  dictionary_->type_.kind = Kind::refused;
  dictionary_->type_.name = "dictionary of dictionaries";
}

void ArrowColumn::check_layout(const ArrowArray& array, int64_t first, int64_t rows) const {
  const bool sane = array.length >= 0 && array.length <= kMostRows && array.offset >= 0 &&
                    array.offset <= kMostRows && array.null_count >= -1;
  if (!sane) {
    fail("a batch of {} values with {} nulls from place {}", array.length, array.null_count,
         array.offset);
  }
  if (array.length < first + rows) {
    fail("{} values for {} rows, in the batch from row {}", array.length, first + rows, number_);
  }
  const int64_t want = usual_buffers(type_.kind);
  const bool views = type_.kind == Kind::view;
  const bool right =
      views ? array.n_buffers >= want && array.n_buffers <= kMostRows : array.n_buffers == want;
  if (!right || array.buffers == nullptr) {
    fail("{} buffers of {}, want {}{}", array.buffers == nullptr ? 0 : array.n_buffers,
         type_.text(), want, views ? " or more" : "");
  }
  if (array.n_children != 0) fail("{} children of {}", array.n_children, type_.text());
  if (array.null_count > 0 && array.buffers[0] == nullptr) {
    fail("{} nulls, and nothing says which they are", array.null_count);
  }
  if (rows > 0 && array.buffers[1] == nullptr) fail("{} rows without values", rows);
}

void ArrowColumn::bind(const ArrowArray& array, int64_t first, int64_t rows, int64_t number) {
  number_ = number;
  rows_ = rows;
  check_layout(array, first, rows);
  begin_ = array.offset + first;
  validity_ = array.null_count == 0 ? nullptr : array.buffers[0];
  values_ = array.buffers[1];
  if (rows > 0 && type_.kind == Kind::text) bind_texts(array, begin_ + rows);
  if (type_.kind == Kind::view) bind_views(array);
  if (!dictionary_) return;
  if (array.dictionary == nullptr) fail("the batch from row {} has no dictionary", number);
  if (dictionary_->is_read()) {
    dictionary_->bind(*array.dictionary, 0, array.dictionary->length, 0);
  }
}

void ArrowColumn::bind_texts(const ArrowArray& array, int64_t end) {
  text_ = static_cast<const char*>(array.buffers[2]);
  text_bytes_ = type_.bytes == 4 ? load<int32_t>(values_, end) : load<int64_t>(values_, end);
  if (text_bytes_ < 0) fail("its texts end at byte {}", text_bytes_);
  if (text_bytes_ > 0 && text_ == nullptr) fail("{} bytes of text without a buffer", text_bytes_);
}

void ArrowColumn::bind_views(const ArrowArray& array) {
  view_count_ = array.n_buffers - usual_buffers(type_.kind);
  view_buffers_ = array.buffers + 2;
  view_sizes_ = array.buffers[array.n_buffers - 1];
  if (view_count_ > 0 && view_sizes_ == nullptr) fail("buffers of text without their sizes");
}

inline std::string_view ArrowColumn::text_at(int64_t at) const {
  const bool narrow = type_.bytes == 4;
  const int64_t begin = narrow ? load<int32_t>(values_, at) : load<int64_t>(values_, at);
  const int64_t end = narrow ? load<int32_t>(values_, at + 1) : load<int64_t>(values_, at + 1);
  if (begin < 0 || begin > end || end > text_bytes_) {
    fail("row {}: the text goes from byte {} to {} of {}", row_number(at), begin, end, text_bytes_);
  }
  if (begin == end) return {};
  return {text_ + begin, static_cast<size_t>(end - begin)};
}

/// Four bytes of length, then up to twelve of text, or four of text, four of the buffer's number
/// and four of the place in it.
inline std::string_view ArrowColumn::view_at(int64_t at) const {
  const char* const view = static_cast<const char*>(values_) + at * kViewBytes;
  const auto length = load<int32_t>(view, 0);
  if (length < 0) fail("row {}: a text of {} bytes", row_number(at), length);
  if (length <= kInView) return {view + 4, static_cast<size_t>(length)};
  const int64_t buffer = load<int32_t>(view, 2), begin = load<int32_t>(view, 3);
  if (buffer < 0 || buffer >= view_count_) {
    fail("row {}: the text lies in buffer {} of {}", row_number(at), buffer, view_count_);
  }
  const auto size = load<int64_t>(view_sizes_, buffer);
  if (begin < 0 || begin + length > size || view_buffers_[buffer] == nullptr) {
    fail("row {}: the text goes from byte {} to {} of {}", row_number(at), begin, begin + length,
         view_buffers_[buffer] == nullptr ? 0 : size);
  }
  return {static_cast<const char*>(view_buffers_[buffer]) + begin, static_cast<size_t>(length)};
}

FullTime ArrowColumn::whole_at(int64_t at) const {
  if (!type_.is_signed) return {false, load_unsigned(values_, type_.bytes, at), 0};
  const int64_t number = load_signed(values_, type_.bytes, at);
  const auto size = static_cast<uint64_t>(number);
  return {number < 0, number < 0 ? ~size + 1 : size, 0};
}

std::string_view ArrowColumn::decimal_at(int64_t at) {
  decimal_ = type_.bytes == 16 ? fmt::format("{}", load<__int128>(values_, at))
                               : fmt::format("{}", load_signed(values_, type_.bytes, at));
  return decimal_;
}

bool ArrowColumn::moment_at(int64_t at, FullTime& time) const {
  const int64_t units = load_signed(values_, type_.bytes, at);
  if (units == std::numeric_limits<int64_t>::min()) return false;  // NaT of numpy
  int64_t whole = units / type_.per_second, rest = units % type_.per_second;
  if (rest < 0) {
    rest += type_.per_second;
    --whole;
  }
  const uint64_t fraction =
      static_cast<uint64_t>(rest) * (FullTime::kFraction / static_cast<uint64_t>(type_.per_second));
  time = FullTime::of_seconds(whole * type_.seconds, fraction);
  return true;
}

int64_t ArrowColumn::natural(int64_t row) const {
  if (type_.kind != Kind::whole || dictionary_) return -1;
  const int64_t at = begin_ + row;
  if (validity_ != nullptr && !bit(validity_, at)) return -1;
  const int64_t value = type_.is_signed
                            ? load_signed(values_, type_.bytes, at)
                            : static_cast<int64_t>(load_unsigned(values_, type_.bytes, at));
  return std::max<int64_t>(value, -1);
}

int64_t ArrowColumn::unchecked_place(int64_t row) const {
  return type_.is_signed ? load_signed(values_, type_.bytes, begin_ + row)
                         : static_cast<int64_t>(load_unsigned(values_, type_.bytes, begin_ + row));
}

int64_t ArrowColumn::place(int64_t row) const {
  const int64_t at = begin_ + row;
  if (validity_ != nullptr && !bit(validity_, at)) return -1;
  const int64_t place = unchecked_place(row);
  if (place >= 0 && place < dictionary_->rows_) return place;
  const FullTime number = whole_at(at);
  fail("row {}: index {}{} into a dictionary of {} values", row_number(at),
       number.negative ? "-" : "", number.whole, dictionary_->rows_);
}

void ArrowColumn::read(int64_t row, ArrowCell& cell) {
  const int64_t at = begin_ + row;
  cell.kind = ArrowCell::Kind::null;
  if (dictionary_) {
    if (const int64_t value = place(row); value >= 0) dictionary_->read(value, cell);
    return;
  }
  if (validity_ != nullptr && !bit(validity_, at)) return;
  switch (type_.kind) {
    case Kind::text:
      cell.kind = ArrowCell::Kind::text;
      cell.text = text_at(at);
      return;
    case Kind::view:
      cell.kind = ArrowCell::Kind::text;
      cell.text = view_at(at);
      return;
    case Kind::whole:
      cell.kind = ArrowCell::Kind::whole;
      cell.number = whole_at(at);
      return;
    case Kind::decimal:
      cell.kind = ArrowCell::Kind::text;
      cell.text = decimal_at(at);
      return;
    case Kind::real:
      cell.kind = ArrowCell::Kind::real;
      cell.short_real = type_.bytes == 4;
      cell.real = cell.short_real ? load<float>(values_, at) : load<double>(values_, at);
      return;
    case Kind::truth:
      cell.kind = ArrowCell::Kind::truth;
      cell.real = bit(values_, at) ? 1 : 0;
      return;
    case Kind::moment:
      if (moment_at(at, cell.number)) cell.kind = ArrowCell::Kind::moment;
      return;
    case Kind::refused:
      return;
  }
}

}  // namespace truenext
