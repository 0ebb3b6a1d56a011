// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "net/ops.h"
#include "torch/padded_rows.h"

namespace truenext {

/// Rows of one attention, packed.
struct AttentionRows {
  at::Tensor q;  ///< [wanted, dim]
  at::Tensor k;  ///< [tokens, dim]
  at::Tensor v;  ///< [tokens, dim]
  /// [dim]: key and value where there is no token; zeros where undefined.
  at::Tensor pad_key, pad_value;
};

/// How scores are made and what becomes of them; floats as in kernels::AttentionShape.
struct AttentionRule {
  int64_t heads = 1;
  float score_scale = 0;  ///< 0 = 1 / sqrt(dim / heads)
  net::AttentionWeights weights = net::AttentionWeights::softmax;
  float weight_scale = 1;         ///< of silu
  std::vector<at::Tensor> terms;  ///< of PaddedAttention, added to the scores
  double dropout = 0;             ///< of the weights
};

/// Attention over the sequences of a pass in LibTorch operations, on the padded form of the keys,
/// [sequences, keys], and of the queries that are asked for, [sequences, queries]: with one query a
/// sequence, the newest, weights take no more than heads x keys.
class PaddedAttention {
 public:
  /// With `window` 0 keys begin in column 0 and padding is hidden; else they end in the last of so
  /// many columns, and what is before them is seen.
  PaddedAttention(const net::Input& input, const net::Wanted& wanted, bool causal, int64_t window,
                  at::Device device);

  /// [wanted, dim]
  at::Tensor run(const AttentionRows& rows, const AttentionRule& rule) const;

  // Terms by kernels::AttentionTerms, to be broadcast over [sequences, heads, queries, keys]. Their
  // gradients are sums of very many numbers for few rows of a table: those of an embedding, which
  // LibTorch sorts and does not add atomically.
  /// table [1 or heads, distances]
  at::Tensor distance_term(const at::Tensor& table, int64_t origin) const;
  /// table [1 or heads, buckets], the queries' times [wanted] and the keys' [tokens], in seconds.
  at::Tensor time_term(const at::Tensor& table, double width, std::span<const int64_t> query_times,
                       std::span<const int64_t> key_times) const;

 private:
  at::Tensor heads(const at::Tensor& padded, int64_t count) const;
  at::Tensor key_columns() const;

  at::Device device_;
  PaddedRows keys_;
  PaddedRows queries_;
  at::Tensor query_columns_;  ///< int64 [sequences or 1, queries]: where a query's own key is
  at::Tensor hidden_;  ///< bool [sequences or 1, 1, queries or 1, keys]; undefined: nothing is
};

}  // namespace truenext
