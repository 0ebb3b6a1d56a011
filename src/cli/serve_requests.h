// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace truenext::cli {

/// What `bench serve` asks for, again and again in order.
struct ServeRequests {
  std::string method, path;
  std::vector<std::string> bodies;  ///< never empty; "" where the method has none
};

/// `ask`: "recommend" (histories of test users), "events" (one event a call) or "live".
/// `fields`: a JSON object whose fields go into each request for a list; usage Error when it is
/// none or nothing takes it. Data Error when the dataset has nobody to ask for.
ServeRequests serve_requests(const std::string& ask, const std::string& fields,
                             const Dataset& dataset);

}  // namespace truenext::cli
