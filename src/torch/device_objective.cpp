// SPDX-License-Identifier: Apache-2.0
#include "torch/device_objective.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "torch/tensors.h"
#include "train/steps/tree_reducer.h"

namespace truenext {
namespace {

/// Numbers in the largest tensor of a chunk of queries: scores, or candidate vectors. A handful of
/// such tensors live at once.
constexpr int64_t kChunkNumbers = int64_t{1} << 26;

int64_t most_positives(const Batch& batch) {
  int64_t most = 0;
  for (const Tile& tile : batch.tiles) most = std::max(most, tile.targets.most());
  return most;
}

/// Whether a query has fewer positives and negatives than `width`.
bool is_ragged(const Batch& batch, const std::vector<DrawnRows>& drawn, int64_t width) {
  for (size_t t = 0; t < drawn.size(); ++t) {
    const Targets& targets = batch.tiles[t].targets;
    for (int64_t q = 0; q < targets.size(); ++q) {
      if (std::ssize(targets.positives(q)) + drawn[t].negatives[q] != width) return true;
    }
  }
  return false;
}

/// Rows of `width` laid into rows of `wide`, the new columns repeating the first of a row.
template <typename T>
void widen(const std::vector<T>& rows, int64_t width, int64_t wide, std::vector<T>& out) {
  for (size_t row = 0; row * width < rows.size(); ++row) {
    const auto first = rows.begin() + static_cast<int64_t>(row) * width;
    out.insert(out.end(), first, first + width);
    out.insert(out.end(), static_cast<size_t>(wide - width), *first);
  }
}

}  // namespace

/// The queries of a batch, in the order of its tiles.
struct DeviceObjective::Queries {
  int64_t count = 0;
  double share = 0;                ///< of a query in the batch's loss
  at::Tensor rows;                 ///< int64 [count]: of the states
  at::Tensor states;               ///< [count, dim]
  at::Tensor grads;                ///< [count, dim]
  at::Tensor items;                ///< int64 [count, P]: positives, then repeats of the first
  at::Tensor positives;            ///< int64 [count, 1]: how many
  at::Tensor weights;              ///< [count, P], 0 for repeats
  at::Tensor candidates;           ///< int64 [count, width], sampled only, positives first
  at::Tensor negatives;            ///< int64 [count, 1], sampled only
  at::Tensor shifts;               ///< [count, width] or undefined, sampled only
  bool ragged = false;             ///< rows differ in how many candidates they have
  std::vector<at::Tensor> losses;  ///< of chunks, double, on the device until all are made
};

DeviceObjective::DeviceObjective(const Objective& objective, WorkerPool& pool)
    : objective_(objective), pool_(pool), criterion_(find_device_criterion(objective.options())) {
  const ObjectiveOptions& options = objective.options();
  const double others = static_cast<double>(objective.num_items() - 1);
  const double alpha = options.sampled() ? static_cast<double>(options.negatives) / others : 1.0;
  context_.gbce_beta = options.gbce_t * alpha + (1.0 - options.gbce_t);
  context_.bpr_max_reg = options.bpr_max_reg;
}

DeviceObjective::Queries DeviceObjective::gather(const Batch& batch,
                                                 const DeviceStates& states) const {
  const int64_t most = most_positives(batch);
  std::vector<int64_t> rows;
  std::vector<int32_t> items, counts;
  std::vector<float> weights;
  int64_t first = 0;
  for (const Tile& tile : batch.tiles) {
    for (int64_t q = 0; q < tile.targets.size(); ++q) {
      const auto positives = tile.targets.positives(q);
      const auto own = tile.targets.positive_weights(q);
      const auto missing = static_cast<size_t>(most - std::ssize(positives));
      rows.push_back(states.by_query ? std::ssize(rows) : first + tile.targets.rows[q]);
      counts.push_back(static_cast<int32_t>(positives.size()));
      items.insert(items.end(), positives.begin(), positives.end());
      items.insert(items.end(), missing, positives[0]);
      weights.insert(weights.end(), own.begin(), own.end());
      weights.insert(weights.end(), missing, 0.0f);
    }
    first += tile.tokens();
  }
  Queries queries;
  queries.count = std::ssize(rows);
  const at::Device device = states.values.device();
  queries.rows = to_device(rows, device);
  queries.states = states.values.index_select(0, queries.rows);
  queries.grads = at::zeros_like(queries.states);
  queries.items = to_device(items, device).view({queries.count, most});
  queries.positives = to_device(counts, device).view({queries.count, 1});
  queries.weights =
      to_device(weights, device).to(queries.states.scalar_type()).view({queries.count, most});
  return queries;
}

void DeviceObjective::draw(const Batch& batch, const StepContext& context, Queries& queries) const {
  std::vector<DrawnRows> drawn(batch.tiles.size());
  pool_.run(std::ssize(batch.tiles), [&](int64_t tile, int) {
    drawn[tile] = objective_.drawn_rows(batch.tiles[tile], context.seed, context.step);
  });
  int64_t width = 0;
  bool shifted = false;
  for (const DrawnRows& rows : drawn) {
    width = std::max(width, rows.width);
    shifted = shifted || !rows.shifts.empty();
  }
  queries.ragged = is_ragged(batch, drawn, width);
  std::vector<int32_t> ids, negatives;
  std::vector<float> shifts;
  for (const DrawnRows& rows : drawn) {
    if (rows.negatives.empty()) continue;
    widen(rows.ids, rows.width, width, ids);
    if (shifted) widen(rows.shifts, rows.width, width, shifts);
    negatives.insert(negatives.end(), rows.negatives.begin(), rows.negatives.end());
  }
  const at::Device device = queries.states.device();
  queries.candidates = to_device(ids, device).view({queries.count, width});
  queries.negatives = to_device(negatives, device).view({queries.count, 1});
  if (!shifted) return;
  queries.shifts =
      to_device(shifts, device).to(queries.states.scalar_type()).view({queries.count, width});
}

DeviceRows DeviceObjective::rows_of(const Queries& queries, int64_t begin,
                                    const at::Tensor& scores) const {
  const auto part = [&](const at::Tensor& all) { return all.narrow(0, begin, scores.size(0)); };
  DeviceRows rows;
  rows.scores = scores;
  rows.weights = part(queries.weights);
  if (!queries.candidates.defined()) {
    rows.places = part(queries.items);
    rows.negative =
        at::ones(scores.sizes(), scores.options().dtype(at::kBool)).scatter(1, rows.places, 0);
    return rows;
  }
  const at::TensorOptions numbers = queries.items.options();
  const at::Tensor column = at::arange(scores.size(1), numbers).unsqueeze(0);
  const at::Tensor positives = part(queries.positives);
  const at::Tensor end = positives + part(queries.negatives);
  const at::Tensor place = at::arange(queries.items.size(1), numbers).unsqueeze(0);
  rows.places = at::where(place < positives, place, at::zeros_like(place));
  rows.negative = (column >= positives) & (column < end);
  if (queries.ragged) rows.padding = column >= end;
  return rows;
}

at::Tensor DeviceObjective::differentiate(Queries& queries, int64_t begin,
                                          const at::Tensor& scores) const {
  const at::Tensor leaf = scores.detach().set_requires_grad(true);
  const at::Tensor loss =
      criterion_(rows_of(queries, begin, leaf), context_).sum(at::kDouble) * queries.share;
  queries.losses.push_back(loss.detach());
  return torch::autograd::grad({loss}, {leaf})[0];
}

void DeviceObjective::full(Queries& queries, const at::Tensor& table, DeviceLoss& result) const {
  const int64_t rows = std::max<int64_t>(1, kChunkNumbers / table.size(0));
  for (int64_t begin = 0; begin < queries.count; begin += rows) {
    const int64_t chunk = std::min(rows, queries.count - begin);
    const at::Tensor states = queries.states.narrow(0, begin, chunk);
    const at::Tensor grad = differentiate(queries, begin, at::matmul(states, table.t()));
    queries.grads.narrow(0, begin, chunk).copy_(at::matmul(grad, table));
    result.table_grad.addmm_(grad.t(), states);
  }
}

void DeviceObjective::sampled(Queries& queries, const at::Tensor& table, DeviceLoss& result) const {
  const int64_t rows =
      std::max<int64_t>(1, kChunkNumbers / (queries.candidates.size(1) * table.size(1)));
  for (int64_t begin = 0; begin < queries.count; begin += rows) {
    const int64_t chunk = std::min(rows, queries.count - begin);
    const at::Tensor states = queries.states.narrow(0, begin, chunk);
    const at::Tensor ids = queries.candidates.narrow(0, begin, chunk);
    const at::Tensor vectors = at::embedding(table, ids);  // [chunk, width, dim]
    at::Tensor scores = at::bmm(vectors, states.unsqueeze(2)).squeeze(2);
    if (queries.shifts.defined()) scores = scores + queries.shifts.narrow(0, begin, chunk);
    const at::Tensor grad = differentiate(queries, begin, scores);
    queries.grads.narrow(0, begin, chunk).copy_(at::bmm(grad.unsqueeze(1), vectors).squeeze(1));
    // Sorted inside, not added atomically: the same bits every time.
    result.table_grad.add_(at::embedding_dense_backward(grad.unsqueeze(2) * states.unsqueeze(1),
                                                        ids, table.size(0), /*padding_idx=*/-1,
                                                        /*scale_grad_by_freq=*/false));
  }
}

template <typename T>
DeviceLoss DeviceObjective::on_host(const Batch& batch, const DeviceStates& states,
                                    const at::Tensor& table, const StepContext& context) const {
  const at::Tensor host_states = states.values.cpu().contiguous();
  const at::Tensor host_table = table.cpu().contiguous();
  at::Tensor state_grad = at::zeros_like(host_states);
  std::vector<int64_t> firsts{0};
  for (const Tile& tile : batch.tiles) {
    firsts.push_back(firsts.back() + (states.by_query ? tile.targets.size() : tile.tokens()));
  }
  using Sum = std::pair<double, TableGradient<T>>;
  TreeReducer<Sum> reducer(std::ssize(batch.tiles), [](Sum& left, Sum&& right) {
    left.first += right.first;
    left.second.add(std::move(right.second));
  });
  pool_.run(std::ssize(batch.tiles), [&](int64_t tile, int) {
    const int64_t first = firsts[tile] * table.size(1);
    const ObjectiveInput<T> input{host_states.data_ptr<T>() + first,
                                  states.by_query,
                                  host_table.data_ptr<T>(),
                                  table.size(1),
                                  &batch.tiles[tile],
                                  context.divisor,
                                  context.seed,
                                  context.step};
    Sum sum{0, TableGradient<T>(table.size(0), table.size(1))};
    sum.first = objective_.evaluate(input, state_grad.data_ptr<T>() + first, sum.second);
    reducer.deliver(tile, std::move(sum));
  });
  Sum total = reducer.take();
  const auto dense = total.second.make_dense();
  at::Tensor table_grad = at::empty_like(host_table);
  std::copy(dense.begin(), dense.end(), table_grad.data_ptr<T>());
  return {total.first, state_grad.to(table.device()), table_grad.to(table.device())};
}

DeviceLoss DeviceObjective::evaluate(const Batch& batch, const DeviceStates& states,
                                     const at::Tensor& table, const StepContext& context) const {
  // A positive needs somebody to compete with: a query whose positives are the whole catalogue is
  // left to the host, which knows what that means.
  const bool crowded = most_positives(batch) >= objective_.num_items();
  if (!native() || crowded) {
    return table.scalar_type() == at::kDouble ? on_host<double>(batch, states, table, context)
                                              : on_host<float>(batch, states, table, context);
  }
  DeviceLoss result{0, at::zeros_like(states.values), at::zeros_like(table)};
  Queries queries = gather(batch, states);
  if (queries.count == 0) return result;
  queries.share = 1.0 / static_cast<double>(context.divisor);
  if (objective_.options().sampled()) {
    draw(batch, context, queries);
    sampled(queries, table, result);
  } else {
    full(queries, table, result);
  }
  result.loss = at::stack(queries.losses).sum().item<double>();
  result.state_grad.index_copy_(0, queries.rows, queries.grads);
  return result;
}

}  // namespace truenext
