// SPDX-License-Identifier: Apache-2.0
#include "net/time_gaps.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "kernels/time_buckets.h"
#include "net/network.h"

namespace truenext {

void check_times(const ModelOptions& options) {
  if (options.time == TimeUse::none) return;
  const std::vector<std::string> told = networks_reading("time");
  check_usage(std::ranges::find(told, options.name) != told.end(),
              "model.time = \"{}\": {} is told no times, only {} are; want \"none\", or one of "
              "those as model.name",
              word_of(options.time), options.name, fmt::join(told, ", "));
}

namespace net {
namespace {

constexpr const char* kGapTable = "time_gap_embedding.weight";

/// Rows of G of all tokens.
Ids gap_rows(const Input& input, QueryTime query_time) {
  const bool past = query_time == QueryTime::past;
  assert(std::ssize(input.times) == input.tokens());
  assert(past || std::ssize(input.query_times) == input.tokens());
  const kernels::TimeBuckets& buckets = kernels::time_buckets(kTimeBuckets, kTimeBucketWidth);
  Ids rows;
  rows.reserve(input.times.size());
  for (int64_t s = 0; s < input.sequences(); ++s) {
    for (int64_t i = input.offsets[s]; i < input.offsets[s + 1]; ++i) {
      if (past && i == input.offsets[s]) {
        rows.push_back(kTimeBuckets);
      } else {
        rows.push_back(
            buckets.of(past ? input.times[i - 1] : input.query_times[i], input.times[i]));
      }
    }
  }
  return rows;
}

}  // namespace

bool times_in_input(const ModelOptions& options) {
  return options.time != TimeUse::none && options.time_form != GapUse::attention;
}

bool times_in_attention(const ModelOptions& options) {
  return options.time != TimeUse::none &&
         (options.time_form == GapUse::attention || options.time_form == GapUse::input_attention);
}

QueryTime query_time_of(const ModelOptions& options) {
  return options.time == TimeUse::request ? QueryTime::request : QueryTime::past;
}

void check_times_in_input(ModelOptions& options) {
  if (options.time == TimeUse::none) return;
  if (options.time_form == GapUse::automatic) options.time_form = GapUse::input;
  check_usage(options.time_form == GapUse::input,
              "model.time_form = \"{}\": {} has no attention that adds numbers to its scores; want "
              "\"auto\" or \"input\"",
              word_of(options.time_form), options.name);
}

void add_gap_tensors(const ModelOptions& options, std::vector<TensorInfo>& list) {
  if (!times_in_input(options)) return;
  list.push_back({kGapTable, {kTimeBuckets + 1, options.hidden_size}, Start::table});
}

Rows add_gaps(Ops& ops, const ModelOptions& options, Rows x) {
  if (!times_in_input(options)) return x;
  const Rows gaps =
      ops.lookup(kGapTable, gap_rows(ops.input(), query_time_of(options)), Layout::tokens);
  return ops.add(x, gaps);
}

}  // namespace net
}  // namespace truenext
