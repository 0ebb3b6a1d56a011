// SPDX-License-Identifier: Apache-2.0
#include "data/readers/input_kind.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/shell_text.h"
#include "base/terminal_text.h"
#include "base/utf8.h"
#include "data/source_account.h"

namespace truenext {
namespace {

using Text = std::string_view;

/// Bytes by which a format is told. `advice` says how to make text of FILE, or is the name of the
/// Python function that reads it.
struct Signature {
  size_t at;
  Text bytes;
  const char* kind;
  const char* advice;
};

constexpr Signature kSignatures[] = {
    {0, {"PAR1", 4}, "a Parquet file", "pandas.read_parquet"},
    {0, {"ARROW1", 6}, "an Arrow (Feather) file", "pandas.read_feather"},
    {0, {"FEA1", 4}, "a Feather file", "pandas.read_feather"},
    {0, {"ORC", 3}, "an ORC file", "pandas.read_orc"},
    {0, {"\x89HDF\r\n\x1a\n", 8}, "an HDF5 file", "pandas.read_hdf"},
    {0,
     {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8},
     "an old Excel or Office file",
     "pandas.read_excel"},
    {0, {"\x93NUMPY", 6}, "a NumPy array (.npy)", "numpy.load"},
    {0, {"\x80\x02", 2}, "a Python pickle", "pandas.read_pickle"},
    {0, {"\x80\x03", 2}, "a Python pickle", "pandas.read_pickle"},
    {0, {"\x80\x04\x95", 3}, "a Python pickle", "pandas.read_pickle"},
    {0, {"\x80\x05\x95", 3}, "a Python pickle", "pandas.read_pickle"},
    {0,
     {"SQLite format 3\0", 16},
     "an SQLite database",
     "write a table of it as CSV: sqlite3 -header -csv FILE \"select * from TABLE\" > events.csv"},
    {0,
     {"Obj\1", 4},
     "an Avro file",
     "write it as JSON lines: avro-tools tojson FILE > events.jsonl"},
    {0, {"PK\5\6", 4}, "an empty ZIP archive", "want a text file"},
    {0, {"BZh", 3}, "a bzip2 file", "unpack it: bunzip2 -k FILE"},
    {0,
     {"\xfd"
      "7zXZ\0",
      6},
     "an xz file",
     "unpack it: unxz -k FILE"},
    {0, {"7z\xbc\xaf\x27\x1c", 6}, "a 7z archive", "unpack it: 7z x FILE"},
    {0, {"Rar!\x1a\x07", 6}, "a RAR archive", "unpack it: unrar x FILE"},
    {0, {"\x04\x22\x4d\x18", 4}, "an LZ4 file", "unpack it: unlz4 FILE"},
    {0, {"\x1f\x9d", 2}, "a file of compress (.Z)", "unpack it: uncompress FILE"},
    {0, {"\x1f\x8b", 2}, "a gzip file packed once more", "unpack it once: gunzip -k FILE"},
    {0,
     {"\x28\xb5\x2f\xfd", 4},
     "a Zstandard file packed once more",
     "unpack it once: unzstd FILE"},
    {257, {"ustar", 5}, "a tar archive", "unpack it: tar xf FILE, and name a file of it"},
    {0, {"RDX2\n", 5}, "an R workspace", "write it with R: write.csv(events, \"events.csv\")"},
    {0, {"RDX3\n", 5}, "an R workspace", "write it with R: write.csv(events, \"events.csv\")"},
    {0,
     {"X\n\0\0\0", 5},
     "an R object (.rds)",
     "write it with R: write.csv(readRDS(\"FILE\"), \"events.csv\")"},
    {0, {"MATLAB 5.0 MAT-file", 19}, "a MATLAB file", "write it as CSV: writetable in MATLAB"},
    {0, {"%PDF-", 5}, "a PDF document", "want a text file"},
    {0, {"\x89PNG", 4}, "a PNG image", "want a text file"}};

std::string advice_of(const Signature& found, const std::string& name) {
  const Text advice = found.advice;
  if (advice.starts_with("pandas.")) {
    return fmt::format(
        "write it as CSV, for example in Python: {}(\"{}\").to_csv(\"events.csv\", "
        "index=False)",
        advice, name);
  }
  if (advice == "numpy.load") {
    return fmt::format(
        "write it as text, for example in Python: numpy.savetxt(\"events.csv\", "
        "numpy.load(\"{}\"), fmt=\"%d\", delimiter=\",\")",
        name);
  }
  std::string text(advice);
  if (const size_t at = text.find("FILE"); at != std::string::npos) {
    const bool quoted = at > 0 && text[at - 1] == '"';
    text.replace(at, 4, quoted ? name : shell_word(name));
  }
  return text;
}

[[noreturn]] void fail_zip(const std::string& name, Text start) {
  const bool excel = start.find("xl/") != Text::npos || start.find("[Content_Types]") != Text::npos;
  if (excel) {
    fail_data("{}: this is an Excel workbook (xlsx), want text: save its sheet as CSV", name);
  }
  if (start.find(".npy") != Text::npos) {
    fail_data("{}: this is a NumPy archive (.npz), want text: write its arrays with numpy.savetxt",
              name);
  }
  fail_data(
      "{0}: this is a ZIP archive, want text: unpack it (unzip {1}) and name a file of it, or give "
      "one file to standard input: unzip -p {1} FILE | truenext prepare - ...",
      name, shell_word(name));
}

/// Some signatures are letters, with which a text may begin as well.
bool has_binary_bytes(Text start) {
  start = start.substr(0, 4096);
  const bool command = std::any_of(start.begin(), start.end(), [](unsigned char c) {
    return c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f';
  });
  return command || start.find_first_of("\r\n") == Text::npos;
}

void check_signature(const std::string& name, Text start) {
  if (!has_binary_bytes(start)) return;
  if (start.starts_with(Text("PK\3\4", 4))) fail_zip(name, start);
  for (const Signature& signature : kSignatures) {
    const bool matches =
        start.size() >= signature.at && start.substr(signature.at).starts_with(signature.bytes);
    check_data(!matches, "{}: this is {}, want text: {}", name, signature.kind,
               advice_of(signature, name));
  }
}

/// Characters of `width` bytes.
struct WideEncoding {
  const char* name;  ///< as iconv knows it
  Text mark;
  size_t width;
  bool big_endian;
};

constexpr WideEncoding kWideEncodings[] = {{"UTF-32LE", {"\xff\xfe\0\0", 4}, 4, false},
                                           {"UTF-32BE", {"\0\0\xfe\xff", 4}, 4, true},
                                           {"UTF-16LE", {"\xff\xfe", 2}, 2, false},
                                           {"UTF-16BE", {"\xfe\xff", 2}, 2, true}};

/// Whether the bytes are text in the encoding: no control characters, and, as in lines of any
/// language, separators, digits and line ends among them.
bool reads_as(Text start, const WideEncoding& encoding) {
  const size_t units = start.size() / encoding.width;
  size_t plain = 0;
  for (size_t unit = 0; unit < units; ++unit) {
    uint32_t code = 0;
    for (size_t i = 0; i < encoding.width; ++i) {
      const size_t place = encoding.big_endian ? i : encoding.width - 1 - i;
      code = code << 8 | static_cast<unsigned char>(start[unit * encoding.width + place]);
    }
    const bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
    if (control || code > 0x10FFFF) return false;
    plain += code < 0x80 ? 1 : 0;
  }
  return plain > 0 && plain * 10 >= units;
}

/// The name of the wide encoding of a text, empty when it is in none. In such a text separators,
/// digits and line ends have zero bytes; a text in UTF-8 has none.
const char* wide_encoding(Text start) {
  if (start.find('\0') == Text::npos) return "";
  for (const WideEncoding& encoding : kWideEncodings) {
    if (start.starts_with(encoding.mark)) return encoding.name;
  }
  for (const WideEncoding& encoding : kWideEncodings) {
    if (reads_as(start, encoding)) return encoding.name;
  }
  return "";
}

/// A command of the shell over the text of a file, which may be packed or come from elsewhere.
std::string over_text(const std::string& name, const std::string& command) {
  if (name == "standard input") return fmt::format("... | {}", command);
  const char* const unpack = name.ends_with(".gz")    ? "zcat"
                             : name.ends_with(".zst") ? "zstdcat"
                                                      : "";
  if (*unpack == '\0') return fmt::format("{} {}", command, shell_word(name));
  return fmt::format("{} {} | {}", unpack, shell_word(name), command);
}

void check_encoding(const std::string& name, Text start) {
  if (const Text encoding = wide_encoding(start); !encoding.empty()) {
    const bool marked = start[0] == '\xff' || start[0] == '\xfe';
    const std::string command =
        fmt::format("iconv -f {} -t UTF-8", marked ? encoding.substr(0, 6) : encoding);
    fail_data("{}: the text is in {}, want UTF-8; convert it: {} > events.csv", name, encoding,
              over_text(name, command));
  }
  const size_t zero = start.substr(0, start.find('\n')).find('\0');
  check_data(
      zero == Text::npos,
      "{}: this is no text: byte {} is zero; the begin is \"{}\"; want a text file of events", name,
      zero + 1, excerpt(start, 32));
}

/// Lines that end as on old Macintoshes would be one line, of which only the header is read.
void check_line_ends(const std::string& name, Text start) {
  const size_t first = start.find('\r');
  if (start.find('\n') != Text::npos || first == Text::npos || first + 1 == start.size()) return;
  fail_data(
      "{}: the lines end in a carriage return alone, want a line feed; convert it: {} | tr '\\r' "
      "'\\n' > "
      "events.csv",
      name, over_text(name, "cat"));
}

bool starts_with_any_case(Text text, Text word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, unsigned char b) {
           return a == static_cast<char>(std::tolower(b));
         });
}

/// Texts that are no lines of events.
void check_document(const std::string& name, Text start) {
  const size_t begin = start.find_first_not_of(" \t\r\n");
  if (begin == Text::npos) return;
  start.remove_prefix(begin);
  const bool page = starts_with_any_case(start, "<!doctype html") ||
                    starts_with_any_case(start, "<html") || starts_with_any_case(start, "<?xml");
  check_data(!page,
             "{}: this is a web page or XML, want lines of events; was the download refused?",
             name);
  const size_t second = start.find_first_not_of(" \t\r\n", 1);
  const bool array = start[0] == '[' && second != Text::npos && start[second] == '{';
  check_data(!array,
             "{}: this is a JSON array, want one object per line; convert it: {} > events.jsonl",
             name, over_text(name, "jq -c '.[]'"));
  check_data(!start.starts_with("version https://git-lfs"),
             "{}: this is a pointer of Git LFS, not the file itself; fetch it: git lfs pull", name);
}

}  // namespace

std::string bare_name(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  for (const char* suffix : {".gz", ".zst"}) {
    if (name.ends_with(suffix)) name.resize(name.size() - std::string_view(suffix).size());
  }
  return name;
}

void check_text(const std::string& name, std::string_view start) {
  check_signature(name, start);
  check_encoding(name, start);
  check_line_ends(name, start);
  check_document(name, start);
}

std::string encoding_warning(const std::string& name, std::string_view start) {
  while (!start.empty()) {
    const size_t end = start.find('\n');
    if (end == std::string_view::npos) break;  // may be cut in a character
    const std::string_view line = start.substr(0, end);
    if (!is_utf8(line)) {
      return fmt::format(
          "{}: the text is no UTF-8 (\"{}\"): ids keep their bytes, which other programs may not "
          "show; if it is Latin-1, convert it: {} > events.csv",
          name, excerpt(line), over_text(name, "iconv -f ISO-8859-1 -t UTF-8"));
    }
    start.remove_prefix(end + 1);
  }
  return "";
}

std::string folder_problem(const std::string& path) {
  std::vector<std::string> files;
  std::error_code unreadable;  // the list is only a help
  for (const auto& entry : std::filesystem::directory_iterator(path, unreadable)) {
    if (entry.is_regular_file(unreadable)) files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  const std::string inside =
      files.empty() ? "there are no files in it" : "in it are " + excerpt_list(files, 8);
  return fmt::format(
      "{}: this is a folder, want a file; {}. The only folders that are read are those of gSASRec, "
      "with train/input.txt",
      path, inside);
}

}  // namespace truenext
