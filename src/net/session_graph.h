// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "net/ops.h"

namespace truenext::net {

/// Graphs of sessions, all in one list of nodes: a node is a distinct item of a session, an edge
/// leads from an item to the next one, once however often (Wu et al., AAAI 2019). Padding, where
/// sessions have it, is the item -1.
class SessionGraph {
 public:
  /// Edges between so many rows and their shares: row v of a product with the matrix is the sum of
  /// the rows sources[i] times weights[i], i in offsets[v] .. offsets[v + 1].
  struct Edges {
    Ids sources;
    std::vector<float> weights;
    Offsets offsets{0};
  };

  /// A session with `edges` = false has nodes only.
  void add_session(std::span<const int32_t> items, bool edges);

  int64_t num_nodes() const { return static_cast<int64_t>(items_.size()); }
  const Ids& items() const { return items_; }  ///< of the nodes
  const Ids& alias() const { return alias_; }  ///< node of each item of each session, end to end
  const Edges& incoming() const { return incoming_; }
  const Edges& outgoing() const { return outgoing_; }

 private:
  Ids items_, alias_;
  Edges incoming_, outgoing_;
};

}  // namespace truenext::net
