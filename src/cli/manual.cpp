// SPDX-License-Identifier: Apache-2.0
#include "cli/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/options.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "run/option_help.h"
#include "run/run_config.h"

namespace truenext::cli {
namespace {

/// Text as roff: what would be a request or an escape is not.
std::string roff(const std::string& text) {
  std::string safe;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool starts_line = i == 0 || text[i - 1] == '\n';
    if (starts_line && (c == '.' || c == '\'')) safe += "\\&";
    if (c == '\\') {
      safe += "\\e";
    } else if (c == '-') {
      safe += "\\-";
    } else if (c == '\n') {
      safe += "\n.br\n";
    } else if ((c == ',' || c == '|') && i + 1 < text.size() && text[i + 1] != ' ') {
      safe += std::string(1, c) + "\\:";  // a long list without blanks may be broken here
    } else if (c != ' ' || !(starts_line || (i > 0 && text[i - 1] == ' '))) {
      safe += c;  // blanks at the begin of a line would be shown
    }
  }
  return safe;
}

std::string value_text(const ArgumentHelp& argument) {
  if (!argument.takes_value()) return "";
  if (!argument.only_words) return argument.value;
  return fmt::format("{}", fmt::join(argument.words, "|"));
}

std::string tag_of(const ArgumentHelp& argument) {
  if (argument.is_positional()) return fmt::format("\\fI{}\\fR", roff(argument.positional));
  std::vector<std::string> names;
  for (const std::string& name : argument.names) names.push_back("\\fB" + roff(name) + "\\fR");
  const std::string value = value_text(argument);
  return fmt::format("{}{}", fmt::join(names, ", "),
                     value.empty() ? "" : " \\fI" + roff(value) + "\\fR");
}

std::string entry_of(const ArgumentHelp& argument) {
  std::string notes;
  if (argument.required) notes += " (required)";
  if (!argument.initial.empty()) notes += fmt::format(" (default: {})", argument.initial);
  return fmt::format(".TP\n{}\n{}\n", tag_of(argument), roff(argument.help + notes));
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

/// Under their headings, in the order in which these come first.
std::string arguments_text(const std::vector<ArgumentHelp>& arguments) {
  std::vector<std::string> groups;
  for (const ArgumentHelp& argument : arguments) {
    if (std::ranges::find(groups, argument.group) == groups.end()) groups.push_back(argument.group);
  }
  std::string text;
  for (const std::string& group : groups) {
    text += fmt::format(".SH {}\n", roff(upper(group)));
    for (const ArgumentHelp& argument : arguments) {
      if (argument.group == group) text += entry_of(argument);
    }
  }
  return text;
}

std::string head(const std::string& page, const std::string& summary, const std::string& version) {
  return fmt::format(
      ".\\\" Written by `truenext man`.\n"
      ".TH {} 1 \"\" \"truenext {}\" \"User Commands\"\n.ad l\n.SH NAME\n{} \\- {}\n",
      upper(page), version, roff(page), roff(summary));
}

std::string exit_status() {
  return ".SH EXIT STATUS\n"
         ".TP\n0\nSuccess.\n"
         ".TP\n1\nThe command line, a configuration or a combination of options is wrong.\n"
         ".TP\n2\nData, files or the machine do not allow it.\n"
         ".TP\n3\nInterrupted; what was finished is kept.\n";
}

std::string program_page(const CommandHelp& program, const std::string& version) {
  std::string text = head("truenext", "trains, judges and serves next-item recommenders", version);
  text +=
      ".SH SYNOPSIS\n\\fBtruenext\\fR \\fIverb\\fR [\\fIoption\\fR ...]\n.SH DESCRIPTION\n"
      "Each verb has a page of its own. Results go to standard output, everything else to standard "
      "error.\n.SH VERBS\n";
  for (const CommandHelp& verb : program.verbs) {
    text += fmt::format(".TP\n\\fBtruenext\\-{}\\fR(1)\n{}\n", roff(verb.name), roff(verb.summary));
  }
  return text + arguments_text(program.arguments) + exit_status();
}

std::string configuration_keys() {
  std::string text =
      ".SH CONFIGURATION KEYS\nOf a preset, of a \\fB\\-\\-config\\fR file and of "
      "\\fB\\-\\-set\\fR \\fIkey\\fR=\\fIvalue\\fR.\n";
  for (const OptionHelp& entry : option_help()) {
    text += fmt::format(".TP\n\\fB{}\\fR = {}\n{}; {}{}\n", roff(entry.key), roff(entry.initial),
                        roff(entry.values()), roff(entry.help),
                        entry.readers().empty() ? "" : roff(". Read with " + entry.readers()));
  }
  return text;
}

std::string verb_page(const CommandHelp& program, const CommandHelp& verb,
                      const std::string& version) {
  std::string text = head("truenext-" + verb.name, verb.summary, version);
  text += fmt::format(".SH SYNOPSIS\n\\fBtruenext {}\\fR [\\fIoption\\fR ...]", roff(verb.name));
  for (const ArgumentHelp& argument : verb.arguments) {
    if (!argument.is_positional()) continue;
    text += argument.required ? " " + tag_of(argument) : " [" + tag_of(argument) + "]";
  }
  text +=
      fmt::format("\n.SH DESCRIPTION\n{}.\n{}", roff(verb.summary), arguments_text(verb.arguments));
  if (verb.name == "options") text += configuration_keys();
  text += ".SH OPTIONS OF ALL VERBS\n";
  for (const ArgumentHelp& argument : program.arguments) text += entry_of(argument);
  return text + exit_status() +
         ".SH SEE ALSO\n\\fBtruenext\\fR(1), \\fBtruenext\\-options\\fR(1)\n";
}

struct ManualArguments {
  std::string page, out;
};

void run_manual(const ManualArguments& arguments, const CommandHelp& program) {
  const auto pages = manual_pages(program, truenext_version());
  if (!arguments.out.empty()) {
    check_usage(arguments.page.empty(), "man: --out writes all pages; leave out \"{}\"",
                arguments.page);
    make_folder(arguments.out);
    for (const auto& [name, text] : pages) {
      write_file_atomically(std::filesystem::path(arguments.out) / (name + ".1"), text);
    }
    log_info("written: {} pages into {}", pages.size(), arguments.out);
    return;
  }
  const std::string wanted = arguments.page.empty() ? "truenext" : "truenext-" + arguments.page;
  const auto found = std::ranges::find(pages, wanted, &std::pair<std::string, std::string>::first);
  std::vector<std::string> verbs;
  for (const CommandHelp& verb : program.verbs) verbs.push_back(verb.name);
  check_usage(found != pages.end(), "man {}: no such verb; want one of {}", arguments.page,
              fmt::join(verbs, ", "));
  fmt::print("{}", found->second);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> manual_pages(const CommandHelp& program,
                                                              const std::string& version) {
  std::vector<std::pair<std::string, std::string>> pages;
  pages.emplace_back("truenext", program_page(program, version));
  for (const CommandHelp& verb : program.verbs) {
    pages.emplace_back("truenext-" + verb.name, verb_page(program, verb, version));
  }
  return pages;
}

void add_manual(Command& program) {
  Command verb = program.add_verb("man", "Print a page of the manual, or write all of them");
  auto arguments = std::make_shared<ManualArguments>();
  verb.add_option("verb", arguments->page, "Whose page (default: that of truenext)");
  verb.add_option("--out", arguments->out,
                  "Folder for all pages: truenext.1, truenext-train.1 ...");
  verb.callback([arguments, &program] { run_manual(*arguments, program.help()); });
}

}  // namespace truenext::cli
