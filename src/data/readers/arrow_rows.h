// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/readers/arrow_batches.h"
#include "data/readers/arrow_column.h"

namespace truenext {

/// Makes column `at` of the present batch readable. Data Error when it is damaged.
void bind_column(const ArrowBatches& batches, int64_t at, ArrowColumn& column);

/// The first rows of the present batch as a text file has them, to see what columns hold; columns
/// of types that are not read are empty. Binds all others. None without a batch.
std::vector<std::vector<std::string>> first_rows_of(const ArrowBatches& batches,
                                                    std::vector<ArrowColumn>& columns,
                                                    bool has_batch);

}  // namespace truenext
