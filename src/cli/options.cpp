// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "run/option_help.h"

namespace truenext::cli {
namespace {

using Json = nlohmann::ordered_json;

struct OptionsArguments {
  std::string name;
  bool markdown = false;
};

std::string text_of(const std::vector<OptionHelp>& entries) {
  std::string text;
  for (const OptionHelp& entry : entries) {
    const std::string readers = entry.readers();
    text += fmt::format("{}{} = {}\n    {}\n    {}\n", text.empty() ? "" : "\n", entry.key,
                        entry.initial, entry.values(), entry.help);
    if (!readers.empty()) text += fmt::format("    read with {}\n", readers);
  }
  return text;
}

/// A bound that is not there is null.
Json bound(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

std::string json_of(const std::vector<OptionHelp>& entries) {
  Json list = Json::array();
  for (const OptionHelp& entry : entries) {
    Json one = {{"key", entry.key},           {"section", entry.section},
                {"type", entry.type},         {"low", bound(entry.low)},
                {"high", bound(entry.high)},  {"words", entry.words},
                {"default", entry.initial},   {"help", entry.help},
                {"networks", entry.networks}, {"only_with", nullptr}};
    if (!entry.condition.key.empty()) {
      one["only_with"] = {{"key", entry.condition.key}, {"values", entry.condition.values}};
    }
    list.push_back(std::move(one));
  }
  return list.dump(2) + "\n";
}

/// A cell of a Markdown table.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string markdown_of(const std::vector<OptionHelp>& entries) {
  std::string text =
      "# Options\n\n"
      "Every key of the configuration of a run: of a preset, a `--config` file, `--set key=value` "
      "and the\n`config.toml` that a run leaves behind. Written by `truenext options --markdown` "
      "(a test compares);\n`truenext options SECTION` or `truenext options KEY` shows a part, "
      "`--json` the same for programs.\n\n"
      "Defaults are those without a preset. A key whose last column names a network or a value of "
      "another key\nis read with those only; every run reads the others.\n";
  std::string section;
  for (const OptionHelp& entry : entries) {
    if (entry.section != section) {
      section = entry.section;
      text += fmt::format(
          "\n## {}\n\n| key | values | default | meaning | read with |\n|---|---|---|---|---|\n",
          section);
    }
    text += fmt::format("| `{}` | {} | `{}` | {} | {} |\n", entry.key, cell(entry.values()),
                        cell(entry.initial), cell(entry.help), cell(entry.readers()));
  }
  return text;
}

void run_options(const OptionsArguments& arguments, const Globals& globals) {
  check_usage(!arguments.markdown || !globals.json,
              "options: --markdown and --json are two forms of the same; leave one out");
  const std::vector<OptionHelp> entries = option_help(arguments.name);
  if (globals.json) {
    fmt::print("{}", json_of(entries));
  } else {
    fmt::print("{}", arguments.markdown ? markdown_of(entries) : text_of(entries));
  }
}

}  // namespace

void add_options(Command& program, Globals& globals) {
  Command verb =
      program.add_verb("options", "Every key of a configuration: values, default, who reads it");
  auto arguments = std::make_shared<OptionsArguments>();
  std::vector<std::string> names = option_sections();
  for (const OptionHelp& entry : option_help()) names.push_back(entry.key);
  verb.add_option("name", arguments->name, "A section, e.g. model, or a key, e.g. train.epochs")
      .show_type("SECTION|KEY")
      .suggest(names);
  verb.add_flag("--markdown", arguments->markdown, "As the text of docs/options.md");
  verb.callback([arguments, &globals] { run_options(*arguments, globals); });
}

}  // namespace truenext::cli
