// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "base/jagged.h"
#include "batch/pretext.h"

/// The losses of pretraining (Zhou et al., CIKM 2020) with their gradients. T is float, or double
/// for exact checks. A loss is `factor` times a sum over its terms; gradients are added to.
namespace truenext {

/// Rows [count, dim] that should agree with `positive` more than with `negative` (MIP, SP):
/// softplus(f(<x, n>) - f(<x, p>)), f the identity or the logistic function.
template <typename T>
struct PairRows {
  int64_t count = 0, dim = 0;
  const T *x = nullptr, *positive = nullptr, *negative = nullptr;
  T *x_grad = nullptr, *positive_grad = nullptr, *negative_grad = nullptr;
};
template <typename T>
double pair_loss(const PairRows<T>& rows, PairScores scores, double factor);

/// Binary cross-entropy of <x, q_a> over all attributes a, of which an item has some (AAP, MAP).
template <typename T>
struct AttributeRows {
  int64_t count = 0, dim = 0;
  const T* x = nullptr;            ///< [count, dim]
  std::span<const int32_t> items;  ///< [count]
  JaggedView<int32_t> attributes;  ///< of all items; repeats count once
  int64_t num_attributes = 0;
  const T* table = nullptr;  ///< [num_attributes, dim]
  T *x_grad = nullptr, *table_grad = nullptr;
};
template <typename T>
double attribute_loss(const AttributeRows<T>& rows, double factor);

}  // namespace truenext
