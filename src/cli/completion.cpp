// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/arguments.h"
#include "cli/commands.h"

namespace truenext::cli {

std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.ends_with(':')) line.pop_back();
  return line;
}

void add_completion(Command& program) {
  Command verb = program.add_verb("completion", "Print the completion script of a shell");
  auto shell = std::make_shared<std::string>();
  verb.add_option("shell", *shell, "The shell").one_of({"bash", "zsh", "fish"}).required();
  verb.callback([shell, &program] {
    const auto write = *shell == "bash"  ? bash_completion
                       : *shell == "zsh" ? zsh_completion
                                         : fish_completion;
    fmt::print("{}", write(program.help()));
  });
}

}  // namespace truenext::cli
