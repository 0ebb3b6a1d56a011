// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"
#include "serve/serve_arguments.h"

namespace truenext::serve {

enum class Fallback { popularity, none };
enum class LogForm { json, text };
enum class AccessLog { none, errors, all };
enum class ReloadMemory { refuse, ignore };

/// A model that is served under a name.
struct ModelPlace {
  std::string name, path;
  int64_t weight = 100;
};
/// A model that answers a share of the requests besides, unheard.
struct ShadowPlan {
  std::string model;
  double share = 0;
};

/// Everything that determines a server: the keys of its TOML file. docs/serve.md explains them.
struct ServeOptions {
  std::vector<std::string> listen{"127.0.0.1:8600"};
  std::string keys, items, events, data, deny;
  std::vector<std::string> host_names, cors_origins;
  bool insecure_no_keys = false;
  bool allow_model_choice = false;
  int64_t timeout_ms = 1000, header_ms = 5000, body_ms = 10000, write_ms = 10000;
  int64_t idle_ms = 60000, drain_ms = 15000, drain_grace_ms = 2000;
  int64_t queue = 1024, max_batch = 16, threads = 0;
  int64_t max_body_bytes = 1048576, max_header_bytes = 8192, max_connections = 1024;
  int64_t max_k = 1000, max_history = 10000, max_list = 10000, max_candidates = 10000;
  int64_t max_requests = 1000;
  int64_t keep_events = 1000;
  std::vector<std::string> history_kinds;
  bool store_required = false;
  double min_shared_items = 0.5;
  bool keep_previous = true;
  std::string traffic_salt = "truenext";
  bool page = true;
  Fallback fallback = Fallback::popularity;
  LogForm log = LogForm::json;
  AccessLog access_log = AccessLog::errors;
  ReloadMemory reload_memory = ReloadMemory::refuse;

  std::vector<ModelPlace> models;
  ShadowPlan shadow;

  void list(OptionList& options);
  /// Usage Error naming what does not go together.
  void check() const;
  std::string toml();
};

/// From a configuration file, if any, then the settings, then the other arguments.
ServeOptions read_serve_options(const ServeArguments& arguments);

}  // namespace truenext::serve

namespace truenext {
template <>
struct Words<serve::Fallback> {
  static constexpr std::array names = {"popularity", "none"};
};
template <>
struct Words<serve::LogForm> {
  static constexpr std::array names = {"json", "text"};
};
template <>
struct Words<serve::AccessLog> {
  static constexpr std::array names = {"none", "errors", "all"};
};
template <>
struct Words<serve::ReloadMemory> {
  static constexpr std::array names = {"refuse", "ignore"};
};
}  // namespace truenext
