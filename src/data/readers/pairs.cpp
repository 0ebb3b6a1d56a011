// SPDX-License-Identifier: Apache-2.0
#include "data/readers/line_events.h"
#include "data/readers/tokens.h"

namespace truenext {
namespace {

class PairsReader : public LineEventReader {
 public:
  using LineEventReader::LineEventReader;
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

bool recognises(const InputSample& sample) {
  if (sample.lines.empty()) return false;
  for (const std::string_view line : sample.lines) {
    if (count_tokens(line) != 2) return false;
  }
  return true;
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
    recognises};

}  // namespace truenext
