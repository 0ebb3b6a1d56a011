// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "objectives/criterion.h"
#include "objectives/objective.h"
#include "objectives/table_gradient.h"

namespace truenext {

/// Loss of a tile whose queries compete with the whole catalogue: rows of scores that are made once
/// where a block of them stays in cache or the criterion needs them whole, else pieces of rows that
/// are made twice.
template <typename T>
double full_catalogue(const Criterion& criterion, const ObjectiveInput<T>& input, int64_t num_items,
                      T* state_grad, TableGradient<T>& table_grad);

/// The two ways; every query sees all rows of table_grad.
template <typename T>
double full_by_rows(const Criterion& criterion, const ObjectiveInput<T>& input, T* state_grad,
                    TableGradient<T>& table_grad);
template <typename T>
double full_by_pieces(const Criterion& criterion, const ObjectiveInput<T>& input,
                      int64_t piece_items, T* state_grad, TableGradient<T>& table_grad);

}  // namespace truenext
