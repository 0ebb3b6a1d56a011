// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "net/model.h"
#include "run/run_config.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// The term factor * ||W||_F of a loss, the plain (not squared) Frobenius norm of a weight W. Adds
/// its gradient factor * W / ||W||_F to `gradient`, which has the shape of `values`, and returns
/// the term. A weight of zeros, where the norm has no gradient, gets none. Squares are added in an
/// order that does not depend on the number of workers.
template <typename T>
double add_norm(std::span<const T> values, double factor, std::span<T> gradient, WorkerPool& pool);

/// Of which parameter of a model, and how much.
struct NormTerm {
  int64_t parameter = 0;
  double factor = 0;
};

/// The terms of train.table_norm (of every item table, which the published code of Bacciu et al.
/// 2023 calls l2_emb), then those of train.norm_penalty (NetworkInfo::penalises).
std::vector<NormTerm> norm_terms(const Model& model, const TrainOptions& options);

/// add_norm() of each term, for a model of which nothing is divided or left behind. Makes the
/// gradients of its tables dense; returns the sum of the terms, which belongs to a step once and
/// not to every tile.
template <typename T>
double add_norms(const Model& model, const WeightViews<T>& weights, std::span<const NormTerm> terms,
                 TileGradients<T>& gradients, WorkerPool& pool);

/// The item tables of a model: one if embeddings are tied, else two.
std::vector<int64_t> item_tables(const Model& model);

}  // namespace truenext
