// SPDX-License-Identifier: Apache-2.0
#include "torch/torch_engine.h"

#include <c10/util/Exception.h>

#include <cmath>

#include "base/error.h"
#include "torch/device_scorer.h"

namespace truenext {

TorchEngine::TorchEngine(TrainingParts& parts, const TrainOptions& options, at::Device device)
    : model_(*parts.model),
      objective_(parts.objective),
      options_(options),
      device_(device),
      loss_(parts.objective, parts.pool),
      tables_(*parts.model, device),
      adam_(parts.model->parameters(), parts.adam, options, device),
      norms_(norm_terms(model_, options)) {}

std::string TorchEngine::describe() const {
  return fmt::format("{}, LibTorch {}, loss on the {}", device_.str(), TRUENEXT_TORCH_VERSION,
                     loss_.native() ? "device" : "host");
}

DeviceGradients TorchEngine::gradients(const Batch& batch, const StepContext& context) const {
  try {
    DeviceGradients total =
        run_batch(model_, tables_.readable(adam_.weights()), loss_, batch, context);
    tables_.hand_back(adam_.weights(), total.gradients);
    return total;
  } catch (const c10::OutOfMemoryError&) {
    fail_data(
        "{}: out of memory at step {}, a batch of {} positions; lower train.batch_size or "
        "model.max_length, or train with --device cpu",
        device_.str(), context.step, batch.positions);
  }
}

void TorchEngine::load() {
  if (!loaded_) adam_.load();
  loaded_ = true;
}

std::unique_ptr<Scorer> TorchEngine::scorer(WeightSet set) {
  load();
  const bool average = set == WeightSet::average;
  return std::make_unique<DeviceScorer>(
      model_, tables_.readable(average ? adam_.averages() : adam_.weights()));
}

double TorchEngine::step(const Batch& batch, int64_t step, int64_t total_steps) {
  load();
  const StepContext context{static_cast<uint64_t>(options_.seed), static_cast<uint64_t>(step),
                            objective_.divisor(batch)};
  DeviceGradients total = gradients(batch, context);
  total.loss += add_norms_on_device(norms_, adam_.weights(), total.gradients);
  check_data(std::isfinite(total.loss),
             "training diverged: the loss of step {} is {}; lower train.learning_rate or set "
             "train.clip_norm",
             step + 1, total.loss);  // as the log counts: steps that were made
  if (options_.clip_norm > 0) clip_on_device(total.gradients, options_.clip_norm);
  settled_ = false;
  adam_.step(total.gradients, scheduled_rate(options_, step, total_steps));
  return total.loss;
}

void TorchEngine::settle() {
  if (!settled_) adam_.store();
  settled_ = true;
}

}  // namespace truenext
