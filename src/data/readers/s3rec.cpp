// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>

#include "base/terminal_text.h"
#include "data/readers/line_events.h"
#include "data/readers/tokens.h"
#include "data/recognition.h"
#include "data/source_account.h"
#include "data/time_look.h"

namespace truenext {
namespace {

class S3RecReader : public LineEventReader {
 public:
  S3RecReader(const ReaderOptions& options, std::unique_ptr<LineReader> input)
      : LineEventReader(options, std::move(input)) {
    account_.columns = {{"user", "field 1", ""}, {"item", "fields 2 and on", ""}};
    account_.ordered_by_format = true;
  }
  bool has_time() const override { return false; }

  bool next(Event& event) override {
    event.item = take_token(rest_);
    // The first event of a line goes the common way, which checks for broken lines.
    if (event.item.empty()) return LineEventReader::next(event);
    event.user = user_;
    return true;
  }

 protected:
  bool parse(std::string_view line, Event& event) override {
    user_ = take_token(line);
    const std::string_view item = take_token(line);
    if (item.empty()) return broken("want \"user item item ...\", found no item");
    if (!set_ids(user_, item, event)) return false;
    for (std::string_view rest = line;;) {  // of a broken line nothing is given
      const std::string_view other = take_token(rest);
      if (other.empty()) break;
      if (!check_item(other)) return false;
    }
    if (!met_.emplace(user_).second) return broken(kMetAgain, excerpt(user_));
    rest_ = line;
    return true;
  }

 private:
  static constexpr const char kMetAgain[] =
      "user \"{}\" has a line already, and a line of this format is a whole history; a table with "
      "an event on each line is read by --format csv --separator space --columns user,item,time";

  std::string_view user_;
  std::string_view rest_;
  std::unordered_set<std::string> met_;
};

/// A time in a place that is a time on every line; 0 is the user.
bool holds_times(const std::vector<std::vector<std::string>>& rows, size_t places) {
  for (size_t place = 1; place < places; ++place) {
    std::vector<std::string> values;
    for (const auto& row : rows) values.push_back(row[place]);
    if (tells_when(time_look(values))) return true;
  }
  return false;
}

/// Any lines of words can be read as this format, so it is the last to be asked, and everything
/// that tables have and histories have not speaks against it.
Recognition recognise(const InputSample& sample) {
  if (sample.lines.empty()) return {};
  std::vector<std::vector<std::string>> rows;
  std::set<std::string> users;
  size_t shortest = std::numeric_limits<size_t>::max(), longest = 0;
  for (const std::string_view line : sample.lines) {
    const auto& row = rows.emplace_back(tokens_of(line));
    shortest = std::min(shortest, row.size());
    longest = std::max(longest, row.size());
    if (!users.insert(row[0]).second) {
      return Recognition::no(
          fmt::format("user \"{}\" stands on more than one line", excerpt(row[0])));
    }
  }
  if (shortest < 2) return {};
  if (longest == 2) return Recognition::possible("every line has two fields");
  if (begins_with_names(rows, *sample.options)) {
    return Recognition::no("the first line looks like names, not like a history");
  }
  if (holds_times(rows, shortest)) return Recognition::no("a field is a time on every line");
  if (shortest == longest) {
    return Recognition::no(
        "all lines have as many fields, as a table has; --format s3rec takes them for histories");
  }
  return Recognition::certain("lines of different lengths, each with a user of its own");
}

}  // namespace

/// The files of S3-Rec and of what was built on it; attributes come with --attributes.
extern const ReaderInfo s3rec_reader;
const ReaderInfo s3rec_reader{
    "s3rec", "\"user item item ...\" per line in time order (S3-Rec)",
    [](const ReaderOptions& options,
       std::unique_ptr<LineReader> input) -> std::unique_ptr<EventReader> {
      return std::make_unique<S3RecReader>(options, std::move(input));
    },
    recognise};

}  // namespace truenext
