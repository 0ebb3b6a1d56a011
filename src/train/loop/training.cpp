// SPDX-License-Identifier: Apache-2.0
#include "train/loop/training.h"

#include <malloc.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/folder_lock.h"
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

/// Under the lock, so that a run which began a moment ago is seen.
void check_folder(const TrainRequest& request) {
  const bool used = std::filesystem::exists(request.run / "config.toml");
  check_usage(request.resume || request.replace || !used,
              "{0}: holds a run already; continue it with --resume {0}, or replace it with "
              "--overwrite",
              request.run.string());
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
  std::optional<FolderLock> lock;  // the first process writes for all
  if (ranks->rank() == 0) lock.emplace(request.run, "truenext train");
  if (lock) check_folder(request);
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
