// SPDX-License-Identifier: Apache-2.0
#include "run/option_help.h"

#include <algorithm>

#include "base/error.h"
#include "base/key_suggestions.h"
#include "net/network.h"
#include "run/run_config.h"

namespace truenext {
namespace {

constexpr const char* kNoSection = "run";
constexpr std::string_view kModel = "model.";

OptionHelp help_of(const Option& option) {
  const size_t dot = option.key().find('.');
  OptionHelp entry;
  entry.key = option.key();
  entry.section = dot == std::string::npos ? kNoSection : option.key().substr(0, dot);
  entry.type = option.choices().empty() ? option.type_name() : "a word";
  entry.range = option.bounds();
  entry.low = option.low();
  entry.high = option.high();
  entry.words = option.choices();
  entry.initial = option.toml_value();
  entry.help = option.help();
  if (entry.key.starts_with(kModel)) {
    entry.networks = networks_reading(entry.key.substr(kModel.size()));
  }
  entry.condition = option.condition();
  return entry;
}

}  // namespace

std::string OptionHelp::values() const {
  if (!words.empty()) return fmt::format("{}", fmt::join(words, " | "));
  return range.empty() ? type : type + ", " + range;
}

std::string OptionHelp::readers() const {
  std::string text;
  if (!networks.empty() && networks.size() < network_list().size()) {
    text = fmt::format("network {}", fmt::join(networks, ", "));
  }
  if (condition.key.empty()) return text;
  return fmt::format("{}{}{} = {}", text, text.empty() ? "" : "; ", condition.key,
                     fmt::join(condition.values, ", "));
}

std::vector<OptionHelp> option_help() {
  RunConfig config;
  OptionList options;
  config.list(options);
  std::vector<OptionHelp> entries;
  for (const Option& option : options.all()) entries.push_back(help_of(option));
  return entries;
}

std::vector<OptionHelp> option_help(const std::string& name) {
  const std::vector<OptionHelp> all = option_help();
  if (name.empty()) return all;
  std::vector<OptionHelp> found;
  std::vector<std::string> known = option_sections();
  for (const OptionHelp& entry : all) {
    if (entry.section == name || entry.key == name) found.push_back(entry);
    known.push_back(entry.key);
  }
  const std::vector<std::string> near = suggested_keys(name, known);
  check_usage(!found.empty(),
              "options {}: no such section or key{}; sections are {}, keys look like train.epochs",
              name, near.empty() ? "" : fmt::format(", did you mean {}?", fmt::join(near, " or ")),
              fmt::join(option_sections(), ", "));
  return found;
}

std::vector<std::string> setting_words() {
  std::vector<std::string> words;
  for (const OptionHelp& entry : option_help()) {
    if (entry.section == kNoSection) continue;  // filled in, never set
    words.push_back(entry.key + "=");
    for (const std::string& word : entry.words) words.push_back(entry.key + "=" + word);
    if (entry.type == "true or false") {
      words.insert(words.end(), {entry.key + "=true", entry.key + "=false"});
    }
  }
  return words;
}

std::vector<std::string> option_sections() {
  std::vector<std::string> sections;
  for (const OptionHelp& entry : option_help()) {
    if (sections.empty() || sections.back() != entry.section) sections.push_back(entry.section);
  }
  return sections;
}

}  // namespace truenext
