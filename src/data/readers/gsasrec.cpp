// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/line_reader.h"
#include "base/terminal_text.h"
#include "data/events.h"
#include "data/readers/tokens.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// dataset_stats.json; only num_items is needed.
struct Stats {
  int64_t num_items = 0;
  int64_t num_users = -1;
  int64_t num_interactions = -1;
};

Stats read_stats(const fs::path& path) {
  const auto json = nlohmann::json::parse(read_file(path, 1 << 20), nullptr, false);
  const auto number = [&](const char* key) {
    const bool there = json.is_object() && json.contains(key) && json[key].is_number_integer();
    return there ? json[key].get<int64_t>() : -1;
  };
  const Stats stats{number("num_items"), number("num_users"), number("num_interactions")};
  check_data(stats.num_items > 0, "{}: want a JSON object with a positive num_items",
             path.string());
  return stats;
}

/// Item ids, one sequence per line, each in 1..num_items.
class SequenceFile {
 public:
  SequenceFile(const fs::path& path, int64_t num_items)
      : lines_(path.string()), num_items_(num_items) {}

  bool next() {
    std::string_view line;
    if (!lines_.next(line)) return false;
    items_.clear();
    for (std::string_view token = take_token(line); !token.empty(); token = take_token(line)) {
      int64_t item = 0;
      const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), item);
      check_data(error == std::errc() && end == token.data() + token.size() && item >= 1 &&
                     item <= num_items_,
                 "{}: \"{}\" is not an item id, want 1 to {} (num_items in dataset_stats.json)",
                 where(), excerpt(token), num_items_);
      items_.push_back(item);
    }
    check_data(!items_.empty(), "{}: the line is empty, want item ids", where());
    return true;
  }
  /// Like next(), for files with exactly one id per line.
  bool next_answer() {
    if (!next()) return false;
    check_data(items_.size() == 1, "{}: {} ids, want one answer per line", where(), items_.size());
    return true;
  }
  const std::vector<int64_t>& items() const { return items_; }
  int64_t answer() const { return items_[0]; }
  std::string where() const { return lines_.where(); }
  int64_t line_number() const { return lines_.line_number(); }
  const std::string& name() const { return lines_.name(); }

 private:
  LineReader lines_;
  int64_t num_items_;
  std::vector<int64_t> items_;
};

bool is_prefix(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
}

/// Row r of train and test is user r + 1, whose sequence is the test history and the test answer;
/// a validation line belongs to the first later user whose history begins with it. The folder says
/// itself where the cuts are (spec of the layout: the gSASRec-pytorch repository, datasets/ml1m).
class GsasrecReader : public EventReader {
 public:
  explicit GsasrecReader(const fs::path& folder)
      : stats_(read_stats(folder / "dataset_stats.json")),
        train_(folder / "train/input.txt", stats_.num_items),
        valid_(folder / "val/input.txt", stats_.num_items),
        valid_answers_(folder / "val/output.txt", stats_.num_items),
        test_(folder / "test/input.txt", stats_.num_items),
        test_answers_(folder / "test/output.txt", stats_.num_items) {
    account_.columns = {{"user", "line number", ""}, {"item", "every field", ""}};
    account_.ordered_by_format = true;
    next_validation();
  }

  bool has_time() const override { return false; }
  std::span<const SplitPoint> given_split() const override { return split_; }
  std::vector<std::string> warnings() const override { return warnings_; }

  bool next(Event& event) override {
    if (position_ == sequence_.size() && !next_user()) return false;
    item_text_ = std::to_string(sequence_[position_++]);
    event = {user_text_, item_text_, 0, 1.0};
    ++events_;
    return true;
  }

 private:
  bool next_user() {
    const bool more = test_.next();
    const bool same = test_answers_.next_answer() == more && train_.next() == more;
    check_data(same, "{}, {} and {} have different numbers of lines: the first ends at line {}",
               train_.name(), test_.name(), test_answers_.name(),
               std::min({train_.line_number(), test_.line_number(), test_answers_.line_number()}));
    if (!more) {
      finish();
      return false;
    }
    check_data(is_prefix(train_.items(), test_.items()),
               "{}: the training items are not the beginning of the test history of the same line",
               train_.where());
    sequence_ = test_.items();
    const auto history = static_cast<int64_t>(sequence_.size());
    SplitPoint cut{static_cast<int64_t>(train_.items().size()), history, history, history,
                   history + 1};
    if (validation_matches()) {
      cut.valid_begin = static_cast<int64_t>(valid_.items().size());
      cut.valid_end = cut.valid_begin + 1;
      next_validation();
    }
    split_.push_back(cut);
    sequence_.push_back(test_answers_.answer());
    position_ = 0;
    user_text_ = std::to_string(split_.size());
    return true;
  }

  /// A validation line holds a user's training items, then what the test history goes on with.
  bool validation_matches() const {
    if (!has_validation_) return false;
    const std::vector<int64_t>& input = valid_.items();
    return is_prefix(train_.items(), input) && is_prefix(input, test_.items()) &&
           input.size() < test_.items().size() &&
           test_.items()[input.size()] == valid_answers_.answer();
  }

  void next_validation() {
    has_validation_ = valid_.next();
    check_data(valid_answers_.next_answer() == has_validation_,
               "{} and {} have different numbers of lines", valid_.name(), valid_answers_.name());
  }

  void finish() {
    check_data(!split_.empty(), "{}: the file is empty, want one user per line", train_.name());
    check_data(!has_validation_,
               "{}: this line and its answer in {} do not go with the test history of any user "
               "behind the user of the line before",
               valid_.where(), valid_answers_.name());
    if (stats_.num_users >= 0 && stats_.num_users != static_cast<int64_t>(split_.size())) {
      warnings_.push_back(fmt::format("dataset_stats.json says {} users, found {}",
                                      stats_.num_users, split_.size()));
    }
    if (stats_.num_interactions >= 0 && stats_.num_interactions != events_) {
      warnings_.push_back(fmt::format("dataset_stats.json says {} interactions, found {}",
                                      stats_.num_interactions, events_));
    }
  }

  Stats stats_;
  std::vector<std::string> warnings_;
  SequenceFile train_, valid_, valid_answers_, test_, test_answers_;
  bool has_validation_ = false;
  std::vector<int64_t> sequence_;
  size_t position_ = 0;
  int64_t events_ = 0;
  std::string user_text_, item_text_;
  std::vector<SplitPoint> split_;
};

std::unique_ptr<EventReader> open_folder(const ReaderOptions& options,
                                         std::unique_ptr<LineReader> /*input*/) {
  check_usage(!options.skip_bad,
              "--skip-bad does not go with gsasrec folders: their lines belong together");
  return std::make_unique<GsasrecReader>(options.path);
}

}  // namespace

extern const ReaderInfo gsasrec_reader;
const ReaderInfo gsasrec_reader{
    "gsasrec", "folder with train/, val/, test/ and dataset_stats.json; brings its own split",
    open_folder,
    [](const InputSample& sample) {
      if (!sample.folder || !fs::exists(fs::path(sample.path) / "train/input.txt")) {
        return Recognition{};
      }
      return Recognition::certain("the folder has train/input.txt");
    },
    true};

}  // namespace truenext
