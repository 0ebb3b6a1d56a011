// SPDX-License-Identifier: Apache-2.0
#include "train/loop/training.h"

#include <malloc.h>

#include <memory>

#include "base/error.h"
#include "base/log.h"
#include "train/devices/devices.h"
#include "train/loop/step_bench.h"
#include "train/loop/trainer.h"
#include "train/ranks/ranks.h"

namespace truenext {
namespace {

/// Gradients of a few hundred kilobytes would otherwise be fresh pages from the kernel at every
/// allocation; kept in the heap they are reused while warm (docs/performance.md: about 20 %).
void keep_tile_memory() {
  constexpr int kKeep = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kKeep);
  mallopt(M_TRIM_THRESHOLD, kKeep);
}

}  // namespace

// Any Error but the agreed stop leaves without finish(), so that mpirun ends the other processes,
// which would wait for this one.
TrainResult train(const TrainRequest& request) {
  if (!on_tiles(request.device)) devices().check(request.device);  // before anything is opened
  keep_tile_memory();
  const std::unique_ptr<Ranks> ranks = make_ranks();
  TrainRequest mine = request;
  if (ranks->rank() > 0) {
    set_quiet(true);
    mine.progress_bar = false;
  }
  Trainer trainer(mine, *ranks);
  TrainResult result;
  try {
    result = trainer.fit();
  } catch (const Error& error) {
    if (error.code() != ExitCode::interrupted) throw;
    ranks->finish();
    if (ranks->rank() == 0) throw;
    result.rank = ranks->rank();
    return result;
  }
  ranks->finish();
  return result;
}

BenchResult bench_training(const BenchRequest& request) {
  keep_tile_memory();
  return StepBench(request).run();
}

}  // namespace truenext
