// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "data/arrow_c_data.h"
#include "data/readers/arrow_cell.h"
#include "data/readers/arrow_type.h"

namespace truenext {

/// A column of a table that comes in batches. What the memory of a batch says of itself is checked
/// before it is used; sizes of buffers are not part of the format and have to be believed.
class ArrowColumn {
 public:
  /// `where` begins the messages; it is followed by the column's name. Data Error when the schema
  /// is damaged.
  ArrowColumn(const ArrowSchema& schema, const std::string& where);

  const std::string& name() const { return name_; }
  /// Of the values, whether they come by a dictionary or not.
  const ArrowType& type() const { return dictionary_ ? dictionary_->type() : type_; }
  bool is_read() const { return type().kind != ArrowType::Kind::refused; }

  /// Takes the rows `first` to `first + rows` of `array`, the first of which is row `number` of the
  /// table. Data Error when the batch is damaged.
  void bind(const ArrowArray& array, int64_t first, int64_t rows, int64_t number);
  /// Sets the kind of `cell` and what belongs to it; `row` counts from the first one taken. Data
  /// Error when the value is damaged.
  void read(int64_t row, ArrowCell& cell);

  /// The value of a row that is a whole number of 0 or more and stands there as one, not by a
  /// dictionary; -1 for everything else.
  int64_t natural(int64_t row) const;

  bool by_dictionary() const { return dictionary_ != nullptr; }
  /// Where in the dictionary of the batch the value of a row stands; -1 for null. Data Error when
  /// it does not stand there.
  int64_t place(int64_t row) const;
  /// The same, unchecked: of a null or a damaged one it is anything.
  int64_t unchecked_place(int64_t row) const;

 private:
  ArrowColumn(const ArrowSchema& schema, std::string where, std::string name);

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    fail_data("{}: the stream is damaged: {}", where_,
              fmt::format(format, std::forward<Args>(args)...));
  }
  void check_layout(const ArrowArray& array, int64_t first, int64_t rows) const;
  void bind_texts(const ArrowArray& array, int64_t end);
  void bind_views(const ArrowArray& array);
  std::string_view text_at(int64_t at) const;
  std::string_view view_at(int64_t at) const;
  FullTime whole_at(int64_t at) const;
  std::string_view decimal_at(int64_t at);
  /// False when it stands for no time.
  bool moment_at(int64_t at, FullTime& time) const;
  int64_t row_number(int64_t at) const { return number_ + at - begin_; }

  std::string name_, where_;
  ArrowType type_;
  std::unique_ptr<ArrowColumn> dictionary_;  ///< type_ is that of the indices then

  const void* validity_ = nullptr;  ///< null: all rows have values
  const void* values_ = nullptr;    ///< numbers, bits, offsets or views
  const char* text_ = nullptr;
  int64_t text_bytes_ = 0;
  const void* const* view_buffers_ = nullptr;
  const void* view_sizes_ = nullptr;
  int64_t view_count_ = 0;
  int64_t begin_ = 0, rows_ = 0, number_ = 1;
  std::string decimal_;
};

}  // namespace truenext
