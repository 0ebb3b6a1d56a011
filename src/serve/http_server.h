// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "serve/application.h"
#include "serve/listen.h"

namespace truenext::serve {

/// Takes connections and answers until SIGTERM or SIGINT, then drains: ready says no, late requests
/// are answered for a while, those under way end. SIGHUP reloads. Both arguments outlive it.
void run_http_server(Application& application, Listeners& listeners);

}  // namespace truenext::serve
