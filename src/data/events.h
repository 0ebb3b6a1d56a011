// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/words.h"
#include "data/full_time.h"
#include "data/source_account.h"
#include "data/split_point.h"

namespace truenext {

class LineReader;

/// What is cheaper than the text of an id to tell it apart by. All ids of a column have hints of
/// the same kind, or none.
struct IdHint {
  /// The id is the digits of this whole number; its text is empty. -1: it is not said.
  int64_t whole = -1;
  /// Where the reader keeps the number that the id is given, for the next time that it comes; -1
  /// stands there before. The text is empty where a number stands there. Null: it does not.
  int32_t* number = nullptr;

  std::string text(std::string_view given) const {
    return whole < 0 ? std::string(given) : std::to_string(whole);
  }
};

/// One interaction as it stands in a file. The views are valid until the next call of next().
struct Event {
  std::string_view user;
  std::string_view item;
  int64_t time = 0;     ///< in the source's unit times time_scale; 0 when the source has none
  double value = 1.0;   ///< a rating or weight; 1 when the source has none
  TimeOrder order = 0;  ///< the time as the source has it, with its fraction
  IdHint user_hint, item_hint;

  /// The texts, made where only a number is said.
  std::string user_text() const { return user_hint.text(user); }
  std::string item_text() const { return item_hint.text(item); }
};

/// Whether a double quote at the begin of a field encloses it. `automatic`: in CSV as RFC 4180 has
/// it; in TSV only around whole fields, a quote anywhere else is text; not in formats without
/// quotes.
enum class QuoteOption { automatic, on, off };
template <>
struct Words<QuoteOption> {
  static constexpr std::array names = {"auto", "on", "off"};
};

/// Whether lines that begin with # or % are comments. `automatic`: those before the first other
/// line; later ones only when the mark is the same and a blank follows it.
enum class CommentOption { automatic, on, off };
template <>
struct Words<CommentOption> {
  static constexpr std::array names = {"auto", "on", "off"};
};

/// The comments at the start of a file, found before its format.
struct LeadingComments {
  int64_t lines = 0;
  char mark = '\0';  ///< that of the first of them
};

/// What a reader is told.
struct ReaderOptions {
  std::string path;  ///< a file, a folder (gsasrec) or "-" for standard input
  std::string format = "auto";
  /// Names of the columns. Left alone, the usual names are looked for (user, user_id, userId, ...;
  /// item, movie, asin, ...; time, timestamp, ts, ...; value, rating, ...); "" is no such column.
  std::optional<std::string> user_column, item_column, time_column, value_column;
  std::string usual_user = "user";  ///< set by formats: goes before the other usual names
  std::string columns;      ///< names for a file without header, comma-separated; "-" skips one
  std::string separator;    ///< empty: by format
  bool header = true;       ///< the first line of a CSV or TSV names the columns
  double time_scale = 1.0;  ///< times are multiplied by this, then rounded down to whole numbers
  bool values = true;       ///< false: values are neither looked for nor read
  bool skip_bad = false;    ///< count and report broken lines instead of stopping at the first
  /// Take NaN, NULL, None, ... as ids like any other (data/readers/missing_words.h).
  bool keep_missing_words = false;
  QuoteOption quotes = QuoteOption::automatic;
  CommentOption comments = CommentOption::automatic;
  LeadingComments leading_comments;  ///< set by open_events()
};

/// What a reader met besides events.
struct LineCounts {
  int64_t skipped = 0;           ///< broken lines (only with skip_bad)
  int64_t missing = 0;           ///< of them: user, item or time is empty or a missing-value word
  int64_t comments = 0;          ///< comment lines
  int64_t repeated_headers = 0;  ///< lines equal to the header
  int64_t trimmed = 0;           ///< fields with blanks around them, which were taken off
};

/// A stream of interactions in file order. Errors carry "file:line:", those of frames the row.
class EventReader {
 public:
  virtual ~EventReader() = default;
  /// False at the end of the input.
  virtual bool next(Event& event) = 0;
  /// Whether `time` means anything; without it file order is time order inside a user.
  virtual bool has_time() const = 0;
  /// Whether `value` means anything.
  virtual bool has_value() const { return false; }
  virtual LineCounts line_counts() const { return {}; }
  /// What to tell people about the whole input, a sentence each. Complete after the last event.
  virtual std::vector<std::string> warnings() const { return {}; }
  /// Events so far whose `time` lost a fraction by rounding; `order` has it, a larger time_scale
  /// stores it.
  virtual int64_t rounded_times() const { return 0; }
  /// Events so far whose date says no year; their time is -1, before all others.
  virtual int64_t undated_events() const { return 0; }
  /// Where the source itself cuts each user's sequence, in the order in which users first occurred.
  /// Complete after the last event; empty when the source brings no split.
  virtual std::span<const SplitPoint> given_split() const { return {}; }

  /// Name of the format that is read, e.g. "csv".
  const std::string& format() const { return format_; }
  /// What was taken of the source for what. Complete when the reader is opened, but for the samples
  /// of formats without columns.
  const SourceAccount& account() const { return account_; }

 protected:
  /// For readers that open_events() does not open.
  void name_format(std::string name) { format_ = std::move(name); }

  SourceAccount account_;

 private:
  friend std::unique_ptr<EventReader> open_events(const ReaderOptions& options);
  std::string format_;
};

/// What a format may look at to recognise itself.
struct InputSample {
  std::string name;  ///< file name without folders and without .gz or .zst
  std::string path;
  bool folder = false;
  std::vector<std::string_view>
      lines;  ///< the first few lines, blank ones left out; none for folders
  const ReaderOptions* options = nullptr;
};

/// What a format says of an input.
struct Recognition {
  enum class Fit {
    no,
    possible,  ///< it reads these lines, but they prove nothing
    certain,   ///< the lines are this and nothing else, or the name says so
  };
  Fit fit = Fit::no;
  std::string why;  ///< of `no` only where the lines come near: why not

  static Recognition certain(std::string why) { return {Fit::certain, std::move(why)}; }
  static Recognition possible(std::string why) { return {Fit::possible, std::move(why)}; }
  static Recognition no(std::string why) { return {Fit::no, std::move(why)}; }
};

/// One entry per format; adding a format is one new file in readers/ plus one line in
/// reader_list().
struct ReaderInfo {
  std::string name;
  std::string summary;  ///< one line for --help
  /// `input` is null when options.path is a folder.
  std::unique_ptr<EventReader> (*open)(const ReaderOptions& options,
                                       std::unique_ptr<LineReader> input);
  Recognition (*recognise)(const InputSample& sample);
  bool reads_folders = false;  ///< else files
  bool takes_columns = false;  ///< the option --columns
};

/// In the order in which they are asked whether they recognise an input.
const std::vector<const ReaderInfo*>& reader_list();
/// "csv, tsv, ..."
std::string format_names();

/// Opens `options.path` with the named format, or with the one its name and first lines prove (see
/// recognition.h). Usage Error naming the nearest known format, data Error when the file cannot be
/// read.
std::unique_ptr<EventReader> open_events(const ReaderOptions& options);

}  // namespace truenext
