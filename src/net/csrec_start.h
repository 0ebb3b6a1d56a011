// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "net/model_options.h"
#include "net/parameters.h"

namespace truenext {

/// How the values of a tensor start: N(centre, spread^2), or uniform in centre -+ spread.
struct StartRule {
  bool normal = false;
  double spread = 0;
  double centre = 0;
};

/// The values that CSRec's code starts the tensor with (model.init = "csrec"), network by network,
/// those of its padding row included. `options` are resolved, with has_csrec_start(options.name);
/// `items` is the size of the catalogue, which has a row more there.
StartRule csrec_start(const ModelOptions& options, const Parameter& parameter, int64_t items);
/// Whether that code has the network.
bool has_csrec_start(std::string_view network);

}  // namespace truenext
