// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>

#include "data/events.h"
#include "fuzz_kinds.h"
#include "support/test_files.h"

namespace truenext::fuzz {
namespace {

void read_all(const ReaderOptions& options) {
  const auto reader = open_events(options);
  int64_t bytes = 0;
  for (Event event; reader->next(event);) {
    bytes += static_cast<int64_t>(event.user.size() + event.item.size());
    if (std::isnan(event.value)) __builtin_trap();
  }
  if (bytes < 0 || reader->line_counts().skipped < 0) __builtin_trap();
  (void)reader->warnings();
  (void)columns_text(reader->account());
  (void)reader->given_split();
}

/// A strict pass and one that skips broken lines.
void read_both(ReaderOptions options) {
  options.skip_bad = true;
  read_all(options);
  options.skip_bad = false;
  read_all(options);
}

template <size_t Index>
void read_format(std::string_view input) {
  ReaderOptions options;
  options.path = path_of(input);
  options.format = reader_list()[Index]->name;
  read_both(options);
}

/// The format is recognised; gzip and Zstandard are unpacked.
void read_any(std::string_view input) {
  ReaderOptions options;
  options.path = path_of(input);
  read_both(options);
}

/// Columns, separator and events are the input's.
void read_columns(std::string_view input) {
  const auto parts = pieces(input, 3);
  ReaderOptions options;
  options.columns = parts[0];
  options.separator = parts[1];
  options.header = options.columns.empty();
  options.path = path_of(parts[2]);
  options.format = "csv";
  read_both(options);
}

void read_folder(std::string_view input) {
  static const test::TemporaryFolder folder;
  static const char* const names[] = {"dataset_stats.json", "train/input.txt", "val/input.txt",
                                      "val/output.txt",     "test/input.txt",  "test/output.txt"};
  const auto parts = pieces(input, std::size(names));
  for (size_t i = 0; i < parts.size(); ++i) {
    std::filesystem::create_directories((folder / names[i]).parent_path());
    test::write_bytes(folder / names[i], parts[i]);
  }
  ReaderOptions options;
  options.path = (folder / "").string();
  options.format = "gsasrec";
  read_both(options);
}

template <size_t Index = 0>
void add_formats(std::vector<Kind>& kinds) {
  constexpr size_t kMost = 16;
  if constexpr (Index < kMost) {
    if (Index >= reader_list().size()) return;
    const ReaderInfo& reader = *reader_list()[Index];
    kinds.push_back({reader.name, reader.reads_folders ? &read_folder : &read_format<Index>});
    add_formats<Index + 1>(kinds);
  } else if (Index < reader_list().size()) {
    __builtin_trap();  // more formats than this file has functions for
  }
}

}  // namespace

void add_event_kinds(std::vector<Kind>& kinds) {
  kinds.push_back({"any-format", &read_any});
  kinds.push_back({"columns", &read_columns});
  add_formats(kinds);
}

}  // namespace truenext::fuzz
