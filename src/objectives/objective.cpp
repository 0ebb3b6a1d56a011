// SPDX-License-Identifier: Apache-2.0
#include "objectives/objective.h"

#include <algorithm>
#include <array>
#include <cassert>
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
         (labels_ || options_.observation > 0 || CatalogueLoss<float>::pays(num_items_, dim));
}

void Objective::learn_from(const LabelSource& labels) {
  check_data(labels.num_items() == num_items_,
             "soft labels are about {} items, but the training data have {}; label again with "
             "teachers of these data",
             labels.num_items(), num_items_);
  check_usage(labels.is_stored() || !options_.sampled(),
              "labels.kept = 0: teachers that are asked in every step need objective.candidates = "
              "\"full\", not \"{}\"; keep labels, e.g. labels.kept=100",
              word_of(options_.candidates));
  labels_ = &labels;
}

int64_t Objective::divisor(const Batch& batch) const {
  return options_.reduction == LossMean::targets ? batch.cells : batch.positions;
}

namespace {

/// A tile by itself, over the catalogue.
template <typename T>
double labelled_tile(const Objective& objective, const ObjectiveInput<T>& input, T* state_grad,
                     TableGradient<T>& table_grad) {
  const std::unique_ptr<TileLabels> labels = objective.labels()->of(*input.tile);
  using Loss = CatalogueLoss<T>;
  std::array<typename Loss::Part, 1> parts;
  parts[0] = {input.tile, input.by_query, input.states, state_grad, labels.get()};
  const auto numbers = static_cast<size_t>(objective.num_items() * input.dim);
  Loss loss(objective.criterion(), {input.table, numbers}, input.dim, input.divisor, parts,
            objective.options().label_use(), input.temperature);
  for (int64_t unit = 0; unit < loss.row_units(); ++unit) loss.run_rows(unit);
  loss.collect_losses();
  T* rows = table_grad.make_dense().data();
  for (int64_t unit = 0; unit < loss.item_units(); ++unit) loss.run_items(unit, rows);
  return parts[0].loss;
}

}  // namespace

template <typename T>
double Objective::evaluate(const ObjectiveInput<T>& input, T* state_grad,
                           TableGradient<T>& table_grad) const {
  assert(options_.observation == 0);  // made for all tiles together (PhasedSum)
  std::fill_n(state_grad, input.rows() * input.dim, T(0));
  if (input.tile->targets.size() == 0) return 0;
  if (options_.candidates == CandidateSet::full) {
    if (labels_) return labelled_tile(*this, input, state_grad, table_grad);
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
  const std::unique_ptr<TileLabels> labels = labels_ ? labels_->of(*input.tile) : nullptr;
  const SampledContext context{options_, *criterion_, sampler_, labels.get()};
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
