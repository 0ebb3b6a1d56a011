// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/attention_block.h"
#include "kernels/kernels.h"

namespace truenext::kernels {

/// What one call of attention() or attention_backward() needs to turn products into scores, laid
/// out so that the keys of a query are side by side. In the scratch memory of the thread.
struct AttentionTables {
  /// The terms are applied in a pass of their own, which scales the products too. Softmax without
  /// terms has no such pass, it scales as it goes.
  bool separate = false;
  float scale = 1.0f;                ///< of the products
  int64_t longest = 0;               ///< sequence of the call
  const float* distance = nullptr;   ///< [distance_heads, 2 * longest]: key j of query i is at
                                     ///< longest - 1 + j - i
  float* distance_sums = nullptr;    ///< gradients, the same layout
  const uint8_t* buckets = nullptr;  ///< of the current sequence, [queries, longest]
  float* time_row = nullptr;         ///< [longest]
  float* time_sums = nullptr;        ///< gradients, [time_heads, kTimeSums, buckets]

  /// What the passes over weights multiply products or their gradients by.
  float scale_of_weights() const { return separate ? 1.0f : scale; }
};

/// Gradients of neighbouring keys, mostly in one bucket, go to different sums: no addition waits
/// for the one before.
constexpr int64_t kTimeSums = 4;

/// `gradients`: for the backward pass.
AttentionTables attention_tables(const AttentionShape& shape, bool gradients);
/// To be called before the blocks of a sequence: the buckets of its pairs, for all heads.
void enter_sequence(const AttentionShape& shape, const AttentionSequence& sequence,
                    AttentionTables& tables);
/// scores [rows, block.stride], products in: scaled, terms added. Hidden keys are left as they are.
void add_terms(const AttentionShape& shape, const AttentionTables& tables,
               const AttentionBlock& block, int64_t head, float* scores);
/// grad [rows, stride], gradients of scores in: summed up for the terms, then scaled.
void collect_terms(const AttentionShape& shape, const AttentionTables& tables,
                   const AttentionBlock& block, int64_t head, int64_t stride, float* grad);
/// Adds the sums to the gradients of the terms.
void finish_terms(const AttentionShape& shape, const AttentionTables& tables);

}  // namespace truenext::kernels
