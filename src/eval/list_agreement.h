// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace truenext {

/// Persistence of rank-biased overlap (Webber, Moffat and Zobel, TOIS 2010): the weight of depth t
/// is p^(t-1).
constexpr double kPersistence = 0.9;

/// How far two lists of items agree, best first. Both are compared down to `depth`, or to the
/// longer list where that is shorter. An item that a list names twice counts once, while the
/// divisor of a depth stays the depth.
struct ListAgreement {
  double rbo = 0;      ///< (1 - p) sum over t = 1..n of p^(t-1) |A_t and B_t| / t: at most 1 - p^n
  double finite = 0;   ///< rbo / (1 - p^n): 1 for equal lists, 0 for disjoint ones
  double jaccard = 0;  ///< |A_n and B_n| / |A_n or B_n|
};
/// Two empty lists agree in nothing: all zero.
ListAgreement list_agreement(std::span<const int32_t> a, std::span<const int32_t> b, int64_t depth);

/// 1 - p^n, the RBO of equal lists of length n.
double most_overlap(int64_t depth);

}  // namespace truenext
