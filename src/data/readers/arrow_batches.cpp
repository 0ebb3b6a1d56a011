// SPDX-License-Identifier: Apache-2.0
#include "data/readers/arrow_batches.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/terminal_text.h"
#include "data/readers/arrow_type.h"

namespace truenext {
namespace {

constexpr int64_t kMostRows = int64_t{1} << 48, kMostColumns = int64_t{1} << 20;

}  // namespace

ArrowBatches::ArrowBatches(ArrowArrayStream* source, std::string name) : name_(std::move(name)) {
  check_data(source != nullptr && source->release != nullptr,
             "{}: the Arrow stream was released or read before; a stream gives its rows once",
             name_);
  stream_.take(*source);
  check_data(stream_->get_schema != nullptr && stream_->get_next != nullptr,
             "{}: the stream is damaged: it has no functions", name_);
  read_schema();
}

void ArrowBatches::fail_call(const char* what, int error) {
  const char* said = nullptr;
  if (stream_->get_last_error != nullptr) said = stream_->get_last_error(stream_.get());
  std::string why = said == nullptr || *said == '\0' ? std::strerror(error) : said;
  why.erase(why.find_last_not_of(" \r\n") + 1);
  fail_data("{}: {}: {} (error {})", name_, what, shortened(printable_lines(why), 2000), error);
}

void ArrowBatches::read_schema() {
  if (const int error = stream_->get_schema(stream_.get(), schema_.get()); error != 0) {
    schema_.forget();
    fail_call("the stream gives no schema", error);
  }
  check_data(schema_.holds() && schema_->format != nullptr,
             "{}: the stream is damaged: its schema is empty", name_);
  check_data(std::string_view(schema_->format) == "+s",
             "{}: the stream is a column of {}, want a table with columns of users and items",
             name_, ArrowType::of(schema_->format).text());
  const int64_t columns = schema_->n_children;
  check_data(columns >= 0 && columns <= kMostColumns && (columns == 0 || schema_->children),
             "{}: the stream is damaged: its schema has {} columns", name_, columns);
  for (int64_t i = 0; i < columns; ++i) {
    check_data(schema_->children[i] != nullptr,
               "{}: the stream is damaged: column {} of its schema is missing", name_, i + 1);
  }
}

bool ArrowBatches::next() {
  first_row_ += batch_.holds() ? rows() : 0;
  do {
    if (interrupted()) throw Error(ExitCode::interrupted, "interrupted; nothing was written");
    batch_.reset();
    if (const int error = stream_->get_next(stream_.get(), batch_.get()); error != 0) {
      batch_.forget();
      fail_call(fmt::format("the stream breaks off behind {} rows", first_row_ - 1).c_str(), error);
    }
    if (!batch_.holds()) return false;
    check_batch();
  } while (rows() == 0);
  return true;
}

void ArrowBatches::check_batch() {
  const ArrowArray& batch = *batch_;
  const auto check = [&](bool good, const std::string& what) {
    check_data(good, "{}: the stream is damaged: the batch from row {} has {}", name_, first_row_,
               what);
  };
  check(batch.length >= 0 && batch.length <= kMostRows && batch.offset >= 0 &&
            batch.offset <= kMostRows && batch.null_count >= -1,
        fmt::format("{} rows with {} nulls from place {}", batch.length, batch.null_count,
                    batch.offset));
  check(batch.n_children == schema_->n_children && (batch.n_children == 0 || batch.children),
        fmt::format("{} columns, the schema {}", batch.n_children, schema_->n_children));
  for (int64_t i = 0; i < batch.n_children; ++i) {
    check(batch.children[i] != nullptr, fmt::format("no column {}", i + 1));
  }
  check(batch.n_buffers == 1 && batch.buffers != nullptr,
        fmt::format("{} buffers, want 1", batch.buffers == nullptr ? 0 : batch.n_buffers));
  validity_ = batch.null_count == 0 ? nullptr : static_cast<const uint8_t*>(batch.buffers[0]);
  check(batch.null_count <= 0 || validity_ != nullptr,
        fmt::format("{} null rows, and nothing says which they are", batch.null_count));
}

}  // namespace truenext
