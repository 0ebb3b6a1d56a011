// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/list_rows.h"

namespace truenext::cli {

/// A list for a person: rank, item, score, where asked for the probability, and the title where any
/// item has one. Control bytes of ids and titles are shown as \xNN.
std::string list_table(const std::string& score, const std::vector<ListRow>& rows,
                       bool probabilities);

}  // namespace truenext::cli
