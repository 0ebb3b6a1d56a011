// SPDX-License-Identifier: Apache-2.0
#include "train/engine.h"

#include <cmath>

#include "base/error.h"
#include "train/tile_step.h"
#include "train/tree_reducer.h"

namespace upnext {

double Engine::step(const Batch& batch, int64_t step, int64_t total_steps) {
  using Gradients = TileGradients<float>;
  const auto tiles = static_cast<int64_t>(batch.tiles.size());
  const StepContext context{static_cast<uint64_t>(options_.seed), static_cast<uint64_t>(step),
                            batch.positions};
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
