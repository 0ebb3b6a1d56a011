// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <utility>

#include "base/log.h"
#include "cli/number_check.h"

namespace truenext::cli {
namespace {

constexpr const char* kNumber = "number";

/// The word that begins like `word`, else the nearest by spelling; empty when none is near.
std::string suggested_word(const std::string& word, const std::vector<std::string>& words) {
  for (const std::string& candidate : words) {
    if (word.size() >= 3 && candidate.starts_with(word)) return candidate;
  }
  return nearest_word(word, words);
}

std::string did_you_mean(const std::string& near) {
  return near.empty() ? "" : fmt::format("; did you mean {}?", near);
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

/// What nothing on the command line has a place for: a verb, an option, or a word too many.
std::string unexpected(const CLI::App& program, const std::string& word) {
  const auto verbs = program.get_subcommands();
  if (word.starts_with("-")) {
    std::vector<std::string> names = option_names(program);
    for (const CLI::App* verb : verbs) {
      for (std::string& name : option_names(*verb)) names.push_back(std::move(name));
    }
    const std::string name = word.substr(0, word.find('='));
    return fmt::format("{}: unknown option{}", name, did_you_mean(suggested_word(name, names)));
  }
  if (!verbs.empty()) {
    return fmt::format("\"{}\": one argument too many for {}", word, verbs.front()->get_name());
  }
  std::vector<std::string> names;
  for (const CLI::App* verb : program.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return fmt::format("\"{}\": unknown subcommand{}; there are {}", word,
                     did_you_mean(suggested_word(word, names)), fmt::join(names, ", "));
}

}  // namespace

Argument::Argument(CLI::Option* option, std::vector<std::string>* words, const NumberCheck& check)
    : option_(option), words_(words), number_(std::make_shared<NumberCheck>(check)) {
  const auto complain = [rule = number_](const std::string& text) { return rule->complaint(text); };
  option_->check(complain, number_->description(), kNumber);
}

void Argument::limit(double low, double high) {
  number_->low = low;
  number_->high = high;
  option_->get_validator(kNumber)->description(number_->description());
}

Argument& Argument::required() {
  option_->required();
  return *this;
}

Argument& Argument::show_default() {
  option_->capture_default_str();
  return *this;
}

Argument& Argument::show_type(const std::string& text) {
  option_->type_name(text);
  return *this;
}

Argument& Argument::group(const std::string& title) {
  option_->group(title);
  return *this;
}

Argument& Argument::positive() {
  number_->above = !number_->whole;
  limit(number_->whole ? 1 : 0, number_->high);
  return *this;
}

Argument& Argument::not_negative() {
  return at_least(0);
}

Argument& Argument::at_least(double low) {
  limit(low, number_->high);
  return *this;
}

Argument& Argument::between(double low, double high) {
  limit(low, high);
  return *this;
}

Argument& Argument::one_of(const std::vector<std::string>& words) {
  const auto check = [words](const std::string& word) -> std::string {
    if (std::find(words.begin(), words.end(), word) != words.end()) return "";
    const std::string near = suggested_word(word, words);
    return fmt::format("\"{}\" is unknown{}; want one of {}", word,
                       near.empty() ? "" : fmt::format(", did you mean {}?", near),
                       fmt::join(words, ", "));
  };
  option_->check(check, fmt::format("{{{}}}", fmt::join(words, ",")));
  *words_ = words;
  return *this;
}

Argument& Argument::suggest(std::vector<std::string> words) {
  *words_ = std::move(words);
  return *this;
}

Argument& Argument::one_value() {
  option_->allow_extra_args(false);
  return *this;
}

Argument& Argument::separated_by(char separator) {
  option_->delimiter(separator);
  return *this;
}

Argument& Argument::needs(const std::string& other) {
  option_->needs(other);
  return *this;
}

bool Argument::given() const {
  return option_->count() > 0;
}

Command Command::add_verb(const std::string& name, const std::string& summary) {
  return {app_->add_subcommand(name, summary), words_};
}

template <typename T>
  requires(!std::is_enum_v<T>)
Argument Command::add_option(const std::string& names, T& value, const std::string& help) {
  CLI::Option* const option = app_->add_option(names, value, help);
  if constexpr (std::is_arithmetic_v<T>) {
    return {option, words_of(option), check_of<T>()};
  } else if constexpr (std::is_same_v<T, std::vector<int64_t>> ||
                       std::is_same_v<T, std::vector<double>>) {
    return {option, words_of(option), check_of<typename T::value_type>()};
  } else {
    return argument(option);
  }
}

Argument Command::add_word(const std::string& names, const WordTarget& target,
                           const std::string& help) {
  const std::vector<std::string> words(target.names.begin(), target.names.end());
  const auto take = [target, words](const std::string& word) {
    const auto found = std::find(words.begin(), words.end(), word);
    target.set(target.value, static_cast<size_t>(found - words.begin()));
  };
  CLI::Option* option = app_->add_option_function<std::string>(names, take, help);
  option->default_function([target, words] { return words[target.get(target.value)]; });
  return argument(option).one_of(words);  // checked before it is taken
}

Argument Command::add_option_function(const std::string& names,
                                      std::function<void(const std::string&)> take,
                                      const std::string& help) {
  return argument(app_->add_option_function<std::string>(names, std::move(take), help));
}

Argument Command::add_flag(const std::string& names, bool& value, const std::string& help) {
  return argument(app_->add_flag(names, value, help));
}

void Command::callback(std::function<void()> run) {
  app_->callback(std::move(run));
}

bool Command::given(const std::string& name) const {
  return app_->get_option(name)->count() > 0;
}

CommandLine::CommandLine(const std::string& name, const std::string& summary,
                         const std::string& version)
    : Command(nullptr, std::make_shared<Words>()), owned_(std::make_unique<CLI::App>(summary)) {
  app_ = owned_.get();
  app_->name(name);
  app_->set_version_flag("--version", name + " " + version);
  app_->require_subcommand(1);
  app_->fallthrough();
}

CommandLine::~CommandLine() = default;

void CommandLine::before_running(std::function<void(const std::string& verb)> prepare) {
  app_->parse_complete_callback([app = app_, prepare = std::move(prepare)] {
    for (const CLI::App* verb : app->get_subcommands()) prepare(verb->get_name());
  });
}

ExitCode CommandLine::run(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
    return ExitCode::ok;
  } catch (const CLI::ParseError& error) {
    return explain(error);
  }
}

void CommandLine::run_words(const std::vector<std::string>& words) {
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app_->parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    fail_usage("{}", complaint(error));
  }
}

/// CLI11 has its own exit codes; ours are 0 for --help and 1 for every wrong command line.
ExitCode CommandLine::explain(const CLI::ParseError& error) const {
  if (error.get_exit_code() == 0) {
    std::ostringstream text, ignored;
    app_->exit(error, text, ignored);
    fmt::print("{}", text.str());
    return ExitCode::ok;
  }
  const auto verbs = app_->get_subcommands();
  const std::string verb = verbs.empty() ? "" : " " + verbs.front()->get_name();
  log_message(LogLevel::error,
              fmt::format("{}\n{}{} --help says more", complaint(error), app_->get_name(), verb));
  return ExitCode::usage;
}

/// What was not understood comes before what is missing because of it.
std::string CommandLine::complaint(const CLI::ParseError& error) const {
  const std::vector<std::string> rest = app_->remaining(true);
  if (rest.empty()) return error.what();
  const auto first = std::find_if(rest.begin(), rest.end(),
                                  [](const std::string& word) { return word.starts_with("-"); });
  return unexpected(*app_, first == rest.end() ? rest.front() : *first);
}

template Argument Command::add_option(const std::string&, std::string&, const std::string&);
template Argument Command::add_option(const std::string&, int&, const std::string&);
template Argument Command::add_option(const std::string&, int64_t&, const std::string&);
template Argument Command::add_option(const std::string&, uint64_t&, const std::string&);
template Argument Command::add_option(const std::string&, double&, const std::string&);
template Argument Command::add_option(const std::string&, std::vector<std::string>&,
                                      const std::string&);
template Argument Command::add_option(const std::string&, std::vector<int64_t>&,
                                      const std::string&);
template Argument Command::add_option(const std::string&, std::vector<double>&, const std::string&);

}  // namespace truenext::cli
