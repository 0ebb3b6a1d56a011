// SPDX-License-Identifier: Apache-2.0
#include "train/loop/step_bench.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/resources.h"
#include "train/loop/train_request.h"

namespace truenext {
namespace {

constexpr int64_t kWarmUpSteps = 2;                // fresh pages and cold caches belong to nobody
constexpr int64_t kNoLastStep = int64_t{1} << 40;  // the schedule is of no interest here

/// Runs `body`, which fills in the size, and times it.
template <typename Body>
BenchTiming timed(const Body& body) {
  BenchTiming timing;
  const double begin = wall_seconds();
  const double cpu_begin = process_cpu_seconds();
  body(&timing);
  timing.seconds = wall_seconds() - begin;
  timing.cpu_seconds = process_cpu_seconds() - cpu_begin;
  return timing;
}

}  // namespace

StepBench::StepBench(const BenchRequest& request)
    : request_(request),
      config_(request_.config),
      parts_(config_, request.threads, TrainRequest{}.deferred_rows) {}

BenchResult StepBench::run() {
  BenchResult result;
  result.model = parts_.model->options();
  result.objective = parts_.loss_name();
  result.items = parts_.dataset.num_items();
  result.parameters = parts_.model->parameters().count();
  for (int64_t i = 0; i < kWarmUpSteps; ++i) time_step();
  for (int64_t i = 0; i < request_.repeats; ++i) {
    result.timings.push_back(request_.unit == BenchUnit::step ? time_step() : time_epoch());
  }
  return result;
}

/// The last batch of an epoch can be small; steps that are compared are all of full batches.
int64_t StepBench::full_batches() const {
  return std::clamp<int64_t>(parts_.batcher.num_examples() / config_.train.batch_size, 1,
                             parts_.batcher.batches_per_epoch());
}

BenchTiming StepBench::time_step() {
  return timed([this](BenchTiming* timing) {
    if (batch_ == full_batches()) {
      batch_ = 0;
      parts_.batcher.start_epoch(++epoch_);
    }
    step(batch_++, &timing->size);
    timing->steps = 1;
  });
}

BenchTiming StepBench::time_epoch() {
  return timed([this](BenchTiming* timing) {
    parts_.batcher.start_epoch(++epoch_);
    timing->steps = parts_.batcher.batches_per_epoch();
    for (int64_t i = 0; i < timing->steps; ++i) step(i, &timing->size);
  });
}

void StepBench::step(int64_t batch_number, PackedSize* size) {
  if (interrupted()) throw Error(ExitCode::interrupted, "bench: interrupted");
  const Batch batch = parts_.batcher.make(batch_number);
  parts_.engine.step(batch, steps_++, kNoLastStep);
  size->positions += batch.positions;
  for (const Tile& tile : batch.tiles) {
    for (int64_t s = 0; s < tile.sequences.size(); ++s)
      size->add_sequence(tile.sequences.row_size(s));
  }
}

}  // namespace truenext
