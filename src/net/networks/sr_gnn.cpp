// SPDX-License-Identifier: Apache-2.0
// SR-GNN (Wu et al., AAAI 2019). The items of a session are the nodes of a graph; in each step a
// gated cell takes what the neighbours send,
//     a = [A_in (W_in h + b) + b_in ; A_out (W_out h + b) + b_out],   gi = W_i a + b, gh = W_h h +
//     b, r = s(gi_1 + gh_1),  z = s(gi_2 + gh_2),  n = tanh(gi_3 + r gh_3),  h <- (1 - z) h + z n,
// and with the attention a_j = v . s(W1 h_t + W2 h_j), no softmax, the state is
//     original:  W [sum over j <= t of a_j h_j ; h_t]      improved (Li et al. 2023):  W [a_t h_t ;
//     h_t].
//
// Every state has the graph of its own history: one graph of the whole window would show it the
// edge that leads to its target. model.padding = "attend" is the published code instead, whose
// graph was written for the other side of padding: the window is padded on the left to max_length,
// padding is a node, there are no edges where two or more places are padding, and h_t is the item
// at place n - 1 counted from the left, n items being none of padding.
#include <fmt/format.h>

#include "net/network.h"
#include "net/network_parts.h"
#include "net/session_graph.h"

namespace truenext {
namespace {

using net::Function;
using net::Ids;
using net::Layout;
using net::Ops;
using net::Rows;
using net::SessionGraph;

void check(ModelOptions& options) {
  net::check_no_positions(options);
}

std::vector<TensorInfo> tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  std::vector<TensorInfo> list;
  net::add_item_tables(options, num_items, list);
  add_linear(list, "edge_in", d, d);
  add_linear(list, "edge_out", d, d);
  list.push_back({"aggregate_in_bias", {d}, Start::bias, d});
  list.push_back({"aggregate_out_bias", {d}, Start::bias, d});
  add_linear(list, "gnn_input", 3 * d, 2 * d);
  add_linear(list, "gnn_hidden", 3 * d, d);
  add_linear(list, "attention_query", d, d);
  add_linear(list, "attention_key", d, d);
  list.push_back({"attention_value.weight", {1, d}});
  add_linear(list, "output", d, 2 * d);
  return list;
}

/// What the states are read from: sessions and, for each wanted row, its own place among their
/// items and those that it attends to. Items of sessions are counted end to end.
struct Sessions {
  SessionGraph graph;
  Ids anchors;                 ///< [wanted]: h_t
  Ids places;                  ///< [wanted]: what the improved read-out weighs
  net::HistoryPairs attended;  ///< keys are items of sessions
};

void attend_to(Sessions* sessions, int64_t first, int64_t last, int64_t row) {
  for (int64_t key = first; key < last; ++key) {
    sessions->attended.keys.push_back(static_cast<int32_t>(key));
    sessions->attended.queries.push_back(static_cast<int32_t>(row));
  }
  sessions->attended.offsets.push_back(std::ssize(sessions->attended.keys));
}

/// A session of its own for every wanted token: its history.
Sessions histories(const Ops& ops) {
  Sessions sessions;
  const Ids tokens = ops.wanted_tokens(), owners = net::sequence_of_tokens(ops.input());
  int64_t items = 0;
  for (size_t row = 0; row < tokens.size(); ++row) {
    const int64_t first = ops.input().offsets[owners[tokens[row]]];
    const int64_t length = tokens[row] + 1 - first;
    sessions.graph.add_session(ops.input().items.subspan(first, length), true);
    attend_to(&sessions, items, items + length, static_cast<int64_t>(row));
    items += length;
    sessions.anchors.push_back(static_cast<int32_t>(items - 1));
  }
  sessions.places = sessions.anchors;
  return sessions;
}

/// A session for every sequence, as the published code has it.
Sessions padded_windows(const Ops& ops, int64_t length) {
  Sessions sessions;
  const net::Input& input = ops.input();
  for (int64_t s = 0; s < input.sequences(); ++s) {
    const auto own = input.items.subspan(input.offsets[s], input.offsets[s + 1] - input.offsets[s]);
    Ids window(static_cast<size_t>(length - std::ssize(own)), -1);
    const bool edges = window.size() < 2;
    window.insert(window.end(), own.begin(), own.end());
    sessions.graph.add_session(window, edges);
  }
  const Ids tokens = ops.wanted_tokens(), owners = net::sequence_of_tokens(input);
  for (size_t row = 0; row < tokens.size(); ++row) {
    const int64_t s = owners[tokens[row]], count = input.offsets[s + 1] - input.offsets[s];
    const int64_t begin = s * length, end = begin + length;
    const int64_t place = end - (input.offsets[s + 1] - tokens[row]);
    sessions.anchors.push_back(static_cast<int32_t>(begin + count - 1));
    sessions.places.push_back(static_cast<int32_t>(place));
    attend_to(&sessions, end - count, end, static_cast<int64_t>(row));
  }
  return sessions;
}

/// Item vectors of the nodes, of which some may be padding.
Rows node_vectors(Ops& ops, const SessionGraph& graph) {
  Ids items, places, padding;
  for (const int32_t item : graph.items()) {
    padding.push_back(item < 0 ? 0 : -1);
    if (item < 0) continue;
    places.push_back(static_cast<int32_t>(padding.size() - 1));
    items.push_back(item);
  }
  if (std::ssize(items) == graph.num_nodes()) return ops.lookup(kInputTable, items);
  const Rows vectors = ops.scatter_sum(ops.lookup(kInputTable, items), places, graph.num_nodes());
  return ops.add(vectors, ops.gather(ops.parameter(kPaddingVector), padding));
}

Rows sent(Ops& ops, Rows h, const SessionGraph::Edges& edges, const char* edge, const char* bias) {
  const Rows messages = ops.gather(ops.linear(h, edge), edges.sources);
  const Rows sums = ops.segment_sum(ops.weigh(messages, edges.weights), edges.offsets);
  return ops.add(sums, ops.parameter(bias));
}

Rows step(Ops& ops, Rows h, const SessionGraph& graph) {
  const int64_t d = h.width;
  const Rows neighbours[] = {sent(ops, h, graph.incoming(), "edge_in", "aggregate_in_bias"),
                             sent(ops, h, graph.outgoing(), "edge_out", "aggregate_out_bias")};
  const Rows input = ops.linear(ops.beside(neighbours), "gnn_input");
  const Rows hidden = ops.linear(h, "gnn_hidden");
  const auto part = [&](Rows x, int64_t gate) { return ops.columns(x, gate * d, (gate + 1) * d); };
  const auto gate = [&](int64_t number) {
    return ops.apply(Function::sigmoid, ops.add(part(input, number), part(hidden, number)));
  };
  const Rows reset = gate(0), update = gate(1);
  const Rows next =
      ops.apply(Function::tanh, ops.add(part(input, 2), ops.multiply(part(hidden, 2), reset)));
  return ops.add(h, ops.multiply(ops.add(next, h, -1), update));
}

Rows read_out(Ops& ops, const ModelOptions& options, const Sessions& sessions, Rows items) {
  const Layout layout = net::wanted_layout(ops);
  const Rows anchors = ops.gather(items, sessions.anchors, layout);
  const Rows query = ops.linear(anchors, "attention_query");
  const Rows key = ops.linear(items, "attention_key");
  const auto weight = [&](const Ids& keys, Rows queries) {
    const Rows both = ops.apply(Function::sigmoid, ops.add(ops.gather(key, keys), queries));
    return ops.linear(both, "attention_value", false);
  };
  Rows session;
  if (options.readout == Readout::improved) {
    const Rows own = ops.gather(items, sessions.places, layout);
    session = ops.multiply(own, weight(sessions.places, query));
  } else {
    const net::HistoryPairs& pairs = sessions.attended;
    const Rows weights = weight(pairs.keys, ops.gather(query, pairs.queries));
    session = ops.segment_sum(ops.multiply(ops.gather(items, pairs.keys), weights), pairs.offsets,
                              layout);
  }
  const Rows parts[] = {session, anchors};
  return ops.linear(ops.dropout(ops.beside(parts), options.dropout, Purpose::dropout_output, 0),
                    "output");
}

Rows run(Ops& ops, const ModelOptions& options) {
  const Sessions sessions = options.padding == PaddingUse::attend
                                ? padded_windows(ops, options.max_length)
                                : histories(ops);
  Rows h = node_vectors(ops, sessions.graph);
  for (int64_t i = 0; i < options.gnn_steps; ++i) h = step(ops, h, sessions.graph);
  return read_out(ops, options, sessions, ops.gather(h, sessions.graph.alias()));
}

bool causal(const ModelOptions& options) {
  return options.padding == PaddingUse::none;
}

std::string describe(const ModelOptions& options) {
  return fmt::format(
      "{} steps over the graph of {}, {} read-out", options.gnn_steps,
      options.padding == PaddingUse::attend ? "the padded window (as published)" : "each history",
      word_of(options.readout));
}

}  // namespace

extern const NetworkInfo sr_gnn_network;
const NetworkInfo sr_gnn_network{
    .name = "sr-gnn",
    .summary = "gated graph network over the items of a session (SR-GNN)",
    .check = &check,
    .tensors = &tensors,
    .run = &run,
    .causal = &causal,
    .describe = &describe,
    .keys = {"gnn_steps", "readout"},
    .examples = {"", "readout=improved tie_embeddings=true gnn_steps=2"}};

}  // namespace truenext
