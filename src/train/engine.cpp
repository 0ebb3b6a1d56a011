// SPDX-License-Identifier: Apache-2.0
#include "train/engine.h"

#include <cmath>

#include "base/error.h"
#include "train/tile_step.h"
#include "train/tree_reducer.h"

namespace upnext {

void Engine::catch_up(const Batch& batch, const StepContext& context) {
  const int64_t input = model_.input_table();
  const int64_t output = model_.output_table();
  if (!adam_.deferred(input) && !adam_.deferred(output)) return;
  if (objective_.reads_all_items()) {
    adam_.catch_up_all(pool_);
    return;
  }
  pool_.run(static_cast<int64_t>(batch.tiles.size()), [&](int64_t tile, int) {
    const Tile& t = batch.tiles[tile];
    adam_.catch_up(input, t.sequences.values);
    adam_.catch_up(output, objective_.candidates(t, context.seed, context.step));
  });
}

double Engine::step(const Batch& batch, int64_t step, int64_t total_steps) {
  using Gradients = TileGradients<float>;
  const auto tiles = static_cast<int64_t>(batch.tiles.size());
  const StepContext context{static_cast<uint64_t>(options_.seed), static_cast<uint64_t>(step),
                            batch.positions};
  catch_up(batch, context);
  TreeReducer<Gradients> reducer(
      tiles, [](Gradients& left, Gradients&& right) { left.add(std::move(right)); });
  pool_.run(tiles, [&](int64_t tile, int) {
    reducer.deliver(tile, run_tile<float>(model_, objective_, batch.tiles[tile], context));
  });
  Gradients total = reducer.take();
  check_data(std::isfinite(total.loss),
             "training diverged: the loss of step {} is {}; lower train.learning_rate or set "
             "train.clip_norm",
             step, total.loss);
  if (options_.clip_norm > 0) clip_gradients(total, options_.clip_norm);
  adam_.step(total, scheduled_rate(options_, step, total_steps), pool_);
  return total.loss;
}

}  // namespace upnext
