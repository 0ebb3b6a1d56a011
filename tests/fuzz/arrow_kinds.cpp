// SPDX-License-Identifier: Apache-2.0
// Tables as Arrow streams, right and wrong in all that a reader can check. How large a buffer is
// nobody says, so buffers are as large as the lengths and the types ask for.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "data/readers/arrow_stream.h"
#include "data/readers/arrow_type.h"
#include "fuzz_kinds.h"
#include "support/arrow_frame.h"

namespace truenext::fuzz {
namespace {

using test::ArrowFrame;
using test::FrameArray;
using test::FrameBatch;
using ArrowKind = ArrowType::Kind;

/// Takes the input off in pieces; zeros behind its end.
class Choices {
 public:
  explicit Choices(std::string_view input) : rest_(input) {}

  uint8_t byte() {
    if (rest_.empty()) return 0;
    const char taken = rest_[0];
    rest_.remove_prefix(1);
    return static_cast<uint8_t>(taken);
  }
  int64_t below(int64_t end) { return byte() % end; }
  bool seldom() { return byte() == 0xff; }
  std::string bytes(int64_t count) {
    std::string text;
    for (int64_t i = 0; i < count; ++i) text += static_cast<char>(byte());
    return text;
  }

 private:
  std::string_view rest_;
};

constexpr const char* kFormats[] = {
    "u",    "U",   "z",   "Z",     "vu",       "vz",       "c", "C",    "s",     "S",
    "i",    "I",   "l",   "L",     "f",        "g",        "b", "tss:", "tsm:Z", "tsu:",
    "tsn:", "tdD", "tdm", "d:9,0", "d:9,0,32", "d:9,0,64", "e", "n",    "+l",    "d:3,1"};
constexpr int64_t kWrong[] = {-1, INT64_MIN, INT64_MAX, int64_t{1} << 50, 0, 3};

std::string format_of(Choices& choices) {
  if (choices.seldom()) return choices.bytes(choices.below(8));
  return kFormats[choices.below(std::size(kFormats))];
}

/// Bounds of texts: most ascend, and the last is inside.
template <typename T>
std::string bounds(Choices& choices, int64_t count, int64_t bytes) {
  std::vector<T> all{0};
  for (int64_t i = 0; i < count; ++i) {
    T next = static_cast<T>(
        std::min(bytes, std::clamp<int64_t>(all.back(), 0, bytes) + choices.below(20)));
    if (choices.seldom()) next = static_cast<T>(kWrong[choices.below(6)]);
    all.push_back(next);
  }
  all.back() = std::min<T>(all.back(), static_cast<T>(bytes));
  return test::bytes_of(all);
}

void add_values(Choices& choices, const ArrowType& type, int64_t count, FrameArray& array) {
  const auto text = [&] { return choices.bytes(choices.below(60)); };
  switch (type.kind) {
    case ArrowKind::text: {
      const std::string kept = text();
      const auto size = static_cast<int64_t>(kept.size());
      array.buffers.emplace_back(type.bytes == 4 ? bounds<int32_t>(choices, count, size)
                                                 : bounds<int64_t>(choices, count, size));
      array.buffers.emplace_back(kept);
      break;
    }
    case ArrowKind::view: {
      array.buffers.emplace_back(choices.bytes(16 * count));
      std::vector<int64_t> sizes;
      for (int64_t i = choices.below(3); i > 0; --i) {
        array.buffers.emplace_back(text());
        sizes.push_back(static_cast<int64_t>(array.buffers.back()->size()));
      }
      array.buffers.emplace_back(test::bytes_of(sizes));
      break;
    }
    case ArrowKind::refused:
      break;
    default:
      array.buffers.emplace_back(
          choices.bytes(type.kind == ArrowKind::truth ? count / 8 + 1 : type.bytes * count));
  }
}

FrameArray array_of(Choices& choices, const std::string& format, int64_t length) {
  FrameArray array;
  array.format = format;
  array.length = length;
  array.offset = choices.below(4);
  array.null_count = choices.below(2) - 1;
  const int64_t count = array.length + array.offset;
  array.buffers.emplace_back(choices.bytes(count / 8 + 1));
  add_values(choices, ArrowType::of(format), count, array);
  if (choices.seldom()) array.buffers.resize(static_cast<size_t>(choices.below(2)));
  for (auto& buffer : array.buffers) {
    if (choices.seldom()) buffer.reset();
  }
  // More rows than there are cannot be told from a length that is right.
  if (choices.seldom()) array.length = std::min(array.length, kWrong[choices.below(6)]);
  if (choices.seldom()) array.offset = kWrong[choices.below(4)];
  if (choices.seldom()) array.null_count = kWrong[choices.below(6)];
  return array;
}

ArrowFrame frame_of(Choices& choices) {
  static constexpr const char* kNames[] = {"user", "item", "time", "rating", "x", "ts", ""};
  ArrowFrame frame;
  std::vector<std::string> formats, dictionaries;
  for (int64_t columns = 1 + choices.below(5), i = 0; i < columns; ++i) {
    frame.names.emplace_back(kNames[choices.seldom() ? choices.below(7) : i]);
    const bool dictionary = choices.below(4) == 1;
    formats.push_back(dictionary && !choices.seldom() ? std::string(1, "cCsSiIlL"[choices.below(8)])
                                                      : format_of(choices));
    dictionaries.push_back(dictionary ? format_of(choices) : "");
  }
  for (int64_t batches = choices.below(4); batches > 0; --batches) {
    FrameBatch batch;
    batch.length = choices.below(24);
    batch.offset = choices.below(3);
    for (size_t i = 0; i < formats.size(); ++i) {
      batch.columns.push_back(array_of(choices, formats[i], batch.length + batch.offset));
      if (dictionaries[i].empty()) continue;
      batch.columns.back().dictionary =
          std::make_shared<FrameArray>(array_of(choices, dictionaries[i], choices.below(9)));
    }
    if (choices.below(4) == 1) {
      batch.null_count = -1;
      batch.validity = choices.bytes(4);
    }
    if (choices.seldom()) batch.columns.pop_back();
    if (choices.seldom()) batch.length = std::min(batch.length, kWrong[choices.below(6)]);
    if (choices.seldom()) batch.offset = kWrong[choices.below(4)];
    frame.batches.push_back(std::move(batch));
  }
  while (!frame.batches.empty() && frame.batches[0].columns.size() < formats.size()) {
    frame.batches.erase(frame.batches.begin());  // the schema is made of it
  }
  frame.batch_error = choices.seldom() ? 5 : 0;
  return frame;
}

void read(ArrowFrame frame, bool skip_bad) {
  ReaderOptions options;
  options.path = "table";
  options.skip_bad = skip_bad;
  ArrowArrayStream stream = frame.stream();
  int64_t bytes = 0;
  try {
    const auto reader = open_arrow_stream(&stream, options);
    for (Event event; reader->next(event);) {
      for (const std::string_view id : {event.user, event.item}) {
        for (const char c : id) bytes += c == '\0' ? INT64_MIN / 4096 : 1;
      }
      if (!std::isfinite(event.value)) __builtin_trap();
    }
    (void)reader->warnings();
    (void)columns_text(reader->account());
  } catch (const Error&) {
    if (!frame.all_released()) __builtin_trap();
    throw;
  }
  if (bytes < 0 || !frame.all_released() || frame.most_batches_alive > 1) __builtin_trap();
}

void arrow(std::string_view input) {
  Choices choices(input);
  const ArrowFrame frame = frame_of(choices);
  try {
    read(frame, true);
  } catch (const Error&) {  // the stream is damaged; then the strict pass stops as well
  }
  read(frame, false);
}

}  // namespace

void add_arrow_kinds(std::vector<Kind>& kinds) {
  kinds.push_back({"arrow", &arrow});
}

}  // namespace truenext::fuzz
