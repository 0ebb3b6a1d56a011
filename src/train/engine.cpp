// SPDX-License-Identifier: Apache-2.0
#include "train/engine.h"

#include <cmath>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "train/gradient_wire.h"
#include "train/tile_step.h"
#include "train/tree_reducer.h"

namespace upnext {

void Engine::catch_up(const Batch& batch, TileRange mine, const StepContext& context) {
  const int64_t input = model_.input_table();
  const int64_t output = model_.output_table();
  if (!adam_.deferred(input) && !adam_.deferred(output)) return;
  if (objective_.reads_all_items()) {
    adam_.catch_up_all(pool_);
    return;
  }
  pool_.run(mine.size(), [&](int64_t tile, int) {
    const Tile& t = batch.tiles[mine.begin + tile];
    adam_.catch_up(input, t.sequences.values);
    adam_.catch_up(output, objective_.candidates(t, context.seed, context.step));
  });
}

std::optional<TileGradients<float>> Engine::sum_tiles(const Batch& batch, TileRange mine,
                                                      const StepContext& context) {
  using Gradients = TileGradients<float>;
  if (mine.size() == 0) return std::nullopt;
  TreeReducer<Gradients> reducer(
      mine.size(), [](Gradients& left, Gradients&& right) { left.add(std::move(right)); });
  pool_.run(mine.size(), [&](int64_t tile, int) {
    const Tile& t = batch.tiles[mine.begin + tile];
    reducer.deliver(tile, run_tile<float>(model_, objective_, t, context));
  });
  return reducer.take();
}

double Engine::step(const Batch& batch, int64_t step, int64_t total_steps) {
  const TileRange mine = tiles_of(ranks_->rank(), ranks_->size(), std::ssize(batch.tiles));
  const StepContext context{static_cast<uint64_t>(options_.seed), static_cast<uint64_t>(step),
                            objective_.divisor(batch)};
  catch_up(batch, mine, context);
  TileGradients<float> total =
      sum_over_ranks<GradientWire>(*ranks_, sum_tiles(batch, mine, context));
  check_data(std::isfinite(total.loss),
             "training diverged: the loss of step {} is {}; lower train.learning_rate or set "
             "train.clip_norm",
             step, total.loss);
  if (options_.clip_norm > 0) clip_gradients(total, options_.clip_norm);
  adam_.step(total, scheduled_rate(options_, step, total_steps), pool_);
  return total.loss;
}

}  // namespace upnext
