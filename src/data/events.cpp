// SPDX-License-Identifier: Apache-2.0
#include "data/events.h"

#include <filesystem>

#include "base/error.h"
#include "base/line_reader.h"
#include "base/options.h"
#include "data/readers/comments.h"
#include "data/readers/input_kind.h"
#include "data/recognition.h"
#include "data/stored_events.h"

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

std::string format_names() {
  std::vector<std::string> names;
  for (const ReaderInfo* reader : reader_list()) names.push_back(reader->name);
  return fmt::format("{}", fmt::join(names, ", "));
}

namespace {

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

void append(std::vector<std::string>& texts, const std::vector<std::string>& more) {
  texts.insert(texts.end(), more.begin(), more.end());
}

}  // namespace

std::unique_ptr<EventReader> open_events(const ReaderOptions& options) {
  InputSample sample{bare_name(options.path),
                     options.path,
                     std::filesystem::is_directory(options.path),
                     {},
                     &options};
  const bool automatic = options.format == "auto";
  // A store has no lines to be told by.
  if (options.format == kStoredEvents || (automatic && is_event_store(options.path))) {
    return open_stored_events(options);
  }
  const ReaderInfo* info = automatic ? nullptr : &named_format(options.format);
  std::unique_ptr<LineReader> input;
  ReaderOptions told = options;
  SourceAccount start;
  if (!sample.folder) {
    input = std::make_unique<LineReader>(options.path);
    check_text(input->name(), input->peek(kSampleBytes));
    if (const std::string no_utf8 = encoding_warning(input->name(), input->peek(kSampleBytes));
        !no_utf8.empty()) {
      start.warnings.push_back(no_utf8);
    }
    told.leading_comments = take_comments(*input, options.comments, start);
    sample.lines = first_lines(input->peek(kSampleBytes));
    std::erase_if(sample.lines,
                  [&](std::string_view line) { return is_later_comment(line, told); });
  }
  FormatChoice choice{info, "--format says so", {}, {}};
  if (automatic) choice = choose_format(sample);
  info = choice.format;
  check_usage(sample.folder == info->reads_folders, "{}: is a {}, --format {} reads {}",
              options.path, sample.folder ? "folder" : "file", info->name,
              info->reads_folders ? "folders" : "files");
  check_usage(options.columns.empty() || info->takes_columns,
              "--columns goes with --format csv and tsv; {} says itself what its fields are",
              info->name);
  std::unique_ptr<EventReader> reader = info->open(told, std::move(input));
  reader->format_ = info->name;
  choice.write_into(reader->account_);
  append(reader->account_.passed_over, start.passed_over);
  append(reader->account_.warnings, start.warnings);
  return reader;
}

}  // namespace truenext
