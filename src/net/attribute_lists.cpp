// SPDX-License-Identifier: Apache-2.0
#include "net/attribute_lists.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace truenext {

AttributeLists distinct_attributes(JaggedView<int32_t> rows, int64_t count) {
  AttributeLists lists;
  lists.count = count;
  std::vector<int32_t> row;
  for (int64_t item = 0; item < rows.size(); ++item) {
    row.assign(rows.row(item).begin(), rows.row(item).end());
    std::sort(row.begin(), row.end());
    row.erase(std::unique(row.begin(), row.end()), row.end());
    lists.rows.add_row(row);
  }
  return lists;
}

void check_attributes(const AttributeLists& lists, int64_t num_items) {
  check_data(lists.rows.size() == num_items, "lists of attributes of {} items for a table of {}",
             lists.rows.size(), num_items);
  for (int64_t item = 0; item < num_items; ++item) {
    int64_t before = -1;
    for (const int32_t attribute : lists.rows.row(item)) {
      check_data(attribute > before && attribute < lists.count,
                 "item {} has the attribute {} after {}, expected ascending numbers below {}", item,
                 attribute, before, lists.count);
      before = attribute;
    }
  }
}

}  // namespace truenext
