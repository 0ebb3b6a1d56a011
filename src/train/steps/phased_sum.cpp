// SPDX-License-Identifier: Apache-2.0
#include "train/steps/phased_sum.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "objectives/catalogue_loss.h"

namespace truenext {
namespace {

/// Tiles that are taken at once: a power of two, so that groups are subtrees.
int64_t tiles_at_once(const Batch& batch) {
  int64_t most = 1;
  for (const Tile& tile : batch.tiles) most = std::max(most, tile.targets.size());
  const int64_t fit = CatalogueLoss<float>::kMostQueries / most;
  return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(1, fit))));
}

}  // namespace

TileGradients<float> PhasedSum::sum(const Batch& batch, TileRange mine,
                                    const StepContext& context) {
  using Table = TableGradient<float>;
  const int64_t size = tiles_at_once(batch);
  Reducer tiles(mine.size(), [](TileGradients<float>& left, TileGradients<float>&& right) {
    left.add(std::move(right));
  });
  TreeReducer<Table> groups((mine.size() + size - 1) / size,
                            [](Table& left, Table&& right) { left.add(std::move(right)); });
  for (int64_t first = 0, group = 0; first < mine.size(); first += size, ++group) {
    const TileRange range{mine.begin + first, std::min(mine.end, mine.begin + first + size)};
    groups.deliver(group, run_group(batch, range, first, context, tiles));
  }
  TileGradients<float> total = tiles.take();
  total.catalogue = groups.take();
  return total;
}

TableGradient<float> PhasedSum::run_group(const Batch& batch, TileRange group, int64_t first_leaf,
                                          const StepContext& context, Reducer& reducer) {
  const WeightViews<float> weights = model_.parameters().readable();
  const WeightView<float>& table = weights[model_.score_table()];
  std::vector<std::unique_ptr<TileStep<float>>> steps(static_cast<size_t>(group.size()));
  std::vector<CatalogueLoss<float>::Part> parts(steps.size());
  std::vector<std::unique_ptr<TileLabels>> labels(steps.size());
  while (arenas_.size() < steps.size()) arenas_.emplace_back();

  pool_.run(group.size(), [&](int64_t t, int) {
    const Tile& tile = batch.tiles[group.begin + t];
    steps[t] = std::make_unique<TileStep<float>>(
        model_, weights, tile, net::PassPurpose{true, context.seed, context.step}, arenas_[t]);
    float* state_grad = steps[t]->take_state_grad();
    std::fill_n(state_grad, steps[t]->rows() * steps[t]->dim(), 0.0f);
    if (objective_.labels()) labels[t] = objective_.labels()->of(tile);
    parts[t] = {&tile, steps[t]->by_query(), steps[t]->states(), state_grad, labels[t].get()};
  });

  CatalogueLoss<float> loss(objective_.criterion(),
                            {table.data, static_cast<size_t>(table.rows * table.columns)},
                            table.columns, context.divisor, parts, objective_.options().label_use(),
                            objective_.options().temperature);
  pool_.run(loss.row_units(), [&](int64_t unit, int) { loss.run_rows(unit); });
  loss.collect_losses();
  TableGradient<float> gradient(table.rows, table.columns, table.rows);
  float* rows = gradient.make_dense().data();
  pool_.run(loss.item_units(), [&](int64_t unit, int) { loss.run_items(unit, rows); });
  if (observation_) observation_->add(loss, rows, pool_);

  pool_.run(group.size(), [&](int64_t t, int) {
    TileStep<float>& step = *steps[t];
    step.gradients().loss = parts[t].loss;
    step.backward(parts[t].state_grad);
    step.add_lookups();
    reducer.deliver(first_leaf + t, std::move(step.gradients()));
  });
  return gradient;
}

}  // namespace truenext
