// SPDX-License-Identifier: Apache-2.0
#include "data/prepare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/options.h"
#include "base/resources.h"
#include "base/status_line.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/prepare_report.h"
#include "data/dataset.h"
#include "data/dataset_files.h"
#include "data/prepare_stream.h"
#include "data/readers/missing_words.h"
#include "data/time_text.h"

namespace truenext::cli {
namespace {

struct PrepareArguments {
  PrepareOptions options;
  std::string out;
  bool no_header = false;
  bool one_pass = false;
  uint64_t memory_mib = 512;
};

void show_progress(const char* stage, int64_t events) {
  if (status_is_due()) show_status(fmt::format("{} {} events", stage, events));
}

/// One character, its name, or a mark that is repeated ("::"). Whatever else stood between fields
/// would be found inside them.
void check_separator(const char* option, const std::string& text) {
  const std::vector<std::string> names = {"tab", "comma", "space", "pipe"};
  if (text.size() <= 1 || std::find(names.begin(), names.end(), text) != names.end()) return;
  const bool mark = std::ispunct(static_cast<unsigned char>(text.front())) != 0;
  if (mark && text.find_first_not_of(text.front()) == std::string::npos) return;
  const std::string near = nearest_word(text, names);
  fail_usage("{} {}: want one character, a mark that is repeated (::), or one of {}{}", option,
             text, fmt::join(names, ", "),
             near.empty() ? "" : fmt::format("; did you mean {}?", near));
}

void run_prepare(PrepareArguments arguments, const Globals& globals) {
  PrepareOptions& options = arguments.options;
  options.out = arguments.out;
  options.source.header = !arguments.no_header;
  options.iterate = !arguments.one_pass;
  options.memory_bytes = arguments.memory_mib << 20;
  options.split.seed = globals.seed;
  check_separator("--separator", options.source.separator);
  check_separator("--attribute-separator", options.attribute_options.separator);
  if (!globals.quiet && can_show_status()) options.progress = show_progress;
  PrepareReport report;
  if (globals.table != nullptr) {
    options.source.path.clear();
    report = prepare_stream(globals.table, options);
  } else {
    report = prepare_dataset(options);
  }
  clear_status();
  log_info("{} events in {:.1f} s, {:.0f} MiB of memory at most", report.events_read,
           report.seconds, static_cast<double>(peak_memory_bytes()) / (1 << 20));
  const Dataset dataset = Dataset::open(options.out);
  if (!globals.json) {
    fmt::print("{}", report_text(report, dataset));
    return;
  }
  nlohmann::ordered_json json = report_json(report);
  if (report.cut) {
    json["valid_time"] = report.cut->valid_time;
    json["test_time"] = report.cut->test_time;
  }
  json["windows"] = windows_json(report.windows);
  json["dataset"] = dataset.folder().string();
  json["split"] = dataset.split_name();
  json["fingerprint"] = dataset.fingerprint();
  json["split_fingerprint"] = dataset.split_fingerprint();
  json["attribute_fingerprint"] = dataset.attribute_fingerprint();
  json["seconds"] = report.seconds;
  print_json(globals, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string format_help() {
  std::string help = "How the events are written: auto (told by name and first lines)";
  for (const ReaderInfo* reader : reader_list()) {
    help += fmt::format("\n  {}: {}", reader->name, reader->summary);
  }
  return help;
}

std::vector<std::string> format_words() {
  std::vector<std::string> words{"auto"};
  for (const ReaderInfo* reader : reader_list()) words.push_back(reader->name);
  return words;
}

void add_source_options(Command& verb, PrepareArguments& arguments) {
  const char* const group = "Source";
  ReaderOptions& source = arguments.options.source;
  verb.add_option("input", source.path,
                  "File of events, a folder for gsasrec, or - for standard input; gzip and "
                  "Zstandard are unpacked")
      .required();
  verb.add_option("--format", source.format, format_help())
      .suggest(format_words())
      .show_default()
      .group(group);
  const auto add_column = [&](const char* option, std::optional<std::string>& column,
                              const char* help) {
    verb.add_option_function(
            option, [&column](const std::string& name) { column = name; }, help)
        .group(group);
  };
  add_column("--user-column", source.user_column,
             "Name of the column of users; usual ones such as user_id are found by themselves");
  add_column("--item-column", source.item_column, "Name of the column of items (likewise)");
  add_column("--time-column", source.time_column,
             "Name of the column of times (likewise); \"\" if there is none to use");
  add_column("--value-column", source.value_column,
             "Name of the column of ratings or weights (found by itself if called value, "
             "rating, weight, ...)");
  verb.add_option("--columns", source.columns,
                  "Names for the columns of a file without header, e.g. user,item,-,time")
      .group(group);
  verb.add_flag("--no-header", arguments.no_header,
                "The first line is an event; columns are user,item[,value],time")
      .group(group);
  verb.add_option("--separator", source.separator,
                  "What stands between fields: a character, tab, comma, space or pipe")
      .group(group);
  verb.add_option(
          "--time-scale", source.time_scale,
          "Times are multiplied by this and stored rounded down, e.g. 1000 for thousandths; "
          "the order of events is that of the full times. A time is " +
              std::string(kTimeForms))
      .positive()
      .show_default()
      .group(group);
  verb.add_option(
          "--quotes", source.quotes,
          "Whether \" at the begin of a field encloses it: auto (in CSV; in TSV around whole "
          "fields only), on or off")
      .show_default()
      .group(group);
  verb.add_option("--comments", source.comments,
                  "Whether lines that begin with # or % are passed over: auto (at the start of the "
                  "file), on or off")
      .show_default()
      .group(group);
  verb.add_flag(
          "--keep-missing-words", source.keep_missing_words,
          "Take words for missing values as ids of users and items: " + std::string(kMissingWords))
      .group(group);
  verb.add_flag("--skip-bad", source.skip_bad,
                "Pass over broken lines and count them instead of stopping at the first")
      .group(group);
}

void add_filter_options(Command& verb, PrepareArguments& arguments) {
  const char* const group = "Filters and order";
  PrepareOptions& options = arguments.options;
  verb.add_option("--min-value,--min-rating", options.min_value,
                  "Drop events whose value is below this")
      .group(group);
  verb.add_option("--min-user-events", options.min_user_events, "Drop users with fewer events")
      .not_negative()
      .show_default()
      .group(group);
  verb.add_option("--min-item-events", options.min_item_events, "Drop items with fewer events")
      .not_negative()
      .show_default()
      .group(group);
  verb.add_flag("--one-pass", arguments.one_pass,
                "Filter once, items first, instead of until nothing changes (k-core)")
      .group(group);
  verb.add_flag("--drop-repeats", options.drop_repeats,
                "Keep the first of events with equal user, item and time")
      .group(group);
  verb.add_flag("--keep-values", options.keep_values,
                "Store the values of the events, for truenext evaluate --min-target-value")
      .group(group);
  verb.add_option("--order", options.order,
                  "Order of a user's events: time (ties in the order of the file), or file")
      .show_default()
      .group(group);
}

void add_split_options(Command& verb, SplitOptions& split) {
  const char* const group = "Split";
  split.method = SplitMethod::automatic;
  verb.add_option("--split", split.method,
                  "auto (given if the source brings one, else leave-last), leave-last, temporal, "
                  "by-user, given or windows")
      .show_default()
      .group(group);
  verb.add_option("--valid", split.valid, "leave-last, by-user: validation items of a user")
      .not_negative()
      .show_default()
      .group(group);
  verb.add_option("--test", split.test, "leave-last, by-user: test items of a user")
      .not_negative()
      .show_default()
      .group(group);
  verb.add_option("--valid-users", split.valid_users,
                  "leave-last: validate on this many users drawn with --seed, 0 = on all")
      .not_negative()
      .show_default()
      .group(group);
  verb.add_option("--valid-share", split.valid_share,
                  "temporal: share of all events; by-user: share of users")
      .between(0, 1)
      .show_default()
      .group(group);
  verb.add_option("--test-share", split.test_share, "The same for the test")
      .between(0, 1)
      .show_default()
      .group(group);
  verb.add_option("--target", split.target,
                  "temporal: the first, the last or all of a user's events in a range")
      .show_default()
      .group(group);
  verb.add_option("--window-length", split.window_length,
                  "windows: longer sequences are cut into windows of so many events, each a user "
                  "of its own (CSRec's protocol, which leaks: docs/protocols.md)")
      .group(group);
  verb.add_option("--window-stride", split.window_stride,
                  "windows: events between two starts (default: the length)")
      .positive()
      .group(group);
}

void add_output_options(Command& verb, PrepareArguments& arguments) {
  PrepareOptions& options = arguments.options;
  verb.add_option("--out", arguments.out, "Folder to make").required();
  verb.add_flag("--overwrite", options.overwrite, "Replace a dataset of that name");
  verb.add_option("--titles", options.titles,
                  "File of item titles: movies.dat, u.item, RecBole .item, CSV or TSV");
  verb.add_option("--title-map", options.title_map,
                  "Lines \"id title-id\" when the title file has other item ids")
      .needs("--titles");
  verb.add_option("--memory", arguments.memory_mib,
                  "MiB for sorting; the ids of users and items come on top")
      .positive()
      .show_default();
}

void add_attribute_options(Command& verb, PrepareOptions& options) {
  const char* const group = "Attributes of items";
  AttributeOptions& attributes = options.attribute_options;
  const auto add = [&](const char* option, auto& value, const char* help) {
    verb.add_option_function(
            option, [&value](const std::string& text) { value = text; }, help)
        .needs("--attributes")
        .group(group);
  };
  verb.add_option("--attributes", options.attributes,
                  "File of items with attributes (genres, categories, tags): S3-Rec's JSON, JSON "
                  "lines, or a table such as movies.csv; items are matched by raw id")
      .group(group);
  add("--attribute-item-column", attributes.item_column,
      "Name of its column, or key, of items; usual ones such as item_id are found by themselves");
  add("--attribute-column", attributes.attribute_column,
      "Name of its column, or key, of attributes (likewise: attribute, genres, category, tag, "
      "...)");
  add("--attribute-columns", attributes.columns,
      "Names for the fields of a table without header, e.g. item,-,attribute for movies.dat");
  add("--attribute-separator", attributes.separator,
      "What stands between the attributes in one field: a character, tab, comma, space or pipe; "
      "a field is one attribute without it");
}

}  // namespace

void add_prepare(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "prepare", "Read a log of events, filter, order and split it into a dataset folder");
  auto arguments = std::make_shared<PrepareArguments>();
  add_source_options(verb, *arguments);
  add_output_options(verb, *arguments);
  add_filter_options(verb, *arguments);
  add_split_options(verb, arguments->options.split);
  add_attribute_options(verb, arguments->options);
  verb.callback([arguments, &globals] { run_prepare(*arguments, globals); });
}

}  // namespace truenext::cli
