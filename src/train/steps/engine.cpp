// SPDX-License-Identifier: Apache-2.0
#include "train/steps/engine.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "net/scoring.h"
#include "train/ranks/gradient_wire.h"
#include "train/steps/composed_gradient.h"
#include "train/steps/tile_step.h"
#include "train/steps/tree_reducer.h"

namespace truenext {
namespace {

/// Rows per task of catching up.
constexpr int64_t kRowsAtOnce = 1024;

/// Unit vectors of the rows of a divided table that were fetched.
void compose_fetched(Model& model, WorkerPool& pool) {
  ParameterSet& parameters = model.parameters();
  const std::vector<int64_t> shape = parameters[model.output_table()].fetched->values.shape;
  Tensor& units = parameters.units().emplace(shape);
  const WeightViews<float> read = parameters.readable();
  pool.run((units.rows() + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t task, int) {
    const int64_t begin = task * kRowsAtOnce;
    const RowRange rows{begin, std::min(units.rows(), begin + kRowsAtOnce)};
    model.composed().compose(model.composed().units(), read, model.attributes(), rows,
                             units.data() + begin * units.width());
  });
}

}  // namespace

void Engine::divide_among(Ranks& ranks) {
  ranks_ = &ranks;
  shards_.reset();
  if (model_.parameters().divided()) shards_.emplace(model_.parameters(), ranks);
}

std::vector<int32_t> Engine::candidates(const Tile& tile, const StepContext& context) const {
  return pretext_ ? pretext_->candidates(tile)
                  : objective_.candidates(tile, context.seed, context.step);
}

TileGradients<float> Engine::run(const WeightViews<float>& weights, const Tile& tile,
                                 const StepContext& context) const {
  return pretext_ ? run_pretext_tile(model_, weights, *pretext_, tile, context)
                  : run_tile(model_, weights, objective_, tile, context);
}

void Engine::fetch(const Batch& batch, TileRange mine, const StepContext& context) {
  const int64_t input = model_.input_table();
  const int64_t output = model_.output_table();
  const int64_t items = model_.num_items();
  const auto tiles = static_cast<size_t>(mine.size());
  std::vector<std::vector<int32_t>> rows(2 * tiles);  // of inputs, then of candidates
  pool_.run(mine.size(), [&](int64_t tile, int) {
    const Tile& t = batch.tiles[mine.begin + tile];
    rows[tile] = UsedRows(t.sequences.values, items).take_rows();
    rows[tiles + tile] = UsedRows(candidates(t, context), items).take_rows();
  });
  if (input == output) {
    fetch_table(input, rows);
  } else {
    fetch_table(input, std::span(rows).first(tiles));
    fetch_table(output, std::span(rows).subspan(tiles));
  }
  if (model_.composed().units() >= 0) compose_fetched(model_, pool_);
}

void Engine::fetch_table(int64_t table, std::span<const std::vector<int32_t>> rows_of_tiles) {
  std::vector<int32_t> ids;
  for (const std::vector<int32_t>& rows : rows_of_tiles) {
    ids.insert(ids.end(), rows.begin(), rows.end());
  }
  shards_->fetch(table, ids, [&](std::span<const int32_t> rows) {
    if (!adam_.deferred(table)) return;
    const int64_t count = std::ssize(rows);
    pool_.run((count + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t task, int) {
      const int64_t begin = task * kRowsAtOnce;
      adam_.catch_up(
          table, rows.subspan(static_cast<size_t>(begin), std::min(kRowsAtOnce, count - begin)));
    });
  });
}

void Engine::clip(TileGradients<float>& total) {
  clip_gradients(total, options_.clip_norm, [&](double sum, int64_t table) {
    const TableGradient<float>& gradient = total.tables[table];
    return model_.parameters()[table].divided() ? shards_->add_squares(sum, gradient)
                                                : add_squares(sum, gradient.values());
  });
}

void Engine::make_readable(const Batch& batch, TileRange mine, const StepContext& context) {
  const int64_t input = model_.input_table();
  const int64_t output = model_.output_table();
  const bool behind = adam_.deferred(input) || adam_.deferred(output);
  const bool by_row = model_.composed().by_row();
  const bool all = !pretext_ && objective_.reads_all_items();
  if (all || (!behind && !by_row)) {
    if (behind) adam_.catch_up_all(pool_);
    return model_.compose(pool_);
  }
  std::vector<std::vector<int32_t>> drawn(static_cast<size_t>(mine.size()));
  pool_.run(mine.size(), [&](int64_t tile, int) {
    const Tile& t = batch.tiles[mine.begin + tile];
    adam_.catch_up(input, t.sequences.values);
    drawn[tile] = candidates(t, context);
    adam_.catch_up(output, drawn[tile]);
  });
  if (!by_row) return;
  std::vector<int32_t> items;
  for (const std::vector<int32_t>& some : drawn)
    items.insert(items.end(), some.begin(), some.end());
  model_.compose(UsedRows(items, model_.num_items()).rows(), pool_);
}

void Engine::catch_up_units(const TableGradient<float>& units) {
  const int64_t output = model_.output_table();
  if (!adam_.deferred(output) || shards_) return;  // fetched rows have caught up
  if (units.dense()) return adam_.catch_up_all(pool_);
  const std::span<const int32_t> rows = units.rows();
  const int64_t count = std::ssize(rows);
  pool_.run((count + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t task, int) {
    const int64_t begin = task * kRowsAtOnce;
    adam_.catch_up(output,
                   rows.subspan(static_cast<size_t>(begin), std::min(kRowsAtOnce, count - begin)));
  });
}

std::optional<TileGradients<float>> Engine::sum_tiles(const Batch& batch, TileRange mine,
                                                      const StepContext& context) {
  using Gradients = TileGradients<float>;
  if (mine.size() == 0) return std::nullopt;
  if (!pretext_ && objective_.over_ranges(scoring_of(model_.options()).width())) {
    return phases_.sum(batch, mine, context);
  }
  TreeReducer<Gradients> reducer(
      mine.size(), [](Gradients& left, Gradients&& right) { left.add(std::move(right)); });
  const WeightViews<float> weights = model_.parameters().readable();
  pool_.run(mine.size(), [&](int64_t tile, int) {
    const Tile& t = batch.tiles[mine.begin + tile];
    reducer.deliver(tile, run(weights, t, context));
  });
  return reducer.take();
}

double Engine::step(const Batch& batch, int64_t step, int64_t total_steps) {
  const TileRange mine = tiles_of(ranks_->rank(), ranks_->size(), std::ssize(batch.tiles));
  const StepContext context{static_cast<uint64_t>(options_.seed), static_cast<uint64_t>(step),
                            pretext_ ? batch.pretext_examples : objective_.divisor(batch)};
  if (shards_) {
    fetch(batch, mine, context);
  } else {
    make_readable(batch, mine, context);
  }
  if (observation_) observation_->begin(batch, pool_);
  std::optional<TileGradients<float>> own = sum_tiles(batch, mine, context);
  TileGradients<float> total = shards_ ? shards_->sum(std::move(own))
                                       : sum_over_ranks<GradientWire>(*ranks_, std::move(own));
  total.tables[model_.score_table()].add(std::exchange(total.catalogue, {}));
  if (observation_) observation_->finish(total);
  const int64_t units = model_.composed().units();
  if (units >= 0) catch_up_units(total.tables[units]);
  hand_back(model_, model_.parameters().trained(), total, pool_);
  if (!norms_.empty()) {  // after the sum over ranks, by each: once a step
    total.loss += add_norms<float>(model_, model_.parameters().trained(), norms_, total, pool_);
  }
  check_data(std::isfinite(total.loss),
             "training diverged: the loss of step {} is {}; lower train.learning_rate or set "
             "train.clip_norm",
             step + 1, total.loss);  // as the log counts: steps that were made
  if (options_.clip_norm > 0) clip(total);
  adam_.step(total, scheduled_rate(options_, step, total_steps), pool_);
  if (observation_) observation_->keep_largest();
  return total.loss;
}

}  // namespace truenext
