// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/options.h"

namespace truenext {

/// One key of the configuration of a run, for people: `truenext options`, docs/options.md, the
/// manual and shell completion.
struct OptionHelp {
  std::string key;                    ///< "model.num_blocks"
  std::string section;                ///< "model"; "run" for keys outside every section
  std::string type;                   ///< "a whole number"; of words only "a word"
  std::string range;                  ///< "1 to 1024"; empty where there is none
  double low, high;                   ///< the same as numbers, infinite where there is no bound
  std::vector<std::string> words;     ///< all it may be; empty where it is free
  std::string initial;                ///< the default, as TOML
  std::string help;                   ///< one sentence
  std::vector<std::string> networks;  ///< that read it; empty: no question of the network
  OptionCondition condition;          ///< the key is empty where it always matters

  /// "a whole number, 1 to 1024", "gsasrec | pmixer".
  std::string values() const;
  /// "network sasrec", "objective.criterion = gbce"; empty where every run reads it.
  std::string readers() const;
};

/// Every key, with its default, in the order of config.toml.
std::vector<OptionHelp> option_help();

/// Those of a section ("model") or of one key. Usage Error naming the nearest of both when there
/// is neither; everything when `name` is empty.
std::vector<OptionHelp> option_help(const std::string& name);

/// What --set may begin with, for shell completion: "train.epochs=", and of keys with words those
/// too, "train.schedule=linear".
std::vector<std::string> setting_words();

/// The sections, in order.
std::vector<std::string> option_sections();

}  // namespace truenext
