// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "net/parameters.h"
#include "objectives/table_gradient.h"
#include "train/ranks/ranks.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// Rows of a table that a rank keeps: ranges in rank order that differ by at most one row.
RowRange rows_of_rank(int rank, int ranks, int64_t rows);

/// Item tables divided among ranks by rows (decision 0014). A rank keeps weights and moments of its
/// range; what its tiles read in a step is fetched from the ranks that keep it, and gradients go
/// back there. All ranks make the same calls in the same order.
class TableShards {
 public:
  /// `parameters` keep the rows of this rank (ParameterSet's ItemRows); both outlive this.
  TableShards(ParameterSet& parameters, Ranks& ranks) : parameters_(parameters), ranks_(ranks) {}

  /// Called with rows that we keep, counted from our first, before they leave.
  using CatchUp = std::function<void(std::span<const int32_t> rows)>;
  /// Brings the rows `ids` (any order, repeats allowed) of a divided table here for the tiles of
  /// this step, until sum() (Parameter::fetched).
  void fetch(int64_t table, std::span<const int32_t> ids, const CatchUp& catch_up);

  /// sum_over_ranks() where each divided table arrives as the rows that we keep only, counted from
  /// our first: for every row the same additions in the same order.
  TileGradients<float> sum(std::optional<TileGradients<float>> mine);

  /// `before` plus the squares of a divided table's gradient, all ranks' rows one after the other,
  /// as if the table were in one piece; the same on all.
  double add_squares(double before, const TableGradient<float>& kept);

 private:
  /// The gradients of fetched rows, cut by the rank that keeps them.
  std::vector<Bytes> cut(const Parameter& table, const TableGradient<float>& gradient) const;
  TableGradient<float> sum_table(Parameter& table, TableGradient<float> mine);

  ParameterSet& parameters_;
  Ranks& ranks_;
};

}  // namespace truenext
