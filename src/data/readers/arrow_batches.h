// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "data/arrow_c_data.h"

namespace truenext {

/// A struct of the Arrow C interfaces that is released once, whatever happens.
template <typename Struct>
class ArrowOwned {
 public:
  ArrowOwned() = default;
  ~ArrowOwned() { reset(); }
  ArrowOwned(const ArrowOwned&) = delete;
  ArrowOwned& operator=(const ArrowOwned&) = delete;

  /// Takes over what another one holds, as the interfaces call moving.
  void take(Struct& other) {
    reset();
    value_ = other;
    other.release = nullptr;
  }
  void reset() {
    if (value_.release != nullptr) value_.release(&value_);
    value_ = {};
  }
  /// What was put in by a call that failed is not there to be released.
  void forget() { value_ = {}; }
  bool holds() const { return value_.release != nullptr; }
  Struct* get() { return &value_; }
  const Struct& operator*() const { return value_; }
  const Struct* operator->() const { return &value_; }

 private:
  Struct value_{};
};

/// The batches of a table, one at a time. Data Error, beginning with `name`, on what a producer
/// must not do and on errors that it reports.
class ArrowBatches {
 public:
  /// Takes `source` over, also when it throws; nothing is left in it to be released.
  ArrowBatches(ArrowArrayStream* source, std::string name);

  /// Of the table: a struct with a child for each column, none of them null.
  const ArrowSchema& schema() const { return *schema_; }
  /// Goes on to the next batch that has rows and lets the one before go; false at the end.
  bool next();
  int64_t rows() const { return batch_->length; }
  /// The number of the batch's first row, counted from 1 over the whole table.
  int64_t first_row() const { return first_row_; }
  const ArrowArray& column(int64_t at) const { return *batch_->children[at]; }
  /// Where the rows of the batch begin in its columns.
  int64_t first() const { return batch_->offset; }
  bool row_is_null(int64_t row) const {
    if (validity_ == nullptr) return false;
    const int64_t at = first() + row;
    return (validity_[at / 8] >> (at % 8) & 1) == 0;
  }

 private:
  void read_schema();
  void check_batch();
  [[noreturn]] void fail_call(const char* what, int error);

  std::string name_;
  ArrowOwned<ArrowArrayStream> stream_;
  ArrowOwned<ArrowSchema> schema_;
  ArrowOwned<ArrowArray> batch_;
  const uint8_t* validity_ = nullptr;
  int64_t first_row_ = 1;
};

}  // namespace truenext
