// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <vector>

#include "base/terminal_text.h"
#include "data/readers/line_events.h"
#include "data/readers/missing_words.h"
#include "data/readers/python_literal.h"

namespace truenext {
namespace {

/// A user a line, who has any number of reviews.
class SteamReader : public TextEventReader {
 public:
  SteamReader(const ReaderOptions& options, std::unique_ptr<LineReader> input)
      : TextEventReader(options, std::move(input)) {
    account_.columns = {{"user", "user_id", ""}, {"item", "item_id", ""}, {"time", "posted", ""}};
    if (options.values) account_.columns.push_back({"value", "recommend", ""});
  }
  bool has_time() const override { return true; }
  bool has_value() const override { return options_.values; }
  int64_t undated_events() const override { return undated_; }

  bool next(Event& event) override {
    while (given_ == reviews_.size()) {
      std::string_view line;
      if (!next_line(line)) return false;
      if (!read_user(line)) give_up_or_skip();
    }
    const Review& review = reviews_[given_++];
    event.user = user_;
    event.item = std::string_view(items_).substr(review.item_begin, review.item_size);
    event.value = review.value;
    if (review.time) {
      set_time(*review.time, event);
    } else {
      event.time = -1;  // before all others, where the code of the relevance weights has it too
      event.order = kUndated;
      ++undated_;
    }
    return true;
  }

 private:
  struct Review {
    size_t item_begin = 0, item_size = 0;  ///< in items_
    std::optional<ParsedTime> time;
    double value = 1;
  };

  void forget_reviews() {
    items_.clear();
    reviews_.clear();
    given_ = 0;
  }

  /// Of a broken line nothing is kept, not even the reviews before the fault.
  bool read_user(std::string_view line) {
    forget_reviews();
    try {
      PythonLiteral literal(line);
      read_user(literal);
      literal.end();
      return true;
    } catch (const PythonLiteralError& error) {
      forget_reviews();
      return broken("{}", error.what());
    }
  }

  void read_user(PythonLiteral& user) {
    bool has_user = false, has_reviews = false;
    user.dict([&](std::string_view key) {
      if (key == "user_id") {
        user_ = take_id(user);
        has_user = true;
      } else if (key == "reviews") {
        forget_reviews();  // of equal keys the last one counts, in Python and here
        user.list([&] { read_review(user); });
        has_reviews = true;
      } else {
        user.skip();
      }
    });
    if (!has_user) user.fail("the user has no \"user_id\"");
    if (!has_reviews) user.fail("the user has no \"reviews\"");
  }

  void read_review(PythonLiteral& review) {
    Review read;
    bool has_posted = false, has_value = !options_.values;
    review.dict([&](std::string_view key) {
      if (key == "item_id") {
        read.item_begin = items_.size();
        items_ += take_id(review);
        read.item_size = items_.size() - read.item_begin;
      } else if (key == "posted") {
        read.time = take_day(review);
        has_posted = true;
      } else if (key == "recommend" && options_.values) {
        read.value = take_recommendation(review);
        has_value = true;
      } else {
        review.skip();
      }
    });
    if (read.item_size == 0) review.fail("the review has no \"item_id\"");
    if (!has_posted) review.fail("the review has no \"posted\"");
    if (!has_value) review.fail("the review has no \"recommend\"");
    reviews_.push_back(read);
  }

  std::string_view take_id(PythonLiteral& literal) const {
    using Kind = PythonLiteral::Kind;
    const Kind kind = literal.kind();
    if (kind != Kind::text && kind != Kind::number) literal.fail("an id is a text or a number");
    const std::string_view id = kind == Kind::number ? literal.number() : literal.text();
    if (trimmed(id).empty()) literal.fail("the id is empty");
    if (id.find('\0') != std::string_view::npos) literal.fail("the id has a zero byte in it");
    const bool fraction = kind == Kind::number && id.find_first_of(".eE") != std::string_view::npos;
    if (fraction) literal.fail("an id is a text or a whole number");
    if (!options_.keep_missing_words && is_missing(id)) {
      literal.fail(fmt::format("the id is \"{}\", which stands for a missing value", excerpt(id)));
    }
    return id;
  }

  std::optional<ParsedTime> take_day(PythonLiteral& literal) const {
    const std::string_view posted = literal.text();
    std::string_view day = posted;
    if (day.starts_with("Posted ")) day.remove_prefix(7);
    if (day.ends_with('.')) day.remove_suffix(1);
    const auto parsed = parse_written_day(day, options_.time_scale);
    if (!parsed) {
      literal.fail(
          fmt::format("\"posted\" is \"{}\", want \"Posted November 5, 2011.\"", excerpt(posted)));
    }
    return parsed->time;
  }

  static double take_recommendation(PythonLiteral& literal) {
    const std::string_view name = literal.name();
    if (name == "None") literal.fail("\"recommend\" is None, want True or False");
    return name == "True" ? 1 : 0;
  }

  std::string user_;
  std::string items_;  // the ids of the line's reviews, one after the other
  std::vector<Review> reviews_;
  size_t given_ = 0;
  int64_t undated_ = 0;
};

/// Judges by what stands before the first fault: the first line may be cut off.
bool has_reviews(std::string_view line) {
  bool has_user = false, has_item = false;
  PythonLiteral literal(line);
  const auto read_review = [&] {
    literal.dict([&](std::string_view key) {
      has_item = has_item || key == "item_id";
      literal.skip();
    });
  };
  try {
    literal.dict([&](std::string_view key) {
      has_user = has_user || key == "user_id";
      key == "reviews" ? literal.list(read_review) : literal.skip();
    });
  } catch (const PythonLiteralError&) {
  }
  return has_user && has_item;
}

Recognition recognise(const InputSample& sample) {
  for (const std::string_view line : sample.lines) {
    if (has_reviews(line)) return Recognition::certain("a user has reviews of items on one line");
  }
  return {};
}

}  // namespace

/// Reviews of Steam's users in Australia (Pathak et al., SIGIR 2017).
extern const ReaderInfo steam_reader;
const ReaderInfo steam_reader{
    "steam", "reviews of Steam: one Python dict per line with user_id and a list of reviews",
    [](const ReaderOptions& options,
       std::unique_ptr<LineReader> input) -> std::unique_ptr<EventReader> {
      return std::make_unique<SteamReader>(options, std::move(input));
    },
    recognise};

}  // namespace truenext
