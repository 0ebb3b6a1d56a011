// SPDX-License-Identifier: Apache-2.0
#include "data/titles.h"

#include <simdjson.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/line_reader.h"
#include "data/id_table.h"
#include "data/readers/delimited.h"
#include "data/readers/input_kind.h"
#include "data/readers/tokens.h"

namespace truenext {
namespace {

std::string to_utf8(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size())) return std::string(text);
  std::string utf8;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      utf8 += c;
    } else {
      utf8 += static_cast<char>(0xC0 | (byte >> 6));
      utf8 += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return utf8;
}

struct TitleColumns {
  Delimiter delimiter;
  bool header = false;
  size_t id = 0, title = 1;
};

Delimiter delimiter_of(std::string_view line) {
  if (line.find("::") != std::string_view::npos) return {"::", QuoteRule::none};
  if (line.find('|') != std::string_view::npos) return {"|", QuoteRule::none};
  if (line.find('\t') != std::string_view::npos) return {"\t", QuoteRule::whole_field};
  return {",", QuoteRule::rfc4180};
}

/// A header names its title column so; RecBole adds ":type", which is cut off.
TitleColumns columns_of(std::string_view line) {
  TitleColumns columns{delimiter_of(line)};
  FieldSplitter splitter(columns.delimiter);
  splitter.split(line);
  const std::vector<std::string_view>& fields = splitter.fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    std::string name(fields[i].substr(0, fields[i].find(':')));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    const bool titled = name.ends_with("title") || name == "name" || name.ends_with("_name");
    if (titled && !columns.header) {
      columns.header = true;
      columns.title = i;
    }
    for (const char* known : {"item_id", "itemid", "movieid", "movie_id", "item", "id"}) {
      if (name == known) columns.id = i;
    }
  }
  return columns;
}

/// Id in the title file -> title.
struct TitleTable {
  IdTable ids;
  std::vector<std::string> titles;
};

TitleTable read_title_file(const std::string& path) {
  TitleTable table;
  LineReader lines(path);
  const std::string_view start = lines.peek(size_t{64} << 10);
  check_text(lines.name(), start);
  const TitleColumns columns = columns_of(start.substr(0, start.find_first_of("\r\n")));
  FieldSplitter splitter(columns.delimiter);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty() || (columns.header && lines.line_number() == 1)) continue;
    const bool closed = splitter.split(line);
    const std::vector<std::string_view>& fields = splitter.fields();
    check_data(closed && std::max(columns.id, columns.title) < fields.size(),
               "{}: want an item id and a title apart by \"{}\"", lines.where(),
               columns.delimiter.separator);
    const auto before = table.ids.size();
    table.ids.intern(fields[columns.id]);
    if (table.ids.size() > before) table.titles.push_back(to_utf8(fields[columns.title]));
  }
  return table;
}

/// Raw id in the dataset -> id in the title file.
struct IdTranslation {
  IdTable ids;
  std::vector<std::string> title_ids;
};

IdTranslation read_translation(const std::string& path) {
  IdTranslation translation;
  if (path.empty()) return translation;
  LineReader lines(path);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty()) continue;
    const std::string_view id = take_token(line);
    const std::string_view title_id = take_token(line);
    check_data(!title_id.empty() && take_token(line).empty(),
               "{}: want two fields, \"id title-id\"", lines.where());
    const auto before = translation.ids.size();
    translation.ids.intern(id);
    check_data(translation.ids.size() > before, "{}: the id \"{}\" occurs twice", lines.where(),
               id);
    translation.title_ids.emplace_back(title_id);
  }
  return translation;
}

}  // namespace

std::vector<std::string> read_titles(const std::string& path, const std::string& map_path,
                                     int64_t count,
                                     const std::function<std::string_view(int64_t)>& raw) {
  const TitleTable table = read_title_file(path);
  const IdTranslation translation = read_translation(map_path);
  std::vector<std::string> titles(static_cast<size_t>(count));
  for (int64_t item = 0; item < count; ++item) {
    std::string_view id = raw(item);
    if (!map_path.empty()) {
      const auto at = translation.ids.find(id);
      if (!at) continue;
      id = translation.title_ids[*at];
    }
    if (const auto at = table.ids.find(id)) titles[item] = table.titles[*at];
  }
  return titles;
}

}  // namespace truenext
