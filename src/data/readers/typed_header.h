// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "data/source_account.h"

namespace truenext {

/// Names without their types from a header of "name:type" (RecBole). Data Error that begins with
/// `where` when names are apart by something else than `separator`, and when a column is a list of
/// items (item_id_list:token_seq): then a line is a history, not an event. Other lists are passed
/// over with a warning.
std::vector<std::string> untyped_names(const std::vector<std::string>& header,
                                       const std::string& separator, const std::string& where,
                                       SourceAccount& account);

}  // namespace truenext
