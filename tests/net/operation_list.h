// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "net/operation_cases.h"

namespace truenext::net::testing {

/// Every operation of net::Ops in all its kinds. Adding one = one entry.
std::vector<Operation> element_operations();
std::vector<Operation> row_operations();
std::vector<Operation> sequence_operations();

// ---- for the entries
// -----------------------------------------------------------------------------

/// A tensor that is read whole, and one with a row for every token.
inline TensorInfo dense(const std::string& name, int64_t rows, int64_t columns) {
  return {name, {rows, columns}, Start::matrix};
}
inline TensorInfo of_tokens(const std::string& name, const Tile& tile) {
  return {name, {tile.tokens(), tile.width}, Start::table};
}
inline Rows token_rows(Ops& ops, const char* name) {
  Ids ids(ops.input().items.size());
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i);
  return ops.lookup(name, ids, Layout::tokens);
}

/// x and what `more` says.
inline auto with_x(std::function<std::vector<TensorInfo>(const Tile&)> more) {
  return [more = std::move(more)](const Tile& tile) {
    std::vector<TensorInfo> infos = more(tile);
    infos.insert(infos.begin(), of_tokens("x", tile));
    return infos;
  };
}
inline std::vector<TensorInfo> only_x(const Tile& tile) {
  return {of_tokens("x", tile)};
}

}  // namespace truenext::net::testing
