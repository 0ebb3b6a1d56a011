// SPDX-License-Identifier: Apache-2.0
#include "data/readers/columns.h"
#include "data/readers/line_events.h"
#include "data/readers/tokens.h"
#include "data/recognition.h"
#include "data/time_look.h"

namespace truenext {
namespace {

class PairsReader : public LineEventReader {
 public:
  PairsReader(const ReaderOptions& options, std::unique_ptr<LineReader> input)
      : LineEventReader(options, std::move(input)) {
    account_.columns = {{"user", "field 1", ""}, {"item", "field 2", ""}};
    account_.ordered_by_format = true;
  }
  bool has_time() const override { return false; }

 protected:
  bool parse(std::string_view line, Event& event) override {
    const std::string_view user = take_token(line);
    const std::string_view item = take_token(line);
    if (item.empty() || !take_token(line).empty()) {
      return broken("want two fields, \"user item\"");
    }
    return set_ids(user, item, event);
  }
};

Recognition recognise(const InputSample& sample) {
  if (sample.lines.empty()) return {};
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> items;
  for (const std::string_view line : sample.lines) {
    rows.push_back(tokens_of(line));
    if (rows.back().size() != 2) return {};
    items.push_back(rows.back()[1]);
  }
  if (are_usual_names(rows[0][0], rows[0][1])) {
    return Recognition::certain("every line has two fields, and the first line names them");
  }
  if (begins_with_names(rows, *sample.options)) {
    return Recognition::no("the first line looks like names, not like an event");
  }
  if (tells_when(time_look(items))) return Recognition::no("the second field is always a time");
  return Recognition::certain("every line has two fields");
}

}  // namespace

/// The files of SASRec and BERT4Rec (ml-1m.txt, Video.txt).
extern const ReaderInfo pairs_reader;
const ReaderInfo pairs_reader{
    "pairs", "\"user item\" per line, each user's lines in time order (SASRec, BERT4Rec)",
    [](const ReaderOptions& options,
       std::unique_ptr<LineReader> input) -> std::unique_ptr<EventReader> {
      return std::make_unique<PairsReader>(options, std::move(input));
    },
    recognise};

}  // namespace truenext
