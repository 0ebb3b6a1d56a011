// SPDX-License-Identifier: Apache-2.0
#include "torch/padded_attention.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "kernels/time_buckets.h"
#include "torch/tensors.h"

namespace truenext {
namespace {

constexpr double kNowhere = -std::numeric_limits<double>::infinity();

/// Bounds of the wanted tokens of each sequence, [sequences + 1].
std::vector<int64_t> wanted_offsets(const net::Input& input, const net::Wanted& wanted) {
  std::vector<int64_t> offsets(input.offsets.begin(), input.offsets.end());
  if (wanted.is_all()) return offsets;
  const auto tokens = wanted.tokens();
  auto next = tokens.begin();
  for (int64_t& offset : offsets) {
    while (next != tokens.end() && *next < offset) ++next;
    offset = next - tokens.begin();
  }
  return offsets;
}

/// Columns of the keys of the queries, [sequences, queries]. A place without a query has the last
/// column, so that it sees something: a softmax of nothing would be not a number.
std::vector<int64_t> columns_of(const PaddedRows& keys, const PaddedRows& queries,
                                std::span<const int32_t> tokens) {
  std::vector<int64_t> columns(static_cast<size_t>(queries.sequences() * queries.length()),
                               keys.length() - 1);
  for (size_t i = 0; i < tokens.size(); ++i) {
    columns[queries.places()[i]] = keys.places()[tokens[i]] % keys.length();
  }
  return columns;
}

/// Tokens of each sequence, [sequences], at least 1.
std::vector<int64_t> seen_keys(const net::Input& input) {
  std::vector<int64_t> counts;
  for (int64_t s = 0; s < input.sequences(); ++s) {
    counts.push_back(std::max<int64_t>(1, input.offsets[s + 1] - input.offsets[s]));
  }
  return counts;
}

/// The first gap of every bucket, [buckets].
std::vector<int64_t> bucket_starts(int64_t buckets, double width) {
  constexpr int64_t kLargest = int64_t{1} << 53;  // gaps above count as this one
  const kernels::TimeBuckets& of = kernels::time_buckets(buckets, width);
  std::vector<int64_t> starts{0};
  for (int64_t bucket = 1; bucket < buckets; ++bucket) {
    int64_t below = starts.back(), end = kLargest + 1;  // the start is among below .. end
    while (below < end) {
      const int64_t middle = std::midpoint(below, end);
      if (of.of(0, middle) >= bucket) {
        end = middle;
      } else {
        below = middle + 1;
      }
    }
    starts.push_back(end > kLargest ? std::numeric_limits<int64_t>::max() : end);
  }
  return starts;
}

/// Entries of table [rows, columns] at ids [sequences or 1, queries, keys] -> [sequences or 1,
/// rows, queries, keys].
at::Tensor entries(const at::Tensor& table, const at::Tensor& ids) {
  return at::embedding(table.t(), ids).permute({0, 3, 1, 2});
}

}  // namespace

PaddedAttention::PaddedAttention(const net::Input& input, const net::Wanted& wanted, bool causal,
                                 int64_t window, at::Device device)
    : device_(device),
      keys_(input.offsets, window, device),
      queries_(wanted.is_all() ? keys_ : PaddedRows(wanted_offsets(input, wanted), 0, device)) {
  if (wanted.is_all()) {
    query_columns_ = key_columns().unsqueeze(0);
  } else {
    query_columns_ = to_device(columns_of(keys_, queries_, wanted.tokens()), device)
                         .view({queries_.sequences(), queries_.length()});
  }
  if (causal) {
    hidden_ =
        key_columns().view({1, 1, 1, keys_.length()}) > query_columns_.unsqueeze(1).unsqueeze(3);
  } else if (window == 0) {
    const std::vector<int64_t> counts = seen_keys(input);
    hidden_ = key_columns().view({1, 1, 1, keys_.length()}) >=
              to_device(counts, device).view({keys_.sequences(), 1, 1, 1});
  }
}

at::Tensor PaddedAttention::key_columns() const {
  return at::arange(keys_.length(), at::TensorOptions().dtype(at::kLong).device(device_));
}

/// [sequences, length, dim] -> [sequences, heads, length, dim / heads]
at::Tensor PaddedAttention::heads(const at::Tensor& padded, int64_t count) const {
  return padded.view({padded.size(0), padded.size(1), count, padded.size(2) / count})
      .transpose(1, 2);
}

at::Tensor PaddedAttention::run(const AttentionRows& rows, const AttentionRule& rule) const {
  const int64_t dim = rows.q.size(1);
  const auto padded_keys = [&](const at::Tensor& packed, const at::Tensor& filling) {
    return heads(filling.defined() ? keys_.pad_by(packed, filling) : keys_.pad(packed), rule.heads);
  };
  const at::Tensor q = heads(queries_.pad(rows.q), rule.heads);
  const at::Tensor k = padded_keys(rows.k, rows.pad_key);
  const at::Tensor v = padded_keys(rows.v, rows.pad_value);
  const double scale = rule.score_scale != 0
                           ? rule.score_scale
                           : 1.0 / std::sqrt(static_cast<double>(dim / rule.heads));
  at::Tensor scores = at::matmul(q, k.transpose(-2, -1)) * scale;
  for (const at::Tensor& term : rule.terms) scores = scores + term;
  at::Tensor weights;
  if (rule.weights == net::AttentionWeights::softmax) {
    if (hidden_.defined()) scores = scores.masked_fill(hidden_, kNowhere);
    weights = at::softmax(scores, -1);
  } else {
    weights = at::silu(scores) * rule.weight_scale;
    if (hidden_.defined()) weights = weights.masked_fill(hidden_, 0);
  }
  if (rule.dropout > 0) weights = at::dropout(weights, rule.dropout, /*train=*/true);
  const at::Tensor joined = at::matmul(weights, v)
                                .transpose(1, 2)
                                .reshape({queries_.sequences(), queries_.length(), dim});
  return queries_.unpad(joined);
}

at::Tensor PaddedAttention::distance_term(const at::Tensor& table, int64_t origin) const {
  const at::Tensor distances =
      query_columns_.unsqueeze(2) - key_columns().view({1, 1, keys_.length()}) + origin;
  return entries(table, distances.clamp(0, table.size(1) - 1));
}

at::Tensor PaddedAttention::time_term(const at::Tensor& table, double width,
                                      std::span<const int64_t> query_times,
                                      std::span<const int64_t> key_times) const {
  const auto times = [&](const PaddedRows& rows, std::span<const int64_t> packed) {
    return rows.pad(to_device(packed, device_).unsqueeze(1)).squeeze(2);
  };
  const at::Tensor gaps =
      (times(queries_, query_times).unsqueeze(2) - times(keys_, key_times).unsqueeze(1)).abs();
  const std::vector<int64_t> starts = bucket_starts(table.size(1), width);
  const at::Tensor buckets = at::bucketize(gaps, to_device(starts, device_),
                                           /*out_int32=*/false, /*right=*/true) -
                             1;
  return entries(table, buckets);
}

}  // namespace truenext
