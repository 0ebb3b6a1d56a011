// SPDX-License-Identifier: Apache-2.0
#include "cli/id_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/line_reader.h"
#include "base/log.h"

namespace truenext::cli {
namespace {

constexpr const char* kCuts = ", \t\r";
constexpr size_t kMostNamed = 10;

bool names_file(const std::string& value) {
  std::error_code error;
  const auto status = std::filesystem::status(value, error);
  return value == "-" ||
         (std::filesystem::exists(status) && !std::filesystem::is_directory(status));
}

}  // namespace

std::vector<std::string> split_ids(std::string_view line, const std::string& separator) {
  std::vector<std::string> ids;
  while (!line.empty()) {
    const size_t end = separator.empty() ? line.find_first_of(kCuts) : line.find(separator);
    std::string_view id = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos
                           ? line.size()
                           : end + (separator.empty() ? 1 : separator.size()));
    if (line.empty() && !id.empty() && id.back() == '\r') id.remove_suffix(1);
    if (!id.empty()) ids.emplace_back(id);
  }
  return ids;
}

std::vector<std::string> read_id_file(const std::string& path) {
  LineReader reader(path);
  std::vector<std::string> ids;
  std::string_view line;
  while (reader.next(line)) {
    if (!line.empty()) ids.emplace_back(line);
  }
  check_data(!ids.empty(), "{}: holds no id; want one id a line", reader.name());
  return ids;
}

std::vector<std::string> read_ids(const std::string& option, const std::string& value,
                                  const std::string& separator) {
  if (names_file(value)) {
    log_info("{}: ids are read from the file {}, one a line", option, value);
    return read_id_file(value);
  }
  check_data(value.find('/') == std::string::npos || !separator.empty(),
             "{} {}: there is no such file; if it is an id, say --separator with a text that ids "
             "do not contain",
             option, value);
  std::vector<std::string> ids = split_ids(value, separator);
  check_usage(!ids.empty(), "{}: names no id; want a file with one id a line, or ids", option);
  return ids;
}

void check_standard_input(const std::vector<std::pair<std::string, std::string>>& sources) {
  std::string reader;
  for (const auto& [option, value] : sources) {
    if (value != "-") continue;
    check_usage(reader.empty(),
                "{} and {} both read standard input, which can be read only once; name a file for "
                "one of them",
                reader, option);
    reader = option;
  }
}

std::string id_list(const std::vector<std::string>& ids) {
  const size_t named = std::min(ids.size(), kMostNamed);
  std::string text = fmt::format("{}", fmt::join(ids.begin(), ids.begin() + named, ", "));
  if (ids.size() > named) text += fmt::format(" and {} more", ids.size() - named);
  return text;
}

std::string separator_hint(std::string_view line, const std::string& separator, bool any_unknown,
                           const FindItem& find) {
  if (!separator.empty()) return "";
  const bool cut = line.find_first_of(kCuts) != std::string_view::npos;
  if (cut && find(line)) {
    return "; the whole text is an item as well: say --separator with a text that ids do not "
           "contain, e.g. --separator ';'";
  }
  if (!any_unknown || !cut) return "";
  return "; if ids contain commas or blanks, say what separates them, e.g. --separator ';'";
}

}  // namespace truenext::cli
