// SPDX-License-Identifier: Apache-2.0
#include "net/pretraining.h"

#include <algorithm>

#include "net/network_parts.h"

namespace truenext::net {
namespace {

constexpr const char* kAttributes = "pretraining.attribute_embedding";

/// States of some tokens.
Rows states_of(Ops& ops, Rows states, std::span<const int32_t> tokens) {
  Ids rows(tokens.begin(), tokens.end());
  if (!ops.wanted().is_all()) {
    const std::span<const int32_t> wanted = ops.wanted().tokens();
    for (int32_t& row : rows) {
      row = static_cast<int32_t>(std::ranges::lower_bound(wanted, row) - wanted.begin());
    }
  }
  return ops.gather(states, std::move(rows));
}

Rows first_columns(Ops& ops, Rows x, int64_t width) {
  return x.width > width ? ops.columns(x, 0, width) : x;
}

Ids ids_of(std::span<const int32_t> items) {
  return {items.begin(), items.end()};
}

}  // namespace

std::vector<TensorInfo> pretext_tensors(const ModelOptions& options, const PretextHeads& heads,
                                        int64_t num_attributes) {
  const int64_t d = options.hidden_size;
  std::vector<TensorInfo> list;
  list.push_back({kMaskVector, {1, d}, Start::matrix});
  if (heads.aap || heads.map) list.push_back({kAttributes, {num_attributes, d}, Start::matrix});
  if (heads.aap) add_linear(list, "pretraining.aap", d, d);
  if (heads.mip) add_linear(list, "pretraining.mip", d, d);
  if (heads.map) add_linear(list, "pretraining.map", d, d);
  if (heads.sp) add_linear(list, "pretraining.sp", d, d);
  return list;
}

PretextRows pretext_rows(Ops& ops, Rows states, const PretextHeads& heads,
                         const PretextLists& lists, std::string_view table, int64_t width) {
  PretextRows rows;
  states = first_columns(ops, states, width);
  const bool known = heads.aap && !lists.known.empty();
  const bool hidden = !lists.hidden.empty();
  if (known || (heads.map && hidden)) rows.attributes = ops.parameter(kAttributes);
  if (known) rows.known = ops.linear(states_of(ops, states, lists.known), "pretraining.aap");
  if (hidden && (heads.map || heads.mip)) {
    const Rows places = states_of(ops, states, lists.hidden);
    if (heads.map) rows.hidden = ops.linear(places, "pretraining.map");
    if (heads.mip) {
      rows.item = ops.linear(places, "pretraining.mip");
      rows.positive = first_columns(ops, ops.lookup(table, ids_of(lists.items)), width);
      rows.negative = first_columns(ops, ops.lookup(table, ids_of(lists.negatives)), width);
    }
  }
  if (heads.sp && !lists.around.empty()) {
    rows.around = ops.linear(states_of(ops, states, lists.around), "pretraining.sp");
    rows.segment = states_of(ops, states, lists.segment);
    rows.other = states_of(ops, states, lists.other);
  }
  return rows;
}

}  // namespace truenext::net
