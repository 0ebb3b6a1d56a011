// SPDX-License-Identifier: Apache-2.0
#include "data/readers/line_events.h"
#include "data/readers/tokens.h"

namespace truenext {
namespace {

class S3RecReader : public LineEventReader {
 public:
  using LineEventReader::LineEventReader;
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
    rest_ = line;
    return true;
  }

 private:
  std::string_view user_;
  std::string_view rest_;
};

bool recognises(const InputSample& sample) {
  if (sample.lines.empty()) return false;
  for (const std::string_view line : sample.lines) {
    if (count_tokens(line) < 2) return false;
  }
  return true;
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
    recognises};

}  // namespace truenext
