// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/model_options.h"
#include "net/ops.h"
#include "net/tensors.h"

/// Times in networks (decision 0038). What is learned belongs to buckets of the logarithm of a gap,
/// bucket(a, b) = min(127, floor(ln(max(1, |a - b|)) / 0.301)) with times in seconds (HSTU, Zhai et
/// al., ICML 2024, which has 129):
///
///     input        x_i + G[bucket(t_{i+1}, t_i)] (request), x_i + G[bucket(t_i, t_{i-1})] (past)
///     attention    score of query i and key j + g[bucket(t_{i+1}, t_j)], or g[bucket(t_i, t_j)]
///
/// where t_{n+1} of the newest item is the time of the request. G has a row more, for the oldest
/// item of a window, which has no gap before it.
namespace truenext {

constexpr int64_t kTimeBuckets = 128;
constexpr double kTimeBucketWidth = 0.301;

/// Usage Error where the network of `options` is told no times. Replaces nothing.
void check_times(const ModelOptions& options);

namespace net {

bool times_in_input(const ModelOptions& options);
bool times_in_attention(const ModelOptions& options);
QueryTime query_time_of(const ModelOptions& options);

/// Of networks without attention: replaces "auto", refuses attention by a usage Error.
void check_times_in_input(ModelOptions& options);

/// G, where there is one. Stands behind everything else of a network, so that the rest starts as
/// it does without times.
void add_gap_tensors(const ModelOptions& options, std::vector<TensorInfo>& list);
/// x [tokens, dim] plus the row of G of every token; x itself where there is none.
Rows add_gaps(Ops& ops, const ModelOptions& options, Rows x);

}  // namespace net
}  // namespace truenext
