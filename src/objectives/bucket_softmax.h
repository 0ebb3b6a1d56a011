// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "objectives/criterion.h"
#include "objectives/objective.h"
#include "objectives/table_gradient.h"

namespace truenext {

/// Sizes of scalable cross-entropy (Mezentsev et al., RecSys 2024), for one tile.
struct BucketSizes {
  int64_t buckets = 0, queries = 0, items = 0;
};

/// Cross-entropy of a tile where it matters. A bucket has a centre, a random mixture of the tile's
/// states (section 3.2, "mix"), and holds the `queries` states and the `items` items with the
/// largest inner products with it. A query's loss is the cross-entropy over its positives and the
/// bucket's other items, in the bucket where that is largest; queries in no bucket have none, and
/// the tile's mean is over the others. With one bucket of everything it is the full cross-entropy.
/// No gradient passes through the choice of buckets. `criterion` must be the softmax.
template <typename T>
double bucket_softmax(const Criterion& criterion, const BucketSizes& sizes,
                      const ObjectiveInput<T>& input, T* state_grad, TableGradient<T>& table_grad);

}  // namespace truenext
