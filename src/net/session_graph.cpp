// SPDX-License-Identifier: Apache-2.0
#include "net/session_graph.h"

#include <algorithm>
#include <unordered_map>

namespace truenext::net {
namespace {

/// A neighbour counts as much as every other of its node.
void append(const std::vector<Ids>& neighbours, SessionGraph::Edges* edges) {
  for (const Ids& of_node : neighbours) {
    edges->sources.insert(edges->sources.end(), of_node.begin(), of_node.end());
    edges->weights.resize(edges->sources.size(), 1.0f / static_cast<float>(of_node.size()));
    edges->offsets.push_back(static_cast<int64_t>(edges->sources.size()));
  }
}

}  // namespace

void SessionGraph::add_session(std::span<const int32_t> items, bool edges) {
  const auto first = static_cast<int32_t>(items_.size());
  const size_t begin = alias_.size();
  std::unordered_map<int32_t, int32_t> nodes;
  for (const int32_t item : items) {
    const auto [node, is_new] = nodes.emplace(item, first + static_cast<int32_t>(nodes.size()));
    if (is_new) items_.push_back(item);
    alias_.push_back(node->second);
  }
  std::vector<Ids> into(nodes.size()), out_of(nodes.size());
  for (size_t i = begin + 1; edges && i < alias_.size(); ++i) {
    const int32_t from = alias_[i - 1], to = alias_[i];
    Ids& known = out_of[from - first];
    if (std::ranges::find(known, to) != known.end()) continue;
    known.push_back(to);
    into[to - first].push_back(from);
  }
  append(into, &incoming_);
  append(out_of, &outgoing_);
}

}  // namespace truenext::net
