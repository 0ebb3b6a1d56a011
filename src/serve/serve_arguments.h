// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace truenext::serve {

/// What the command line says to the server.
struct ServeArguments {
  std::string run;                    ///< run folder or model file, empty with `config`
  std::string config;                 ///< TOML, docs/serve.md
  std::vector<std::string> settings;  ///< key=value
  std::vector<std::string> listen;    ///< addresses in place of the configuration's
  std::string items, events, keys, data;
  std::string new_key, role;  ///< make a key of this name
  std::string rate;           ///< of the new key
  bool check_config = false;
  bool show_config = false;
  bool allow_without_keys = false;
  int threads = 1;
};

/// What the plug-in libtruenext_serve.so exports by the name truenext_serve: serves until it is
/// told to stop, or writes what was asked for into `output`. Throws Error. False when it was built
/// for another version than `version`.
using ServeEntry = bool (*)(const char* version, const ServeArguments& arguments,
                            std::string* output);

}  // namespace truenext::serve
