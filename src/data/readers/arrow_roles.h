// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "data/readers/arrow_column.h"
#include "data/readers/column_names.h"

namespace truenext {

/// Data Error, beginning with `where`, when the type of a column cannot be what the column was
/// taken for. It says how to cast it.
void check_arrow_role(ColumnRole role, const ArrowColumn& column, const std::string& where);

}  // namespace truenext
