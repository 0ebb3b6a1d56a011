// SPDX-License-Identifier: Apache-2.0
#include "net/network_parts.h"

#include <fmt/format.h>

#include "base/error.h"

namespace truenext::net {

void check_no_positions(ModelOptions& options) {
  if (options.positions == PositionNumbers::automatic) options.positions = PositionNumbers::none;
  check_usage(options.positions == PositionNumbers::none,
              "model.positions = \"{}\": {} has no positions; want \"auto\" or \"none\"",
              word_of(options.positions), options.name);
}

void add_item_tables(const ModelOptions& options, int64_t num_items,
                     std::vector<TensorInfo>& list) {
  const int64_t d = options.hidden_size;
  list.push_back({kInputTable, {num_items, d}, Start::table});
  if (!options.tie_embeddings) list.push_back({kOutputTable, {num_items, d}, Start::table});
  if (options.padding == PaddingUse::attend) {
    list.push_back({kPaddingVector, {d}, Start::zero});
  }
}

std::string gru_layer_name(int64_t layer) {
  return fmt::format("gru.{}.", layer);
}

void add_gru_tensors(const ModelOptions& options, std::vector<TensorInfo>& list) {
  const int64_t hidden = options.gru_hidden_size;
  for (int64_t l = 0; l < options.gru_layers; ++l) {
    const std::string prefix = gru_layer_name(l);
    list.push_back({prefix + "input_weight", {3 * hidden, l == 0 ? options.hidden_size : hidden}});
    list.push_back({prefix + "hidden_weight", {3 * hidden, hidden}});
    if (!options.gru_bias) continue;
    list.push_back({prefix + "input_bias", {3 * hidden}, Start::bias, hidden});
    list.push_back({prefix + "hidden_bias", {3 * hidden}, Start::bias, hidden});
  }
}

Layout wanted_layout(const Ops& ops) {
  return ops.wanted().is_all() ? Layout::tokens : Layout::wanted;
}

}  // namespace truenext::net
