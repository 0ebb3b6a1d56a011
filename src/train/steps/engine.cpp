// SPDX-License-Identifier: Apache-2.0
#include "train/steps/engine.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "train/ranks/gradient_wire.h"
#include "train/steps/composed_gradient.h"
#include "train/steps/tile_step.h"
#include "train/steps/tree_reducer.h"

namespace truenext {
namespace {

/// Rows per task of catching up.
constexpr int64_t kRowsAtOnce = 1024;

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
    return;
  }
  fetch_table(input, std::span(rows).first(tiles));
  fetch_table(output, std::span(rows).subspan(tiles));
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

void Engine::catch_up(const Batch& batch, TileRange mine, const StepContext& context) {
  const int64_t input = model_.input_table();
  const int64_t output = model_.output_table();
  if (!adam_.deferred(input) && !adam_.deferred(output)) return;
  if (!pretext_ && objective_.reads_all_items()) {
    adam_.catch_up_all(pool_);
    return;
  }
  pool_.run(mine.size(), [&](int64_t tile, int) {
    const Tile& t = batch.tiles[mine.begin + tile];
    adam_.catch_up(input, t.sequences.values);
    adam_.catch_up(output, candidates(t, context));
  });
}

std::optional<TileGradients<float>> Engine::sum_tiles(const Batch& batch, TileRange mine,
                                                      const StepContext& context) {
  using Gradients = TileGradients<float>;
  if (mine.size() == 0) return std::nullopt;
  if (!pretext_ && objective_.over_ranges(score_width(model_.options()))) {
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
  model_.compose(pool_);
  if (shards_) {
    fetch(batch, mine, context);
  } else {
    catch_up(batch, mine, context);
  }
  if (observation_) observation_->begin(batch, pool_);
  std::optional<TileGradients<float>> own = sum_tiles(batch, mine, context);
  TileGradients<float> total = shards_ ? shards_->sum(std::move(own))
                                       : sum_over_ranks<GradientWire>(*ranks_, std::move(own));
  total.tables[model_.score_table()].add(std::exchange(total.catalogue, {}));
  if (observation_) observation_->finish(total);
  hand_back(model_, total, pool_);
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
