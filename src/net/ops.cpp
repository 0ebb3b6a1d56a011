// SPDX-License-Identifier: Apache-2.0
#include "net/ops.h"

#include <algorithm>
#include <numeric>

#include "net/tensors.h"

namespace truenext::net {

Ids Ops::wanted_tokens() const {
  if (!wanted().is_all()) return {wanted().tokens().begin(), wanted().tokens().end()};
  Ids ids(input_.items.size());
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

Rows Ops::pick(Rows x) {
  return wanted().is_all() ? x : gather(x, wanted_tokens(), Layout::wanted);
}

Ids item_ids(const Input& input) {
  return {input.items.begin(), input.items.end()};
}

Rows item_vectors(Ops& ops) {
  const Rows vectors = ops.lookup(kInputTable, item_ids(ops.input()), Layout::tokens);
  const std::span<const uint8_t> hidden = ops.input().hidden;
  if (hidden.empty()) return vectors;
  std::vector<float> shown(hidden.size());
  std::ranges::transform(hidden, shown.begin(), [](uint8_t is) { return is ? 0.0f : 1.0f; });
  const Rows told = ops.weigh(vectors, shown);
  return ops.input().mask.empty() ? told : add_mask(ops, told, ops.input().mask);
}

Rows add_mask(Ops& ops, Rows x, std::string_view mask) {
  const std::span<const uint8_t> hidden = ops.input().hidden;
  if (hidden.empty()) return x;
  Ids rows(hidden.size());
  std::ranges::transform(hidden, rows.begin(), [](uint8_t is) { return is ? 0 : -1; });
  return ops.add(x, ops.gather(ops.parameter(mask), rows, Layout::tokens));
}

Ids places_from_start(const Input& input) {
  Ids ids(input.items.size());
  for (int64_t s = 0; s < input.sequences(); ++s) {
    std::iota(ids.begin() + input.offsets[s], ids.begin() + input.offsets[s + 1], 0);
  }
  return ids;
}

Ids places_from_end(const Input& input, int64_t length) {
  Ids ids(input.items.size());
  for (int64_t s = 0; s < input.sequences(); ++s) {
    const int64_t own = input.offsets[s + 1] - input.offsets[s];
    std::iota(ids.begin() + input.offsets[s], ids.begin() + input.offsets[s + 1],
              static_cast<int32_t>(length - own));
  }
  return ids;
}

Ids sequence_of_tokens(const Input& input) {
  Ids ids(input.items.size());
  for (int64_t s = 0; s < input.sequences(); ++s) {
    std::fill(ids.begin() + input.offsets[s], ids.begin() + input.offsets[s + 1],
              static_cast<int32_t>(s));
  }
  return ids;
}

HistoryPairs history_pairs(const Ops& ops) {
  const Input& input = ops.input();
  const Ids tokens = ops.wanted_tokens();
  const Ids sequences = sequence_of_tokens(input);
  HistoryPairs pairs;
  for (size_t row = 0; row < tokens.size(); ++row) {
    const auto first = static_cast<int32_t>(input.offsets[sequences[tokens[row]]]);
    for (int32_t key = first; key <= tokens[row]; ++key) {
      pairs.keys.push_back(key);
      pairs.queries.push_back(static_cast<int32_t>(row));
    }
    pairs.offsets.push_back(static_cast<int64_t>(pairs.keys.size()));
  }
  return pairs;
}

}  // namespace truenext::net
