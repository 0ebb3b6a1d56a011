// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/jagged.h"
#include "net/model.h"
#include "net/tile_pass.h"
#include "support/double_weights.h"
#include "support/history_times.h"

namespace truenext::test {

/// What goes into a pass.
struct Sequences {
  Jagged<int32_t> items;
  std::vector<uint64_t> streams;
  std::vector<uint8_t> hidden{};
  std::vector<int64_t> times{}, query_times{};

  /// Users are numbered from `first_user`.
  explicit Sequences(const std::vector<std::vector<int32_t>>& histories,
                     uint64_t first_user = 100) {
    for (const auto& history : histories) {
      items.add_row(history);
      streams.push_back(first_user++);
    }
    const TestTimes told(items.offsets);
    times = told.events;
    query_times = told.query_times(items.offsets);
  }
  net::Input input(const net::Wanted& wanted) const {
    return {items.values, items.offsets, streams, wanted, times, query_times, hidden};
  }
};

/// Memory full of NaN: a pass that reads what it has not written is found out.
inline void soil(net::Arena& arena) {
  constexpr int64_t kBytes = int64_t{1} << 22;
  std::memset(arena.take<uint8_t>(kBytes), 0xff, kBytes);
  arena.reset();
}

/// A network's pass over some sequences. Everything handed over is borrowed.
template <typename T>
struct NetworkPass {
  net::TilePass<T> pass;
  net::Rows states;

  NetworkPass(const Model& model, const WeightViews<T>& weights, const Sequences& sequences,
              const net::PassPurpose& purpose, const net::Wanted& wanted, net::Arena& arena)
      : pass(model.parameters().names(), weights, sequences.input(wanted), purpose, arena),
        states(model.network().run(pass, model.options())) {
    EXPECT_EQ(states.count, pass.input().wanted_count());
    EXPECT_EQ(states.width, model.options().hidden_size);
  }
  const T* values() const { return pass.values(states); }
};

/// Adds the gradients of what the pass looked up, after its backward().
inline void add_lookups(const net::TilePass<double>& pass, DoubleWeights& gradients) {
  for (const net::Lookup& lookup : pass.lookups()) {
    const double* row = pass.gradient(lookup);
    if (row == nullptr) continue;
    for (const int32_t id : lookup.ids) {
      double* to = gradients[lookup.table].data() + id * lookup.rows.width;
      for (int64_t c = 0; c < lookup.rows.width; ++c) to[c] += row[c];
      row += lookup.rows.width;
    }
  }
}

/// States of the wanted tokens by the kernels, one row after the other.
inline std::vector<float> network_states(const Model& model, const Sequences& sequences,
                                         const net::PassPurpose& purpose,
                                         const net::Wanted& wanted = net::Wanted::all()) {
  net::Arena arena;
  soil(arena);
  const WeightViews<float> weights = model.parameters().readable();
  const NetworkPass<float> run(model, weights, sequences, purpose, wanted, arena);
  std::vector<float> states(run.values(), run.values() + run.states.size());
  EXPECT_TRUE(std::ranges::all_of(states, [](float value) { return std::isfinite(value); }));
  return states;
}

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::ranges::equal(std::as_bytes(a), std::as_bytes(b));
}

}  // namespace truenext::test
