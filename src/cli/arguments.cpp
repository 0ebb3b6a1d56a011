// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

namespace truenext::cli {

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
  option_->check(CLI::PositiveNumber);
  return *this;
}

Argument& Argument::not_negative() {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

Argument& Argument::between(int64_t low, int64_t high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Argument& Argument::one_of(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
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
  return Command(app_->add_subcommand(name, summary));
}

template <typename T>
  requires(!std::is_enum_v<T>)
Argument Command::add_option(const std::string& names, T& value, const std::string& help) {
  return Argument(app_->add_option(names, value, help));
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
  return Argument(option).one_of(words);  // checked before it is taken
}

Argument Command::add_option_function(const std::string& names,
                                      std::function<void(const std::string&)> take,
                                      const std::string& help) {
  return Argument(app_->add_option_function<std::string>(names, std::move(take), help));
}

Argument Command::add_flag(const std::string& names, bool& value, const std::string& help) {
  return Argument(app_->add_flag(names, value, help));
}

void Command::callback(std::function<void()> run) {
  app_->callback(std::move(run));
}

bool Command::given(const std::string& name) const {
  return app_->get_option(name)->count() > 0;
}

CommandLine::CommandLine(const std::string& name, const std::string& summary,
                         const std::string& version)
    : Command(nullptr), owned_(std::make_unique<CLI::App>(summary)) {
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
    // CLI11 has its own exit codes; ours are 0 for --help and 1 for every wrong command line.
    return app_->exit(error) == 0 ? ExitCode::ok : ExitCode::usage;
  }
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

}  // namespace truenext::cli
