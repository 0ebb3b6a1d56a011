// SPDX-License-Identifier: Apache-2.0
#include "data/recognition.h"

#include <algorithm>

#include "base/error.h"
#include "base/terminal_text.h"
#include "data/readers/columns.h"
#include "data/readers/input_kind.h"
#include "data/readers/tokens.h"

namespace truenext {
namespace {

constexpr size_t kSampleLines = 20;

using Fit = Recognition::Fit;

struct Opinion {
  const ReaderInfo* format;
  Recognition recognition;
};

std::string reasons(const std::vector<Opinion>& opinions, Fit fit) {
  std::string text;
  for (const auto& [format, recognition] : opinions) {
    if (recognition.fit != fit || recognition.why.empty()) continue;
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", format->name, recognition.why);
  }
  return text;
}

/// How to have the lines read as a table, where they may be one.
std::string table_hint(const InputSample& sample) {
  if (sample.lines.empty()) return "";
  static constexpr std::pair<std::string_view, const char*> kSeparators[] = {
      {"\t", "tab"}, {";", "';'"}, {"|", "pipe"}, {"::", "::"}, {" ", "space"}};
  for (const auto& [separator, option] : kSeparators) {
    size_t fields = 1;
    for (size_t at = 0; (at = sample.lines[0].find(separator, at)) != std::string_view::npos;
         at += separator.size()) {
      ++fields;
    }
    if (fields < 2) continue;
    return fmt::format(
        "; a table of {} fields is read by --format csv --separator {}, with --columns (for "
        "example {}) if no line names them",
        fields, option, fields > 2 ? "user,item,time" : "user,item");
  }
  return "";
}

[[noreturn]] void fail_unrecognised(const InputSample& sample,
                                    const std::vector<Opinion>& opinions) {
  const std::string where = sample.path;
  check_data(!sample.folder, "{}", folder_problem(where));
  if (const std::string candidates = reasons(opinions, Fit::possible); !candidates.empty()) {
    fail_data("{}: the lines fit several formats: {}; choose one with --format{}", where,
              candidates, table_hint(sample));
  }
  const std::string against = reasons(opinions, Fit::no);
  fail_data(
      "{}: the format cannot be told from the name and the first lines{}{}{}; choose it with "
      "--format, one of {}",
      where, against.empty() ? "" : "; it is not taken for " + against,
      sample.lines.empty() ? "" : "; the first line is \"" + excerpt(sample.lines[0]) + "\"",
      table_hint(sample), format_names());
}

bool is_numeric(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.+-") == std::string::npos;
}

bool has_digit(const std::string& text) {
  return text.find_first_of("0123456789") != std::string::npos;
}

}  // namespace

std::vector<std::string_view> first_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  const bool all = text.size() < kSampleBytes;
  while (!text.empty() && lines.size() < kSampleLines) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos && !all && !lines.empty()) break;
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

void FormatChoice::write_into(SourceAccount& account) const {
  account.why = account.why.empty() ? why : why + "; " + account.why;
  account.also_fits.insert(account.also_fits.begin(), also_fits.begin(), also_fits.end());
  account.warnings.insert(account.warnings.begin(), warnings.begin(), warnings.end());
}

FormatChoice choose_format(const InputSample& sample) {
  check_data(sample.folder || !sample.lines.empty(), "{}: the file is empty, want events",
             sample.path);
  std::vector<Opinion> opinions;
  for (const ReaderInfo* format : reader_list()) {
    const bool reads = sample.options->columns.empty() || format->takes_columns;
    opinions.push_back({format, reads ? format->recognise(sample)
                                      : Recognition::no("it does not take --columns")});
  }
  const auto chosen = std::find_if(opinions.begin(), opinions.end(), [](const Opinion& opinion) {
    return opinion.recognition.fit == Fit::certain;
  });
  FormatChoice choice;
  if (chosen != opinions.end()) {
    choice.format = chosen->format;
    choice.why = chosen->recognition.why;
  } else {
    for (const Opinion& opinion : opinions) {
      if (opinion.recognition.fit != Fit::possible) continue;
      if (choice.format != nullptr) fail_unrecognised(sample, opinions);
      choice.format = opinion.format;
      choice.why = opinion.recognition.why;
    }
    if (choice.format == nullptr) fail_unrecognised(sample, opinions);
    choice.warnings.push_back(
        fmt::format("{}: taken for the format {} because {}, which proves nothing; --format "
                    "chooses",
                    sample.path, choice.format->name, choice.why));
  }
  for (const Opinion& opinion : opinions) {
    if (opinion.recognition.fit == Fit::no || opinion.format == choice.format) continue;
    choice.also_fits.push_back(fmt::format("--format {}", opinion.format->name));
  }
  return choice;
}

std::vector<std::string> tokens_of(std::string_view line) {
  std::vector<std::string> tokens;
  for (std::string_view token; !(token = take_token(line)).empty();) tokens.emplace_back(token);
  return tokens;
}

bool begins_with_names(const std::vector<std::vector<std::string>>& rows,
                       const ReaderOptions& options) {
  if (rows.empty()) return false;
  if (names_user_and_item(rows[0], options)) return true;
  if (rows.size() < 2) return false;
  for (size_t column = 0; column < rows[0].size(); ++column) {
    bool numbers = true, digits = true;
    for (size_t row = 1; row < rows.size(); ++row) {
      const bool there = column < rows[row].size();
      numbers = numbers && there && is_numeric(rows[row][column]);
      digits = digits && there && has_digit(rows[row][column]);
    }
    if (numbers && !is_numeric(rows[0][column])) return true;
    if (digits && !has_digit(rows[0][column])) return true;
  }
  return false;
}

}  // namespace truenext
