// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "net/model.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// Gradients of composed tables (net/composed_tables.h) become those of what is trained: rows of
/// items keep theirs or get those of their unit vectors, the rows of their attributes and the
/// biases get theirs. `trained` is what the tables were composed of. Once a step, when the tiles of
/// all ranks are summed. Additions are in the order of the items for any number of workers.
template <typename T>
void hand_back(const Model& model, const WeightViews<T>& trained, TileGradients<T>& gradients,
               WorkerPool& pool);

}  // namespace truenext
