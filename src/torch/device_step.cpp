// SPDX-License-Identifier: Apache-2.0
#include "torch/device_step.h"

#include <ATen/TensorOperators.h>

#include <cmath>

#include "net/composed_tables.h"
#include "torch/torch_pass.h"

namespace truenext {
namespace {

/// The tiles of a batch one after the other.
struct PackedBatch {
  std::vector<int32_t> items;
  std::vector<int64_t> offsets{0};
  std::vector<uint64_t> streams;
  std::vector<uint8_t> hidden;
  std::vector<int64_t> times, query_times;
  std::vector<int32_t> asked;  ///< tokens that have a query

  explicit PackedBatch(const Batch& batch) {
    for (const Tile& tile : batch.tiles) {
      const int64_t first = std::ssize(items);
      items.insert(items.end(), tile.sequences.values.begin(), tile.sequences.values.end());
      for (int64_t s = 0; s < tile.sequences.size(); ++s) {
        offsets.push_back(first + tile.sequences.offsets[s + 1]);
      }
      streams.insert(streams.end(), tile.streams.begin(), tile.streams.end());
      hidden.insert(hidden.end(), tile.hidden.begin(), tile.hidden.end());
      times.insert(times.end(), tile.times.begin(), tile.times.end());
      query_times.insert(query_times.end(), tile.query_times.begin(), tile.query_times.end());
      for (const int32_t row : tile.targets.rows) {
        asked.push_back(static_cast<int32_t>(first + row));
      }
    }
  }
  /// What nobody asks for is not computed.
  net::Input input() const {
    const bool some = !asked.empty() && asked.size() < items.size();
    const auto wanted = some ? net::Wanted::list(asked) : net::Wanted::all();
    return {items, offsets, streams, wanted, times, query_times, hidden};
  }
};

}  // namespace

DeviceGradients run_batch(const Model& model, const std::vector<at::Tensor>& weights,
                          const DeviceObjective& objective, const Batch& batch,
                          const StepContext& context) {
  const PackedBatch packed(batch);
  net::TorchPass pass(model.parameters().names(), weights, packed.input(),
                      {true, context.seed, context.step});
  const net::Rows states = run_network(model.network(), pass, model.options());
  const int64_t output = model.score_table();
  const DeviceLoss loss = objective.evaluate(
      batch, {pass.values(states).detach(), !pass.wanted().is_all()}, weights[output], context);
  const net::DeviceRowsGradient given{states, loss.state_grad};
  DeviceGradients result{loss.loss, pass.backward({&given, 1})};
  at::Tensor& table = result.gradients[output];
  table = table.defined() ? table + loss.table_grad : loss.table_grad;
  return result;
}

double add_norms_on_device(std::span<const NormTerm> terms, const std::vector<at::Tensor>& weights,
                           std::vector<at::Tensor>& gradients) {
  double sum = 0;
  for (const auto& [parameter, factor] : terms) {
    const at::Tensor& value = weights[parameter];
    const double norm = std::sqrt((value * value).sum(at::kDouble).item<double>());
    if (norm == 0) continue;
    const at::Tensor own = value * (factor / norm);
    at::Tensor& gradient = gradients[parameter];
    gradient = gradient.defined() ? gradient + own : own;
    sum += factor * norm;
  }
  return sum;
}

}  // namespace truenext
