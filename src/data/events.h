// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/split_point.h"

namespace truenext {

class LineReader;

/// One interaction as it stands in a file. The views are valid until the next call of next().
struct Event {
  std::string_view user;
  std::string_view item;
  int64_t time = 0;    ///< in the source's unit times time_scale; 0 when the source has none
  double value = 1.0;  ///< a rating or weight; 1 when the source has none
};

/// What a reader is told.
struct ReaderOptions {
  std::string path;  ///< a file, a folder (gsasrec) or "-" for standard input
  std::string format = "auto";
  /// Names of the columns. A name left at its default also stands for the usual spellings (user_id,
  /// userId, session_id, ...; item_id, movie, asin, ...; timestamp, ts, ...; rating, weight, ...).
  std::string user_column = "user", item_column = "item", time_column = "time", value_column;
  std::string columns;      ///< names for a file without header, comma-separated; "-" skips one
  std::string separator;    ///< empty: by format
  bool header = true;       ///< the first line of a CSV or TSV names the columns
  double time_scale = 1.0;  ///< times are multiplied by this, then rounded down to whole numbers
  bool values = true;       ///< false: values are neither looked for nor read
  bool skip_bad = false;    ///< count and report broken lines instead of stopping at the first
};

/// A stream of interactions in file order. Errors carry "file:line:".
class EventReader {
 public:
  virtual ~EventReader() = default;
  /// False at the end of the input.
  virtual bool next(Event& event) = 0;
  /// Whether `time` means anything; without it file order is time order inside a user.
  virtual bool has_time() const = 0;
  /// Whether `value` means anything.
  virtual bool has_value() const { return false; }
  /// Broken lines skipped so far (only with skip_bad).
  virtual int64_t skipped() const { return 0; }
  /// Times so far that lost a fraction by rounding; a larger time_scale keeps it.
  virtual int64_t rounded_times() const { return 0; }
  /// Events so far whose date says no year; their time is -1, before all others.
  virtual int64_t undated_events() const { return 0; }
  /// Where the source itself cuts each user's sequence, in the order in which users first occurred.
  /// Complete after the last event; empty when the source brings no split.
  virtual std::span<const SplitPoint> given_split() const { return {}; }

  /// Name of the format that is read, e.g. "csv".
  const std::string& format() const { return format_; }

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
};

/// One entry per format; adding a format is one new file in readers/ plus one line in
/// reader_list().
struct ReaderInfo {
  std::string name;
  std::string summary;  ///< one line for --help
  /// `input` is null when options.path is a folder.
  std::unique_ptr<EventReader> (*open)(const ReaderOptions& options,
                                       std::unique_ptr<LineReader> input);
  bool (*recognises)(const InputSample& sample);
  bool reads_folders = false;  ///< else files
};

/// In the order in which they are asked whether they recognise an input.
const std::vector<const ReaderInfo*>& reader_list();

/// Opens `options.path` with the named format, or with the one its name and first lines suggest.
/// Usage Error naming the nearest known format, data Error when the file cannot be read.
std::unique_ptr<EventReader> open_events(const ReaderOptions& options);

}  // namespace truenext
