// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "net/model.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// The term factor * ||E||_F of a loss, the plain (not squared) Frobenius norm of a table E, which
/// the published code of Bacciu et al. 2023 calls l2_emb (train.table_norm). Adds its gradient
/// factor * E / ||E||_F to `gradient`, which has the shape of `values`, and returns the term. A
/// table of zeros, where the norm has no gradient, gets none. Squares are added in an order that
/// does not depend on the number of workers.
template <typename T>
double add_table_norm(std::span<const T> values, double factor, std::span<T> gradient,
                      WorkerPool& pool);

/// The same for every item table of a model as it is trained (not as it is read, where that is
/// composed), of which nothing is divided or left behind: one if
/// embeddings are tied, else two with a norm each. Makes their gradients dense; returns the sum of
/// the terms, which belongs to a step once and not to every tile.
template <typename T>
double add_table_norms(const Model& model, const WeightViews<T>& weights, double factor,
                       TileGradients<T>& gradients, WorkerPool& pool);

/// The item tables of a model: one if embeddings are tied, else two.
std::vector<int64_t> item_tables(const Model& model);

}  // namespace truenext
