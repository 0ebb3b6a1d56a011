// SPDX-License-Identifier: Apache-2.0
// The entry of the plug-in.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "run/run_config.h"
#include "serve/access_log.h"
#include "serve/http_server.h"
#include "serve/serve_arguments.h"

namespace truenext::serve {
namespace {

/// Keys stay out of the files that a crash leaves.
void forbid_core_dumps() {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
}

void check_listeners(const ServeOptions& options, const Listeners& listeners) {
  if (listeners.only_loopback()) return;
  if (options.keys.empty()) {
    check_usage(options.insecure_no_keys,
                "listen: {} can be reached from other machines and everybody may do everything; "
                "want --keys FILE (truenext serve --new-key NAME --role read makes a key), or "
                "--insecure-no-keys",
                fmt::join(options.listen, ", "));
  } else {
    log_event("warning",
              {{"detail", "keys travel in the clear; put a proxy with TLS in front of it"}});
  }
}

void run(const ServeArguments& arguments, std::string* output) {
  if (!arguments.new_key.empty()) {
    const NewKey made = make_key(arguments.new_key, role_of(arguments.role), arguments.rate);
    *output =
        fmt::format("key, shown once: {}\nline for the file of --keys:\n{}\n", made.key, made.line);
    return;
  }
  if (arguments.show_config && arguments.run.empty() && arguments.config.empty()) {
    *output = ServeOptions().toml();
    return;
  }
  ServeOptions options = read_serve_options(arguments);
  if (arguments.show_config) {
    *output = options.toml();
    return;
  }
  set_log_form(options.log);
  if (!options.keys.empty()) forbid_core_dumps();
  const bool check_only = arguments.check_config;
  Application application(std::move(options));
  if (check_only) {
    *output = "the configuration is fine\n";
    return;
  }
  Listeners listeners(application.options().listen);
  check_listeners(application.options(), listeners);
  application.set_hosts(listeners.hosts());
  for (const Listener& listener : listeners.all()) {
    log_event("listening",
              {{"address", listener.address},
               {"url", listener.host.empty() ? "" : fmt::format("http://{}/", listener.address)}});
  }
  run_http_server(application, listeners);
  log_event("stopped", {});
}

}  // namespace
}  // namespace truenext::serve

extern "C" __attribute__((visibility("default"))) bool truenext_serve(
    const char* version, const truenext::serve::ServeArguments& arguments, std::string* output) {
  if (truenext::truenext_version() != version) return false;
  truenext::serve::run(arguments, output);
  return true;
}
