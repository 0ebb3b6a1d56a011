// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace truenext::cli {

class Command;

/// Adds the options of the training script of Bacciu et al. 2023 under their own names, with dashes
/// or underscores (relevance-loss specification, 4.2). Each one given becomes `key=value` settings
/// in `settings`, as if it had been said with --set; those that cannot be honoured are usage Errors
/// that name what to say instead.
void add_relevance_options(Command& verb, std::vector<std::string>& settings);

}  // namespace truenext::cli
