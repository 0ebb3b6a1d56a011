// SPDX-License-Identifier: Apache-2.0
#include "train/step_bench.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/resources.h"
#include "train/train_request.h"
#include "train/training_data.h"

namespace upnext {
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
      dataset_(Dataset::open(config_.data.path)),
      pool_(request.threads),
      model_(make_model(config_.model, dataset_.num_items(),
                        static_cast<uint64_t>(config_.train.seed))),
      objective_(config_.objective, dataset_.num_items()),
      adam_(model_->parameters(), config_.train),
      batcher_(dataset_, batch_options(config_)),
      engine_(*model_, objective_, adam_, config_.train, pool_) {
  if (dataset_.num_items() < TrainRequest{}.deferred_rows) return;
  for (const int64_t table : {model_->input_table(), model_->output_table()}) adam_.defer(table);
}

BenchResult StepBench::run() {
  BenchResult result;
  result.model = model_->options();
  result.objective = objective_.name();
  result.items = dataset_.num_items();
  result.parameters = model_->parameters().count();
  for (int64_t i = 0; i < kWarmUpSteps; ++i) time_step();
  for (int64_t i = 0; i < request_.repeats; ++i) {
    result.timings.push_back(request_.unit == BenchUnit::step ? time_step() : time_epoch());
  }
  return result;
}

/// The last batch of an epoch can be small; steps that are compared are all of full batches.
int64_t StepBench::full_batches() const {
  return std::clamp<int64_t>(batcher_.num_users() / config_.train.batch_size, 1,
                             batcher_.batches_per_epoch());
}

BenchTiming StepBench::time_step() {
  return timed([this](BenchTiming* timing) {
    if (batch_ == full_batches()) {
      batch_ = 0;
      batcher_.start_epoch(++epoch_);
    }
    step(batch_++, &timing->size);
    timing->steps = 1;
  });
}

BenchTiming StepBench::time_epoch() {
  return timed([this](BenchTiming* timing) {
    batcher_.start_epoch(++epoch_);
    timing->steps = batcher_.batches_per_epoch();
    for (int64_t i = 0; i < timing->steps; ++i) step(i, &timing->size);
  });
}

void StepBench::step(int64_t batch_number, PackedSize* size) {
  if (interrupted()) throw Error(ExitCode::interrupted, "bench: interrupted");
  const Batch batch = batcher_.make(batch_number);
  engine_.step(batch, steps_++, kNoLastStep);
  size->positions += batch.positions;
  for (const Tile& tile : batch.tiles) {
    for (int64_t s = 0; s < tile.sequences.size(); ++s)
      size->add_sequence(tile.sequences.row_size(s));
  }
}

}  // namespace upnext
