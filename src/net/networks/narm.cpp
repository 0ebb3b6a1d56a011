// SPDX-License-Identifier: Apache-2.0
// NARM (Li et al., CIKM 2017) as in CSRec's baselines: a GRU over the history, whose newest state
// h_t asks the earlier ones. With s = sigmoid and no softmax,
//     a_j = v . s(A1 h_j + A2 h_t),   c_t = sum over j <= t of a_j h_j,   state = B [c_t, h_t].
// The original's padding has a_j = 0, so that it does not exist here either.
#include <fmt/format.h>

#include "base/error.h"
#include "net/network.h"
#include "net/network_parts.h"
#include "net/time_gaps.h"

namespace truenext {
namespace {

using net::Function;
using net::Ops;
using net::Rows;
using net::Wanted;

void check(ModelOptions& options) {
  net::check_no_positions(options);
  net::check_times_in_input(options);
  check_usage(options.padding == PaddingUse::none,
              "model.padding = \"attend\": the original of narm gives padding no weight; want "
              "\"none\"");
}

std::vector<TensorInfo> tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size, hidden = options.gru_hidden_size;
  std::vector<TensorInfo> list;
  net::add_item_tables(options, num_items, list);
  net::add_gru_tensors(options, list);
  list.push_back({"attention_key.weight", {hidden, hidden}});
  list.push_back({"attention_query.weight", {hidden, hidden}});
  list.push_back({"attention_value.weight", {1, hidden}});
  list.push_back({"output.weight", {d, 2 * hidden}});
  net::add_gap_tensors(options, list);
  return list;
}

Rows run(Ops& ops, const ModelOptions& options) {
  Rows h = net::add_gaps(ops, options, net::item_vectors(ops));
  h = ops.dropout(h, options.dropout, Purpose::dropout_embedding, 0);
  for (int64_t l = 0; l < options.gru_layers; ++l) {
    const std::string name = net::gru_layer_name(l);
    h = ops.gru(h, {name, options.gru_bias}, Wanted::all());
  }
  const Rows newest = ops.pick(h);
  const net::HistoryPairs pairs = net::history_pairs(ops);
  const Rows keys = ops.gather(ops.linear(h, "attention_key", false), pairs.keys);
  const Rows queries = ops.gather(ops.linear(newest, "attention_query", false), pairs.queries);
  const Rows attended = ops.apply(Function::sigmoid, ops.add(keys, queries));
  const Rows weights = ops.linear(attended, "attention_value", false);
  const Rows history = ops.multiply(ops.gather(h, pairs.keys), weights);
  const net::Layout layout = net::wanted_layout(ops);
  const Rows parts[] = {ops.segment_sum(history, pairs.offsets, layout), newest};
  const Rows both =
      ops.dropout(ops.beside(parts), options.output_dropout, Purpose::dropout_output, 0);
  return ops.linear(both, "output", false);
}

std::string describe(const ModelOptions& options) {
  return fmt::format("{} layers of {}, attention over the history", options.gru_layers,
                     options.gru_hidden_size);
}

}  // namespace

extern const NetworkInfo narm_network;
const NetworkInfo narm_network{
    .name = "narm",
    .summary = "recurrent network with attention over its states (NARM)",
    .check = &check,
    .tensors = &tensors,
    .run = &run,
    .use_tile = {.tokens = 16384, .sequences = 64},
    .describe = &describe,
    .keys = {"gru_hidden_size", "gru_layers", "gru_bias", "output_dropout", "time"},
    .examples = {"", "tie_embeddings=true gru_layers=2 gru_bias=true",
                 "tie_embeddings=true time=past", "time=request"}};

}  // namespace truenext
