// SPDX-License-Identifier: Apache-2.0
#include "objectives/objective.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "kernels/overloads.h"
#include "kernels/scratch.h"
#include "objectives/axis_error.h"
#include "objectives/bucket_softmax.h"
#include "objectives/candidates.h"
#include "objectives/full_catalogue.h"
#include "objectives/query_rows.h"
#include "objectives/used_rows.h"

namespace upnext {
namespace {

using kernels::Scratch;

/// Queries whose candidates are worked together: their rows of the table fit the second-level
/// cache.
constexpr int64_t kQueriesAtOnce = 2;

std::string describe(const ObjectiveOptions& options) {
  const bool full = options.candidates != "uniform";
  std::string loss = options.criterion == "gbce"       ? fmt::format("gBCE(t={})", options.gbce_t)
                     : options.criterion != "softmax"  ? options.criterion
                     : options.candidates == "buckets" ? "scalable CE"
                     : full                            ? "CE"
                                                       : "sampled softmax";
  if (options.criterion == "bce") loss = "BCE";
  if (options.criterion == "gbce" && options.gbce_form == "clamped") loss += " clamped";
  const std::string candidates =
      options.candidates == "buckets"
          ? fmt::format("{} buckets of {} positions and {} items a tile", options.buckets,
                        options.bucket_positions, options.bucket_items)
      : full ? "full catalogue"
             : fmt::format("{} uniform negatives{}", options.negatives,
                           options.exclude == "positive" ? " without the positive" : "");
  return fmt::format("{}, {}, {} positions{}", loss, candidates, options.positions,
                     options.compat == "none" ? "" : ", published " + options.compat);
}

}  // namespace

void ObjectiveOptions::list(OptionList& options) {
  std::vector<std::string> criteria;
  for (const CriterionInfo* info : criterion_list()) criteria.push_back(info->name);
  options.add("criterion", criterion, "loss of a position from its scores").one_of(criteria);
  options.add("candidates", candidates, "items a positive competes with")
      .one_of({"full", "uniform", "buckets"});
  options.add("negatives", negatives, "sampled candidates per position").at_least(1);
  options.add("buckets", buckets, "buckets of a tile, for candidates = \"buckets\"").at_least(1);
  options.add("bucket_positions", bucket_positions, "positions of a bucket").at_least(1);
  options.add("bucket_items", bucket_items, "items of a bucket").at_least(1);
  options.add("exclude", exclude, "what a sampled negative may not be")
      .one_of({"none", "positive"});
  options.add("positions", positions, "trained positions of a window").one_of({"all", "last"});
  options.add("gbce_t", gbce_t, "t of gBCE: 0 is plain BCE, 1 is fully calibrated").range(0, 1);
  options.add("gbce_form", gbce_form, "direct, or clamped as the original computes it")
      .one_of({"direct", "clamped"});
  options.add("bpr_max_reg", bpr_max_reg, "bpr-max: weight of the negatives' squared scores")
      .at_least(0);
  options
      .add("compat", compat,
           "axis-error: negatives summed over the wrong axis, as published by Li et al. 2023")
      .one_of({"none", "axis-error"});
}

Objective::Objective(const ObjectiveOptions& options, int64_t num_items)
    : options_(options), num_items_(num_items), name_(describe(options)) {
  check_usage(num_items >= 2, "objective: training needs at least two items, the catalogue has {}",
              num_items);
  const bool full = options.candidates != "uniform";
  check_usage(!full || options.exclude == "none",
              "objective.exclude = \"{}\" has no meaning with candidates = \"{}\"", options.exclude,
              options.candidates);
  check_usage(options.candidates != "buckets" || options.criterion == "softmax",
              "objective.candidates = \"buckets\" needs criterion = \"softmax\", not \"{}\"",
              options.criterion);
  check_usage(options.gbce_form == "direct" || options.criterion == "gbce",
              "objective.gbce_form = \"{}\" needs criterion = \"gbce\"", options.gbce_form);
  const CriterionContext context{num_items, full ? num_items - 1 : options.negatives,
                                 options.gbce_t, options.gbce_form == "clamped",
                                 options.bpr_max_reg};
  criterion_ = find_criterion(options.criterion).make(context);
  check_usage(options.bpr_max_reg == 0 || options.criterion == "bpr-max",
              "objective.bpr_max_reg = {} needs criterion = \"bpr-max\", not \"{}\"",
              options.bpr_max_reg, options.criterion);
  check_usage(options.compat == "none" ||
                  (options.candidates == "uniform" && criterion_->needs_whole_rows()),
              "objective.compat = \"{}\" needs candidates = \"uniform\" and a criterion of the BPR "
              "or TOP1 family, e.g. \"bpr-published\"",
              options.compat);
}

template <typename T>
double Objective::evaluate(const ObjectiveInput<T>& input, T* state_grad,
                           TableGradient<T>& table_grad) const {
  std::fill_n(state_grad, input.tile->tokens() * input.dim, T(0));
  if (input.tile->targets.size() == 0) return 0;
  if (options_.candidates == "full") {
    return full_catalogue(*criterion_, input, num_items_, state_grad, table_grad);
  }
  if (options_.candidates == "buckets") {
    const BucketSizes sizes{options_.buckets, options_.bucket_positions, options_.bucket_items};
    return bucket_softmax(*criterion_, sizes, input, state_grad, table_grad);
  }
  if (options_.compat == "axis-error") {
    const std::vector<int32_t> ids = candidates(*input.tile, input.seed, input.step);
    return axis_error(*criterion_, input, ids, state_grad, table_grad);
  }
  return evaluate_sampled(input, state_grad, table_grad);
}

template <typename T>
double Objective::evaluate_sampled(const ObjectiveInput<T>& input, T* state_grad,
                                   TableGradient<T>& table_grad) const {
  const Targets& targets = input.tile->targets;
  const int64_t dim = input.dim;
  const int64_t queries = targets.size();
  const int64_t positives = targets.offsets[1];  // the same for every query of next-item targets
  const int64_t count = positives + options_.negatives;
  const double share = 1.0 / static_cast<double>(input.positions);

  std::vector<int32_t> ids = candidates(*input.tile, input.seed, input.step);
  T* states = kernels::scratch<T>(Scratch::objective_states, queries * dim);
  gather_states(input, 0, queries, states);

  // A large table is first narrowed to the rows in use, so that its gradient stays small too.
  std::vector<int32_t> used;
  AlignedVector<T> narrow;
  const T* table = input.table;
  const bool dense = worth_dense(queries * count, num_items_);
  if (!dense) {
    used = number_used_rows(ids, num_items_);
    narrow.resize(used.size() * static_cast<size_t>(dim));
    for (size_t i = 0; i < used.size(); ++i) {
      std::copy_n(input.table + used[i] * dim, dim, narrow.data() + i * dim);
    }
    table = narrow.data();
  }

  // A few queries from scores to state gradients, so that their table rows are read from far only
  // once; then the gradient of the table for all of them.
  T* scores = kernels::scratch<T>(Scratch::objective_scores, queries * count);
  T* grads = kernels::scratch<T>(Scratch::objective_gradients, queries * dim);
  std::fill_n(grads, queries * dim, T(0));
  std::vector<int32_t> first(static_cast<size_t>(positives));
  std::iota(first.begin(), first.end(), 0);
  double loss = 0;
  for (int64_t begin = 0; begin < queries; begin += kQueriesAtOnce) {
    const int64_t end = std::min(queries, begin + kQueriesAtOnce);
    const int32_t* block = ids.data() + begin * count;
    kernels::gather_scores(end - begin, count, dim, states + begin * dim, table, block,
                           scores + begin * count);
    for (int64_t q = begin; q < end; ++q) {
      const std::span<T> row(scores + q * count, static_cast<size_t>(count));
      loss += apply_row<T>(*criterion_, {row, first, targets.positive_weights(q)}, share);
    }
    kernels::gather_state_grad(end - begin, count, dim, table, block, scores + begin * count,
                               grads + begin * dim);
  }
  AlignedVector<T> narrow_grad(narrow.size(), T(0));
  T* table_out = dense ? table_grad.make_dense().data() : narrow_grad.data();
  kernels::gather_table_grad(queries, count, dim, states, ids.data(), scores, table_out);
  if (!dense) {
    TableGradient<T> sparse(num_items_, dim);
    sparse.set_rows(std::move(used), std::move(narrow_grad));
    table_grad.add(std::move(sparse));
  }
  scatter_states(input, 0, queries, grads, state_grad);
  return loss;
}

std::vector<int32_t> Objective::candidates(const Tile& tile, uint64_t seed, uint64_t step) const {
  const PhiloxKey key = random_key(seed, Purpose::negatives, step);
  const Targets& targets = tile.targets;
  if (targets.size() == 0) return {};
  const int64_t count = targets.offsets[1] + options_.negatives;
  std::vector<int32_t> ids(static_cast<size_t>(targets.size() * count));
  int64_t sequence = 0;
  for (int64_t q = 0; q < targets.size(); ++q) {
    while (targets.rows[q] >= tile.sequences.offsets[sequence + 1]) ++sequence;
    // Positions count from the newest, so a draw does not depend on how long the window is.
    const auto from_end =
        static_cast<uint32_t>(tile.sequences.offsets[sequence + 1] - 1 - targets.rows[q]);
    const std::span<const int32_t> positives = targets.positives(q);
    int32_t* row = ids.data() + q * count;
    std::copy(positives.begin(), positives.end(), row);
    const int32_t excluded = options_.exclude == "positive" ? positives[0] : -1;
    draw_uniform(key, tile.streams[sequence], from_end, num_items_, excluded,
                 {row + positives.size(), static_cast<size_t>(count) - positives.size()});
  }
  return ids;
}

template double Objective::evaluate<float>(const ObjectiveInput<float>&, float*,
                                           TableGradient<float>&) const;
template double Objective::evaluate<double>(const ObjectiveInput<double>&, double*,
                                            TableGradient<double>&) const;

}  // namespace upnext
