// SPDX-License-Identifier: Apache-2.0
#include "cli/list_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "cli/standard_streams.h"
#include "data/id_json.h"
#include "data/tsv_id.h"
#include "eval/result_files.h"

namespace truenext::cli {
namespace {

const std::string kRank = "rank", kScore = "score", kProbability = "probability", kTitle = "title",
                  kMethod = "method";

// Rows come by the million, one cell after the other: appended as they are, without fmt's parsing.

/// A blank at an end is part of the id, and readers strip it outside quotes.
bool needs_quotes(std::string_view raw) {
  if (raw.empty()) return false;
  if (raw.front() == ' ' || raw.back() == ' ') return true;
  return std::any_of(raw.begin(), raw.end(),
                     [](char c) { return c == ',' || c == '"' || c == '\n' || c == '\r'; });
}

void append_csv(std::string_view raw, std::string* to) {
  if (!needs_quotes(raw)) {
    *to += raw;
    return;
  }
  *to += '"';
  for (const char c : raw) {
    if (c == '"') *to += '"';
    *to += c;
  }
  *to += '"';
}

/// The shortest text that gives the same number back.
template <typename Number>
void append_number(Number value, std::string* to) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  to->append(digits.data(), end);
}

}  // namespace

ListFormat list_format_of(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  const auto format = find_word<ListFormat>(extension.empty() ? "" : extension.substr(1));
  check_usage(format.has_value(),
              "--out {}: want a name that ends in .csv, .tsv or .jsonl, or --format beside it",
              path);
  return *format;
}

ListRows::ListRows(ListFormat format, Columns columns)
    : format_(format), columns_(std::move(columns)) {}

std::string ListRows::header() const {
  if (format_ == ListFormat::jsonl) return "";
  std::vector<std::string> names = {columns_.key, kRank, columns_.item, kScore};
  if (columns_.probability) names.push_back(kProbability);
  if (columns_.title) names.push_back(kTitle);
  if (!columns_.method.empty()) names.push_back(kMethod);
  return fmt::format("{}\n", fmt::join(names, format_ == ListFormat::csv ? "," : "\t"));
}

void ListRows::append_id(std::string_view raw, std::string* to) const {
  if (format_ == ListFormat::jsonl && !is_utf8(raw)) {
    *to += id_json(raw).dump();
  } else {
    append_text(raw, to);
  }
}

void ListRows::append_text(std::string_view raw, std::string* to) const {
  if (format_ == ListFormat::csv) {
    append_csv(raw, to);
  } else {
    *to += format_ == ListFormat::tsv ? tsv_id(raw) : json_text(raw);
  }
}

std::string ListRows::key(std::string_view raw) const {
  std::string text;
  append_id(raw, &text);
  return text;
}

void ListRows::append(const std::string& key, const ListRow& row, std::string* to) const {
  const bool json = format_ == ListFormat::jsonl;
  const char* const cut = format_ == ListFormat::csv ? "," : "\t";
  const auto next = [&](const std::string& name) {
    if (json) {
      to->append(",\"").append(name).append("\":");
    } else {
      *to += cut;
    }
  };
  if (json) to->append("{\"").append(columns_.key).append("\":");
  *to += key;
  next(kRank);
  append_number(row.rank, to);
  next(columns_.item);
  append_id(row.item, to);
  next(kScore);
  append_number(row.score, to);
  if (columns_.probability) {
    next(kProbability);
    append_number(*row.probability, to);
  }
  if (columns_.title) {
    next(kTitle);
    append_text(row.title, to);
  }
  if (!columns_.method.empty()) {
    next(kMethod);
    append_text(columns_.method, to);
  }
  *to += json ? "}\n" : "\n";
}

ListSink::ListSink(const std::string& out) {
  if (!out.empty() && out != "-") file_ = std::make_unique<AtomicFile>(out);
}

void ListSink::write(std::string_view text) {
  if (file_) {
    file_->write(text);
  } else if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    fail_output(errno);
  }
}

void ListSink::commit() {
  if (file_) {
    file_->commit();
  } else {
    flush_output();
  }
}

}  // namespace truenext::cli
