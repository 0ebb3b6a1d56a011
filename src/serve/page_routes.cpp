// SPDX-License-Identifier: Apache-2.0
#include "serve/embedded.h"
#include "serve/handlers.h"

namespace truenext::serve {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
    "data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

void send_file(Application& application, const CallPtr& call, std::string_view name,
               const char* type) {
  const std::string_view text = application.options().page ? embedded_file(name) : "";
  if (text.empty()) refuse("not-found", "see /openapi.json for what there is");
  HttpResponse response{200, type, std::string(text)};
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  call->reply(std::move(response));
}

}  // namespace

void get_page(Application& application, const CallPtr& call) {
  send_file(application, call, "page.html", "text/html; charset=utf-8");
}

void get_asset(Application& application, const CallPtr& call) {
  const std::string& name = call->values.front();
  if (name == "page.js") {
    send_file(application, call, name, "text/javascript; charset=utf-8");
  } else if (name == "page.css") {
    send_file(application, call, name, "text/css; charset=utf-8");
  } else {
    refuse("not-found", "see /openapi.json for what there is");
  }
}

}  // namespace truenext::serve
