// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/options.h"
#include "cli/command_help.h"

namespace CLI {
class App;
class Option;
class ParseError;
}  // namespace CLI

namespace truenext::cli {

struct NumberCheck;

/// An option or positional that was just added, to say more about it. CLI11, which does the work,
/// costs six seconds wherever it is included, so only arguments.cpp and command_help.cpp include
/// it.
class Argument {
 public:
  /// `words` is borrowed: what shell completion offers.
  Argument(CLI::Option* option, std::vector<std::string>* words) : option_(option), words_(words) {}
  /// Numbers; `check` also says what of their range is known already.
  Argument(CLI::Option* option, std::vector<std::string>* words, const NumberCheck& check);

  Argument& required();
  Argument& show_default();  ///< in the help: what the variable holds now
  Argument& show_type(const std::string& text);
  Argument& group(const std::string& title);  ///< heading in the help; empty: hidden
  Argument& positive();                       ///< whole numbers at least 1, others above 0
  Argument& not_negative();
  Argument& at_least(double low);
  Argument& between(double low, double high);  ///< both allowed
  Argument& one_of(const std::vector<std::string>& words);
  /// What shell completion offers, where other values are allowed too.
  Argument& suggest(std::vector<std::string> words);
  Argument& one_value();  ///< of a list: one value each time the option is named
  Argument& separated_by(char separator);
  Argument& needs(const std::string& other);
  bool given() const;

 private:
  void limit(double low, double high);

  CLI::Option* option_;
  std::vector<std::string>* words_;
  std::shared_ptr<NumberCheck> number_;  ///< shared with the parser
};

/// A verb, or the whole program: options are read into variables that must outlive the parsing.
/// Copies are the same verb.
class Command {
 public:
  Command add_verb(const std::string& name, const std::string& summary);
  /// `names`: "-k,--count", or a bare word for a positional. T is one of the types at the end of
  /// arguments.cpp.
  template <typename T>
    requires(!std::is_enum_v<T>)
  Argument add_option(const std::string& names, T& value, const std::string& help);
  /// One of the words of an enum.
  template <typename E>
    requires std::is_enum_v<E>
  Argument add_option(const std::string& names, E& value, const std::string& help) {
    return add_word(names, word_target(value), help);
  }
  Argument add_option_function(const std::string& names,
                               std::function<void(const std::string&)> take,
                               const std::string& help);
  Argument add_flag(const std::string& names, bool& value, const std::string& help);
  void callback(std::function<void()> run);  ///< when the verb was chosen
  bool given(const std::string& name) const;
  /// Everything that was added so far, for the manual and shell completion.
  CommandHelp help() const;

 protected:
  /// Words that completion offers, by argument; of the whole program.
  using Words = std::map<const CLI::Option*, std::vector<std::string>>;

  Command(CLI::App* app, std::shared_ptr<Words> words) : app_(app), words_(std::move(words)) {}
  std::vector<std::string>* words_of(const CLI::Option* option) { return &(*words_)[option]; }
  Argument argument(CLI::Option* option) { return {option, words_of(option)}; }
  Argument add_word(const std::string& names, const WordTarget& target, const std::string& help);

  CLI::App* app_;
  std::shared_ptr<Words> words_;
};

/// The program: verbs and the options that all of them understand, before or after the verb.
class CommandLine : public Command {
 public:
  CommandLine(const std::string& name, const std::string& summary, const std::string& version);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Called with the chosen verb after everything was parsed and before the verb runs.
  void before_running(std::function<void(const std::string& verb)> prepare);
  /// Parses and runs. Complaints about the command line are printed, not thrown.
  ExitCode run(int argc, char** argv);
  /// The same for words without the name of the program; complaints are thrown.
  void run_words(const std::vector<std::string>& words);

 private:
  ExitCode explain(const CLI::ParseError& error) const;
  std::string complaint(const CLI::ParseError& error) const;

  std::unique_ptr<CLI::App> owned_;
};

}  // namespace truenext::cli
