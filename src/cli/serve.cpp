// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "base/error.h"
#include "base/plugin.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "run/run_config.h"
#include "serve/serve_arguments.h"

namespace truenext::cli {
namespace {

// The plug-in is built beside this, so nobody but `serve` loads what it needs (decision 0028).
constexpr const char* kPlugin = "libtruenext_serve.so";
constexpr const char* kBuild =
    "apt-get install libboost1.81-dev libsqlite3-dev libssl-dev prometheus-cpp-dev, then build "
    "again (scripts/setup --with-serve does both)";

void run_serve(serve::ServeArguments& arguments, const Globals& globals) {
  check_usage(!arguments.run.empty() || !arguments.config.empty() || !arguments.new_key.empty() ||
                  arguments.show_config,
              "say what to serve: a run folder or model file, or --config FILE");
  arguments.threads = globals.threads;
  const auto path = Plugin::path_of(kPlugin);
  std::error_code ignored;
  check_usage(std::filesystem::exists(path, ignored),
              "serve: {} is not there, this build has no server: {}", path.string(), kBuild);
  std::string reason;
  void* const entry = Plugin::function(path, "truenext_serve", &reason);
  check_usage(entry != nullptr, "serve: {} cannot be used: {}; {}", path.string(), reason, kBuild);
  std::string output;
  const bool ran =
      reinterpret_cast<serve::ServeEntry>(entry)(truenext_version().c_str(), arguments, &output);
  check_usage(ran, "serve: {} was built for another version than {}; build it again", path.string(),
              truenext_version());
  fmt::print("{}", output);
}

}  // namespace

void add_serve(Command& program, Globals& globals) {
  Command verb =
      program.add_verb("serve", "Answers over HTTP: recommendations of a finished model");
  auto arguments = std::make_shared<serve::ServeArguments>();
  verb.add_option("run", arguments->run, "Run folder or model file");
  verb.add_option("--config", arguments->config, "TOML file of the server (docs/serve.md)");
  verb.add_option("--set", arguments->settings, "key=value of that file, e.g. queue=4096")
      .one_value();
  verb.add_option("--listen", arguments->listen,
                  "HOST:PORT, [IPv6]:PORT, unix:PATH or fd:N; 127.0.0.1:8600 without")
      .one_value();
  verb.add_option("--items", arguments->items,
                  "Titles, tags, availability and popularity of items, JSON lines");
  verb.add_option("--events", arguments->events,
                  "Event store of users, made when there is none; `truenext prepare` reads it");
  verb.add_option("--keys", arguments->keys, "File of keys; needed beyond loopback");
  verb.add_option("--data", arguments->data, "Dataset folder, for popularity");
  verb.add_flag("--insecure-no-keys", arguments->allow_without_keys,
                "Listen beyond loopback without keys");
  verb.add_flag("--check-config", arguments->check_config,
                "Load everything, say whether it is fine, and end");
  verb.add_flag("--show-config", arguments->show_config, "All keys with their values, as TOML");
  verb.add_option("--new-key", arguments->new_key, "Make a key of this name, and its line");
  arguments->role = "read";
  verb.add_option("--role", arguments->role, "Of the new key").one_of({"read", "write", "admin"});
  verb.add_option("--rate", arguments->rate, "Of the new key, e.g. 100/s");
  verb.callback([arguments, &globals] { run_serve(*arguments, globals); });
}

}  // namespace truenext::cli
