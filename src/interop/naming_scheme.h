// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/encoder.h"

namespace truenext {

/// One tensor under the name and in the shape of another project, made of ours.
struct ForeignTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<std::string> ours;  ///< end to end; packed projections are made of three
  bool item_rows = false;         ///< one row per item, see NamingScheme
  int64_t zero_rows = 0;          ///< in front of ours, which stand for padding
};

/// How another project names and shapes the weights of one of our block styles. Its item tables may
/// have rows that stand for no item (padding): item number r of 1..n has row r.
struct NamingScheme {
  std::string_view name;   ///< e.g. gsasrec
  std::string_view block;  ///< ModelOptions::block that it holds
  int64_t extra_rows;      ///< of item tables, beyond the n items; row 0 is the first of them
  std::string_view item_table, position_table;
  std::string_view output_table;  ///< empty when the project always ties
  std::string_view block_probe;   ///< tensor of each block, "{}" = its number: tells how many
  std::string_view inner_probe;   ///< first feed-forward weight of block 0: tells the width
  bool attends_padding;
  int64_t extra_positions;  ///< rows of the position table in front of the max_length of ours
  /// In what the project's present code differs from the network that the names are made for; empty
  /// when it does not.
  std::string_view caveat;
  /// In the order of the project's own state dict.
  std::vector<ForeignTensor> (*tensors)(const ModelOptions& options, int64_t num_items);
};

/// Usage Error listing the known schemes when there is none of that name.
const NamingScheme& naming_scheme(std::string_view name);
std::vector<std::string> naming_scheme_names();

}  // namespace truenext
