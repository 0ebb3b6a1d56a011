// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/jagged.h"

namespace truenext {

/// The attributes of a catalogue as item tables are composed of them: each counts once in an item.
struct AttributeLists {
  Jagged<int32_t> rows;  ///< of every item, ascending without repeats; no rows: there are none
  int64_t count = 0;     ///< of different attributes

  bool exist() const { return rows.size() > 0; }
};

/// `rows` of every item, in any order and with repeats, of attributes 0 .. count - 1.
AttributeLists distinct_attributes(JaggedView<int32_t> rows, int64_t count);

/// Data Error when the lists are not one an item, or hold what is no attribute, or hold it twice.
void check_attributes(const AttributeLists& lists, int64_t num_items);

}  // namespace truenext
