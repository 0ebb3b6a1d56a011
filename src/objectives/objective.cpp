// SPDX-License-Identifier: Apache-2.0
#include "objectives/objective.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "objectives/axis_error.h"
#include "objectives/bucket_softmax.h"
#include "objectives/catalogue_loss.h"
#include "objectives/full_catalogue.h"
#include "objectives/sampled.h"

namespace truenext {
namespace {

/// Refuses what makes no sense before anything is made of it.
const ObjectiveOptions& checked(const ObjectiveOptions& options, int64_t num_items) {
  check_usage(num_items >= 2, "objective: training needs at least two items, the catalogue has {}",
              num_items);
  options.check();
  return options;
}

}  // namespace

Objective::Objective(const ObjectiveOptions& options, int64_t num_items,
                     std::span<const int64_t> counts)
    : options_(checked(options, num_items)),
      num_items_(num_items),
      sampler_(options, num_items, counts),
      name_(options.describe()) {
  const CriterionContext context{num_items, options.sampled() ? options.negatives : num_items - 1,
                                 options.gbce_t, options.gbce_form == GbceForm::clamped,
                                 options.bpr_max_reg};
  criterion_ = find_criterion(options.criterion).make(context);
  const bool plain = options.candidates == CandidateSet::uniform &&
                     options.share == NegativeShare::position && options.future.future_items == 1;
  check_usage(options.compat == PublishedError::none || (plain && criterion_->needs_whole_rows()),
              "objective.compat = \"{}\" needs candidates = \"uniform\" for every position, one "
              "future item and a criterion of the BPR or TOP1 family, e.g. \"bpr-published\"",
              word_of(options.compat));
}

bool Objective::over_ranges(int64_t dim) const {
  return options_.candidates == CandidateSet::full && !criterion_->needs_whole_rows() &&
         CatalogueLoss<float>::pays(num_items_, dim);
}

int64_t Objective::divisor(const Batch& batch) const {
  return options_.reduction == LossMean::targets ? batch.cells : batch.positions;
}

template <typename T>
double Objective::evaluate(const ObjectiveInput<T>& input, T* state_grad,
                           TableGradient<T>& table_grad) const {
  std::fill_n(state_grad, input.rows() * input.dim, T(0));
  if (input.tile->targets.size() == 0) return 0;
  if (options_.candidates == CandidateSet::full) {
    return full_catalogue(*criterion_, input, num_items_, state_grad, table_grad);
  }
  if (options_.candidates == CandidateSet::buckets) {
    const BucketSizes sizes{options_.buckets, options_.bucket_positions, options_.bucket_items};
    return bucket_softmax(*criterion_, sizes, input, state_grad, table_grad);
  }
  if (options_.compat == PublishedError::axis_error) {
    std::vector<int32_t> ids = candidates(*input.tile, input.seed, input.step);
    if (input.held) {
      for (int32_t& id : ids) id = input.held->place(id);
    }
    return axis_error(*criterion_, input, ids, state_grad, table_grad);
  }
  const SampledContext context{options_, *criterion_, sampler_};
  return options_.share == NegativeShare::position
             ? with_own_negatives(context, input, state_grad, table_grad)
             : with_shared_negatives(context, input, state_grad, table_grad);
}

std::vector<int32_t> Objective::candidates(const Tile& tile, uint64_t seed, uint64_t step) const {
  const SampledContext context{options_, *criterion_, sampler_};
  if (options_.share == NegativeShare::position)
    return own_candidates(context, tile, seed, step).ids;
  std::vector<int32_t> items = tile.targets.items;
  for (const NegativeGroup& group : shared_negatives(context, tile, seed, step)) {
    items.insert(items.end(), group.negatives.begin(), group.negatives.end());
  }
  return items;
}

template double Objective::evaluate<float>(const ObjectiveInput<float>&, float*,
                                           TableGradient<float>&) const;
template double Objective::evaluate<double>(const ObjectiveInput<double>&, double*,
                                            TableGradient<double>&) const;

}  // namespace truenext
