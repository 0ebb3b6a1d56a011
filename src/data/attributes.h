// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/jagged.h"
#include "data/id_table.h"

namespace truenext {

/// Attributes of items: a row of attribute ids per item, and the raw ids of the attributes.
struct ItemAttributes {
  Jagged<int32_t> rows;
  IdTable ids;
  int64_t unknown_items = 0;  ///< keys of the file that are no items of the dataset
};

/// Reads {"item": [attribute, ...], ...} (S3-Rec's *_item2attributes.json): keys are raw item ids,
/// attributes numbers or texts. Items without an entry get an empty row; order and repeats inside a
/// list stay as they are.
ItemAttributes read_attributes(const std::string& path, int64_t num_items,
                               const std::function<std::optional<int32_t>(std::string_view)>& find);

}  // namespace truenext
