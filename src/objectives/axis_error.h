// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "objectives/criterion.h"
#include "objectives/objective.h"
#include "objectives/table_gradient.h"

namespace truenext {

/// Loss of a tile as the code of Li et al. 2023 makes it for BPR and TOP1: the product of a state h
/// and its negatives E_1 .. E_S is summed over the negatives where the hidden dimension was meant,
/// so the criterion sees the positives' scores and, for negatives, dim numbers
/// q_c = h_c sum_s E_sc that are the scores of no item. `ids` is [queries, count], the positives of
/// each query first. Only to reproduce published numbers.
template <typename T>
double axis_error(const Criterion& criterion, const ObjectiveInput<T>& input,
                  std::span<const int32_t> ids, T* state_grad, TableGradient<T>& table_grad);

}  // namespace truenext
