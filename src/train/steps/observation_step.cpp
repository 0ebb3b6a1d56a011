// SPDX-License-Identifier: Apache-2.0
#include "train/steps/observation_step.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "net/initialise.h"

namespace truenext {
namespace {

constexpr const char* kObserved = "observation.observed";
constexpr const char* kMeant = "observation.meant";
constexpr const char* kLargest = "observation.largest";
constexpr int64_t kWidth = ObservationTables<float>::kWidth;
constexpr float kSmallestMaximum = -10;
constexpr int64_t kItemsAtOnce = 256;

/// A gradient of all rows of a table.
TableGradient<float> whole(const AlignedVector<float>& values) {
  TableGradient<float> gradient(std::ssize(values) / kWidth, kWidth);
  std::ranges::copy(values, gradient.make_dense().begin());
  return gradient;
}

std::vector<int32_t> targets_of(const Batch& batch, int64_t items) {
  std::vector<int32_t> targets;
  for (const Tile& tile : batch.tiles) {
    for (int64_t q = 0; q < tile.targets.size(); ++q) {
      targets.push_back(tile.targets.positives(q)[0]);
    }
  }
  return UsedRows(targets, items).take_rows();
}

}  // namespace

std::vector<TensorInfo> ObservationStep::tensors(int64_t items) {
  return {{kObserved, {items, kWidth}, Start::table},
          {kMeant, {items, kWidth}, Start::table},
          {kLargest, {items}, Start::zero}};
}

void ObservationStep::start(Model& model, uint64_t seed) {
  ParameterSet& parameters = model.parameters();
  const double bound = std::sqrt(2.0 / 5) * std::sqrt(3.0 / static_cast<double>(kWidth));
  for (const char* name : {kObserved, kMeant}) {
    const int64_t number = parameters.index(name);
    fill_uniform(parameters[number], seed, static_cast<uint64_t>(number), -bound, bound);
  }
  std::ranges::fill(parameters.get(kLargest).values, kSmallestMaximum);
}

ObservationStep::ObservationStep(Model& model, double weight)
    : model_(model),
      weight_(weight),
      observed_(model.parameters().index(kObserved)),
      meant_(model.parameters().index(kMeant)),
      largest_(model.parameters().index(kLargest)),
      owners_(static_cast<size_t>(model.num_items())) {}

ObservationTables<float> ObservationStep::tables() const {
  const ParameterSet& parameters = model_.parameters();
  return {parameters[observed_].value.data(), parameters[meant_].value.data(), values_.data(),
          owners_, model_.num_items()};
}

void ObservationStep::begin(const Batch& batch, WorkerPool& pool) {
  const AlignedVector<float>& so_far = model_.parameters()[largest_].value.values;
  values_.assign(so_far.begin(), so_far.end());
  gradients_.emplace(model_.num_items());
  const std::vector<int32_t> targets = targets_of(batch, model_.num_items());
  const ObservationTables<float> now = tables();
  pool.run((now.items + kItemsAtOnce - 1) / kItemsAtOnce, [&](int64_t task, int) {
    const int64_t first = task * kItemsAtOnce;
    raise_largest(now, targets, first, std::min(now.items, first + kItemsAtOnce), values_.data(),
                  owners_.data());
  });
}

void ObservationStep::add(CatalogueLoss<float>& loss, float* table_grad, WorkerPool& pool) {
  ObservationTerm<float> term(loss, tables(), weight_);
  pool.run(term.row_units(), [&](int64_t unit, int) { term.run_rows(unit); });
  term.collect(*gradients_);
  pool.run(term.item_units(),
           [&](int64_t unit, int) { term.run_items(unit, table_grad, *gradients_); });
}

void ObservationStep::finish(TileGradients<float>& total) {
  hand_back_largest(tables(), *gradients_);
  total.tables[observed_] = whole(gradients_->observed);
  total.tables[meant_] = whole(gradients_->meant);
}

void ObservationStep::keep_largest() {
  std::ranges::copy(values_, model_.parameters()[largest_].value.values.begin());
}

}  // namespace truenext
