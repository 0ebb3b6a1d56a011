// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "data/attributes.h"
#include "data/readers/columns.h"

namespace truenext {

/// Which column, or key, of a table of attributes holds what.
struct AttributePlaces {
  int item = -1, attribute = -1;
};

/// Whether some name is a usual one of items (or "id"), or of attributes.
bool names_an_item(const std::vector<std::string>& names);
bool names_an_attribute(const std::vector<std::string>& names);

/// Finds the columns that the options name, else those with usual names, and writes into `account`
/// what was taken, what would fit too and what is not read. Data Error that lists the columns with
/// their first values when one is missing, or stands twice.
AttributePlaces find_attribute_columns(const SourceTable& table, const AttributeOptions& options,
                                       SourceAccount& account);

}  // namespace truenext
