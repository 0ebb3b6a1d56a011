// SPDX-License-Identifier: Apache-2.0
#include "data/readers/arrow_stream.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/terminal_text.h"
#include "data/readers/arrow_batches.h"
#include "data/readers/arrow_column.h"
#include "data/readers/arrow_roles.h"
#include "data/readers/arrow_rows.h"
#include "data/readers/checked_events.h"
#include "data/readers/columns.h"
#include "data/readers/dictionary_numbers.h"
#include "data/readers/missing_words.h"

namespace truenext {
namespace {

using Kind = ArrowCell::Kind;

constexpr int64_t kTickRows = int64_t{1} << 16;
constexpr int64_t kAhead = 16;  // rows whose ids are on their way

bool is_text(ArrowType::Kind kind) {
  return kind == ArrowType::Kind::text || kind == ArrowType::Kind::view;
}

/// From here on a float does not tell neighbouring whole numbers apart.
double largest_exact(const ArrowCell& real) {
  return real.short_real ? 0x1p24 : 0x1p53;
}

class ArrowEventReader : public CheckedEventReader {
 public:
  ArrowEventReader(ArrowArrayStream* source, const ReaderOptions& options)
      : CheckedEventReader(without_comments(options), "row"), batches_(source, options.path) {
    name_format("arrow");
    account_.why = "an Arrow stream";
    for (int64_t i = 0; i < batches_.schema().n_children; ++i) {
      columns_.emplace_back(*batches_.schema().children[i], options.path);
    }
    more_ = batches_.next();
    find_columns();
  }

  bool has_time() const override { return taken_[kTime] >= 0; }
  bool has_value() const override { return taken_[kValue] >= 0; }

  bool next(Event& event) override {
    while (more_) {
      if (row_ == batches_.rows()) {
        next_batch();
        continue;
      }
      if (++rows_seen_ % kTickRows == 0 && interrupted()) {
        throw Error(ExitCode::interrupted, "interrupted; nothing was written");
      }
      const int64_t row = row_++;
      if (!read(row, event)) {
        give_up_or_skip(1);
      } else if (!is_header(event)) {
        return true;
      }
    }
    return false;
  }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> sentences = CheckedEventReader::warnings();
    for (const Role role : {kUser, kItem}) {
      if (whole_reals_[role] == 0) continue;
      sentences.push_back(fmt::format(
          "\"{}\" holds {}: {} of its values are whole and were taken without their point, 123.0 "
          "as \"123\" (pandas makes floats of whole numbers where one is missing)",
          excerpt(column(role).name()), column(role).type().name, whole_reals_[role]));
    }
    if (coarse_times_ > 0) {
      sentences.push_back(fmt::format(
          "{} times are too large for {}, in which neighbouring whole numbers become one: the "
          "order "
          "of events may be lost; read \"{}\" as int64 or timestamp where it comes from",
          coarse_times_, column(kTime).type().name, excerpt(column(kTime).name())));
    }
    return sentences;
  }

 protected:
  std::string where() const override {
    return fmt::format("{}: row {}, column \"{}\"", options_.path, row_number(),
                       excerpt(column(at_).name()));
  }

 private:
  enum Role { kUser, kItem, kTime, kValue, kRoles };

  /// A user called # is one here.
  static ReaderOptions without_comments(ReaderOptions options) {
    options.comments = CommentOption::off;
    return options;
  }

  const ArrowColumn& column(Role role) const { return columns_[static_cast<size_t>(taken_[role])]; }
  /// Filled anew by the next call.
  const ArrowCell& cell(Role role, int64_t row) {
    at_ = role;
    columns_[static_cast<size_t>(taken_[role])].read(row, cell_);
    return cell_;
  }
  int64_t row_number() const { return batches_.first_row() + row_ - 1; }

  void next_batch() {
    more_ = batches_.next();
    row_ = 0;
    for (int at : taken_) {
      if (more_ && at >= 0) bind_column(batches_, at, columns_[static_cast<size_t>(at)]);
    }
    for (DictionaryNumbers& numbers : numbers_) numbers.forget();
  }

  void find_columns();
  void check_column(Role role) const;

  bool read(int64_t row, Event& event) {
    at_ = kUser;
    if (batches_.row_is_null(row)) return missing("the row is null");
    return set_id(kUser, row, event.user, event.user_hint) &&
           set_id(kItem, row, event.item, event.item_hint) &&
           (!has_time() || set_time_at(row, event)) && (!has_value() || set_value_at(row, event));
  }
  std::string_view without_blanks(std::string_view text) {
    const std::string_view inside = trimmed(text);
    count_trimmed(inside.size() != text.size());
    return inside;
  }
  bool set_id(Role role, int64_t row, std::string_view& id, IdHint& hint);
  bool set_id_of(Role role, const ArrowCell& cell, std::string_view& id);
  bool set_real_id(Role role, const ArrowCell& cell, std::string_view& id);
  bool set_time_at(int64_t row, Event& event);
  bool set_value_at(int64_t row, Event& event);

  /// Names among the rows, of tables put together as text.
  bool is_header(const Event& event) {
    const bool header = ids_are_texts_ && !event.user.empty() &&
                        event.user == column(kUser).name() && event.item == column(kItem).name();
    counts_.repeated_headers += header ? 1 : 0;
    return header;
  }

  ArrowBatches batches_;
  std::vector<ArrowColumn> columns_;
  std::array<int, kRoles> taken_{-1, -1, -1, -1};
  bool more_ = false;
  int64_t row_ = 0, rows_seen_ = 0;
  Role at_ = kUser;
  ArrowCell cell_;
  bool ids_are_texts_ = false;
  int64_t coarse_times_ = 0;
  std::array<int64_t, kRoles> whole_reals_{};
  DictionaryNumbers numbers_[2];  ///< of users and items
  char digits_[kRoles][kRealDigits];
};

void ArrowEventReader::find_columns() {
  std::vector<std::string> names;
  for (const ArrowColumn& column : columns_) names.push_back(column.name());
  const Columns found = Columns::find(
      {names, first_rows_of(batches_, columns_, more_), options_.path, NamedBy::schema}, options_,
      account_);
  taken_ = {found.user, found.item, found.time, found.value};
  for (const Role role : {kUser, kItem, kTime, kValue}) {
    if (taken_[role] < 0) continue;
    check_data(std::count(names.begin(), names.end(), column(role).name()) == 1,
               "{}: two columns are called \"{}\"; rename one of them", options_.path,
               excerpt(column(role).name()));
    check_column(role);
  }
  ids_are_texts_ = is_text(column(kUser).type().kind) && is_text(column(kItem).type().kind);
}

void ArrowEventReader::check_column(Role role) const {
  constexpr ColumnRole kNames[] = {ColumnRole::user, ColumnRole::item, ColumnRole::time,
                                   ColumnRole::value};
  check_arrow_role(kNames[role], column(role), options_.path);
}

/// An id of a dictionary is looked at once in a batch, unless something is counted or looked for
/// each time that it comes: blanks around it, wholes among floats, the name of its column.
bool ArrowEventReader::set_id(Role role, int64_t row, std::string_view& id, IdHint& hint) {
  at_ = role;
  id = {};
  if (!column(role).by_dictionary()) {
    hint.whole = column(role).natural(row);
    return hint.whole >= 0 || set_id_of(role, cell(role, row), id);
  }
  DictionaryNumbers& numbers = numbers_[role];
  if (row + kAhead < batches_.rows()) {
    numbers.prefetch(column(role).unchecked_place(row + kAhead));
  }
  const int64_t place = column(role).place(row);
  hint.number = place >= 0 ? numbers.known(place) : nullptr;
  if (hint.number != nullptr) return true;
  const ArrowCell& value = cell(role, row);
  if (!set_id_of(role, value, id)) return false;
  const bool plain = value.kind == Kind::text
                         ? id.size() == value.text.size() && id != column(role).name()
                         : value.kind != Kind::real;
  hint.number = plain ? numbers.keep(place) : numbers.pass();
  return true;
}

bool ArrowEventReader::set_id_of(Role role, const ArrowCell& cell, std::string_view& id) {
  const char* const word = role == kUser ? "user" : "item";
  switch (cell.kind) {
    case Kind::text:
      id = without_blanks(cell.text);
      return takes_id(word, id);
    case Kind::whole:
      id = whole_digits(cell.number, digits_[role]);
      return true;
    case Kind::real:
      return set_real_id(role, cell, id);
    case Kind::truth:
      id = cell.real != 0 ? "true" : "false";
      return true;
    case Kind::moment:  // refused when the column was taken
    case Kind::null:
      break;
  }
  return missing("the {} is null", word);
}

bool ArrowEventReader::set_real_id(Role role, const ArrowCell& cell, std::string_view& id) {
  const char* const word = role == kUser ? "user" : "item";
  if (std::isnan(cell.real)) return missing("the {} is NaN, a missing value", word);
  const double size = std::abs(cell.real);
  if (!std::isfinite(size) || std::floor(size) != size) {
    return broken("the {} is {}, which is no whole number; cast the column to text", word,
                  real_digits(cell.real, cell.short_real, digits_[role]));
  }
  const double most = largest_exact(cell);
  if (size >= most) {
    return broken(
        "the {} is {}, and from {} on {} does not tell whole numbers apart; read the column as "
        "int64 or text where it comes from",
        word, real_digits(cell.real, cell.short_real, digits_[role]), most,
        column(role).type().name);
  }
  ++whole_reals_[role];
  id = whole_digits({cell.real < 0, static_cast<uint64_t>(size), 0}, digits_[role]);
  return true;
}

bool ArrowEventReader::set_time_at(int64_t row, Event& event) {
  at_ = kTime;
  if (const int64_t number = column(kTime).natural(row); number >= 0 && number <= UINT32_MAX) {
    const auto time = scaled_time({false, static_cast<uint64_t>(number), 0}, TimeForm::number,
                                  options_.time_scale);  // fits, but with a large scale
    if (time) return take_time(*time, row_number(), event);
  }
  const ArrowCell& cell = this->cell(kTime, row);
  switch (cell.kind) {
    case Kind::text:
      return set_time(without_blanks(cell.text), row_number(), event);
    case Kind::real:
      if (std::isnan(cell.real)) return missing("the time is NaN, a missing value");
      coarse_times_ += std::abs(cell.real) >= largest_exact(cell) ? 1 : 0;
      return set_time(real_digits(cell.real, cell.short_real, digits_[kTime]), row_number(), event);
    case Kind::whole:
    case Kind::moment: {
      const bool number = cell.kind == Kind::whole;
      const auto time = scaled_time(
          cell.number, number ? TimeForm::number : column(kTime).type().form, options_.time_scale);
      if (time) return take_time(*time, row_number(), event);
      return broken("{}",
                    why_no_time(whole_digits(cell.number, digits_[kTime]), options_.time_scale));
    }
    case Kind::truth:  // refused when the column was taken
    case Kind::null:
      break;
  }
  return missing("the time is null");
}

bool ArrowEventReader::set_value_at(int64_t row, Event& event) {
  const ArrowCell& cell = this->cell(kValue, row);
  switch (cell.kind) {
    case Kind::text:
      return set_value(without_blanks(cell.text), event);
    case Kind::whole:
      event.value = static_cast<double>(cell.number.whole) * (cell.number.negative ? -1 : 1);
      return true;
    case Kind::real:
      // A float32 is the decimal number that is written for it: 4.1, not 4.0999999.
      if (cell.short_real || !std::isfinite(cell.real)) {
        return set_value(real_digits(cell.real, cell.short_real, digits_[kValue]), event);
      }
      event.value = cell.real;
      return true;
    case Kind::truth:
      event.value = cell.real;
      return true;
    case Kind::moment:  // refused when the column was taken
    case Kind::null:
      break;
  }
  return broken("the value is null, want a number");
}

}  // namespace

std::unique_ptr<EventReader> open_arrow_stream(ArrowArrayStream* source,
                                               const ReaderOptions& options) {
  return std::make_unique<ArrowEventReader>(source, options);
}

}  // namespace truenext
