// SPDX-License-Identifier: Apache-2.0
#include "data/events.h"

#include <filesystem>

#include "base/error.h"
#include "base/line_reader.h"
#include "base/log.h"
#include "base/options.h"
#include "data/readers/comments.h"
#include "data/readers/input_kind.h"

namespace truenext {

extern const ReaderInfo gsasrec_reader, recbole_reader, steam_reader, json_lines_reader,
    foursquare_reader, movielens_reader, session_reader, tsv_reader, csv_reader, pairs_reader,
    s3rec_reader;

// To add a format: write readers/<name>.cpp, declare its ReaderInfo above and add it to this list.
// Formats that recognise themselves by more stand before those that recognise themselves by less.
const std::vector<const ReaderInfo*>& reader_list() {
  static const std::vector<const ReaderInfo*> list{
      &gsasrec_reader,    &recbole_reader,   &steam_reader,   &json_lines_reader,
      &foursquare_reader, &movielens_reader, &session_reader, &tsv_reader,
      &csv_reader,        &pairs_reader,     &s3rec_reader};
  return list;
}

namespace {

constexpr size_t kSampleBytes = size_t{64} << 10;
constexpr size_t kSampleLines = 20;

/// The first lines, without a last one that may be cut off.
std::vector<std::string_view> sample_lines(std::string_view text) {
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

std::string bare_name(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  for (const char* suffix : {".gz", ".zst"}) {
    if (name.ends_with(suffix)) name.resize(name.size() - std::string_view(suffix).size());
  }
  return name;
}

std::string format_names() {
  std::vector<std::string> names;
  for (const ReaderInfo* reader : reader_list()) names.push_back(reader->name);
  return fmt::format("{}", fmt::join(names, ", "));
}

const ReaderInfo& named_format(const std::string& name) {
  std::vector<std::string> names{"auto"};
  for (const ReaderInfo* reader : reader_list()) {
    if (reader->name == name) return *reader;
    names.push_back(reader->name);
  }
  const std::string near = nearest_word(name, names);
  fail_usage("unknown format \"{}\"{}; known: auto, {}", name,
             near.empty() ? "" : fmt::format(", did you mean \"{}\"?", near), format_names());
}

const ReaderInfo& recognised_format(const InputSample& sample) {
  check_data(sample.folder || !sample.lines.empty(), "{}: the file is empty, want events",
             sample.path);
  for (const ReaderInfo* reader : reader_list()) {
    if (reader->recognises(sample)) {
      log_info("format: {} (recognised; --format chooses another)", reader->name);
      return *reader;
    }
  }
  check_data(!sample.folder, "{}", folder_problem(sample.path));
  fail_data(
      "{}: the format cannot be told from the name and the first lines; choose it with "
      "--format, one of {}",
      sample.path, format_names());
}

}  // namespace

std::unique_ptr<EventReader> open_events(const ReaderOptions& options) {
  InputSample sample{
      bare_name(options.path), options.path, std::filesystem::is_directory(options.path), {}};
  const bool automatic = options.format == "auto";
  const ReaderInfo* info = automatic ? nullptr : &named_format(options.format);
  std::unique_ptr<LineReader> input;
  ReaderOptions told = options;
  if (!sample.folder) {
    input = std::make_unique<LineReader>(options.path);
    check_text(input->name(), input->peek(kSampleBytes));
    told.leading_comments = take_comments(*input, options.comments);
    sample.lines = sample_lines(input->peek(kSampleBytes));
  }
  if (automatic) info = &recognised_format(sample);
  check_usage(sample.folder == info->reads_folders, "{}: is a {}, --format {} reads {}",
              options.path, sample.folder ? "folder" : "file", info->name,
              info->reads_folders ? "folders" : "files");
  std::unique_ptr<EventReader> reader = info->open(told, std::move(input));
  reader->format_ = info->name;
  return reader;
}

}  // namespace truenext
