// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/options.h"
#include "cli/program.h"

namespace truenext::cli {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 7> kVerbs = {"prepare", "train",  "evaluate", "calibrate",
                                                    "compare", "import", "export"};
/// What a request is without, or what answers with a text instead of JSON.
constexpr std::array<std::string_view, 7> kNotAsked = {"help",    "version",  "json",       "quiet",
                                                       "presets", "criteria", "show_config"};

/// What may stand in a request for a verb.
std::vector<ArgumentHelp> arguments_of(const Program& program, const std::string& verb) {
  const CommandHelp help = program.help();
  std::vector<ArgumentHelp> arguments = help.arguments;
  for (const CommandHelp& each : help.verbs) {
    if (each.name != verb) continue;
    arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
  }
  return arguments;
}

std::string key_of_argument(const ArgumentHelp& argument) {
  if (argument.is_positional()) return argument.positional;
  std::string key = argument.names.front();
  key.erase(0, std::min(key.find_first_not_of('-'), key.size()));
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

bool matches(const ArgumentHelp& argument, const std::string& key) {
  if (std::find(kNotAsked.begin(), kNotAsked.end(), key) != kNotAsked.end()) return false;
  if (argument.is_positional()) return argument.positional == key;
  std::string name = "--" + key;
  std::replace(name.begin(), name.end(), '_', '-');
  return std::find(argument.names.begin(), argument.names.end(), name) != argument.names.end();
}

const ArgumentHelp& find_argument(const std::vector<ArgumentHelp>& arguments,
                                  const std::string& verb, const std::string& key) {
  std::vector<std::string> known;
  for (const ArgumentHelp& argument : arguments) {
    if (matches(argument, key)) return argument;
    const std::string name = key_of_argument(argument);
    if (matches(argument, name)) known.push_back(name);
  }
  const std::string near = nearest_word(key, known);
  fail_usage("{}: unknown option \"{}\"{}; there are {}", verb, key,
             near.empty() ? "" : fmt::format("; did you mean {}?", near), fmt::join(known, ", "));
}

std::string word_of_value(const std::string& key, const Json& value) {
  check_usage(value.is_string() || value.is_number(),
              "{}: want a text or a number, or a list of them where several are taken, not {}", key,
              value.dump());
  std::string word = value.is_string() ? value.get<std::string>() : value.dump();
  check_usage(word.find('\0') == std::string::npos, "{}: a text may not hold a zero byte", key);
  return word;
}

void add_words(const ArgumentHelp& argument, const std::string& key, const Json& value,
               std::vector<std::string>* words) {
  if (value.is_null()) return;
  if (!argument.takes_value()) {
    check_usage(value.is_boolean(), "{}: want true or false, not {}", key, value.dump());
    if (value.get<bool>()) words->push_back(argument.names.front());
    return;
  }
  if (value.is_array()) {
    for (const Json& each : value) add_words(argument, key, each, words);
    return;
  }
  const std::string word = word_of_value(key, value);
  if (argument.is_positional()) {
    check_usage(word == "-" || !word.starts_with("-"),
                "{}: \"{}\" looks like an option; write ./{}", key, word, word);
    words->push_back(word);
  } else if (word.empty()) {
    words->insert(words->end(), {argument.names.front(), word});
  } else {
    words->push_back(argument.names.front() + "=" + word);
  }
}

Json parse_request(const std::string& verb, const std::string& request) {
  Json json;
  try {
    json = Json::parse(request);
  } catch (const Json::exception& error) {
    fail_usage("{}: the request is no JSON: {}", verb, error.what());
  }
  check_usage(json.is_object(), "{}: the request is no JSON object of options", verb);
  return json;
}

}  // namespace

std::string run_request(const std::string& verb, const std::string& request,
                        ArrowArrayStream* table) {
  check_usage(std::find(kVerbs.begin(), kVerbs.end(), verb) != kVerbs.end(),
              "\"{}\": no verb that a program may ask for; there are {}", verb,
              fmt::join(kVerbs, ", "));
  Program program;
  const std::vector<ArgumentHelp> arguments = arguments_of(program, verb);
  std::vector<std::string> positionals, options;
  const Json json = parse_request(verb, request);
  if (table != nullptr) {
    check_usage(!json.contains("input"), "{}: the table is the input; leave \"input\" out", verb);
    positionals.emplace_back("table");
  }
  for (const auto& [key, value] : json.items()) {
    const ArgumentHelp& argument = find_argument(arguments, verb, key);
    add_words(argument, key, value, argument.is_positional() ? &positionals : &options);
  }
  std::vector<std::string> words{verb};
  words.insert(words.end(), positionals.begin(), positionals.end());
  words.insert(words.end(), options.begin(), options.end());
  words.emplace_back("--json");
  std::string result;
  program.globals.result = &result;
  program.globals.table = table;
  program.run_words(words);
  return result.empty() ? "{}" : result;
}

}  // namespace truenext::cli
