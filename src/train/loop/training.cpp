// SPDX-License-Identifier: Apache-2.0
#include "train/loop/training.h"

#include <malloc.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/folder_lock.h"
#include "base/log.h"
#include "inference/model_file.h"
#include "train/devices/devices.h"
#include "train/loop/pretraining_stage.h"
#include "train/loop/stage.h"
#include "train/loop/step_bench.h"
#include "train/loop/teacher_stage.h"
#include "train/ranks/ranks.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// Gradients of a few hundred kilobytes would otherwise be fresh pages from the kernel at every
/// allocation; kept in the heap they are reused while warm (docs/performance.md: about 20 %).
void keep_tile_memory() {
  constexpr int kKeep = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kKeep);
  mallopt(M_TRIM_THRESHOLD, kKeep);
}

bool has_checkpoint(const fs::path& run) {
  return fs::exists(run / "checkpoint" / "last.safetensors");
}

/// What to do about a run that is in the folder already.
std::string run_there_text(const fs::path& run) {
  if (has_checkpoint(run)) {
    return fmt::format(
        "holds a run already; continue it with --resume {}, or replace it with --overwrite",
        run.string());
  }
  if (fs::exists(run / kModelFileName)) {
    return "holds a model already; choose another name, or replace it with --overwrite";
  }
  return fmt::format(
      "holds a run that was stopped before its first checkpoint; begin it again as it was with "
      "--resume {}, or replace it with --overwrite",
      run.string());
}

/// Whether a run that is resumed goes on from its checkpoint, or else begins again as it was.
bool continues(const TrainRequest& request) {
  const fs::path& run = request.run;
  if (has_checkpoint(run)) return true;
  // What is there to be lost is not overwritten by a command that promises to continue.
  check_data(!fs::exists(run / kModelFileName),
             "{0}: has a model, but no checkpoint to resume from: it was imported, or the folder "
             "checkpoint was removed; train on from its weights with --run NEW --init-from {0}",
             run.string());
  // It was stopped in one of its stages, which goes on by itself.
  if (request.config.teachers.kind != TeacherKind::none && fs::exists(run / kTeacherFolder)) {
    return false;
  }
  if (has_pretraining(request.config) && fs::exists(run / kPretrainingFolder)) return false;
  log_warning(
      "{}: was stopped before its first checkpoint, so it begins again, as it was configured",
      run.string());
  return false;
}

/// Whether the run continues. Asked under the lock, so that a run which began a moment ago is seen.
bool check_folder(const TrainRequest& request) {
  if (request.resume) return continues(request);
  check_usage(request.replace || !fs::exists(request.run / "config.toml"), "{}: {}",
              request.run.string(), run_there_text(request.run));
  return false;
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
  mine.resume = by_first_rank(*ranks, [&] {
                  lock.emplace(request.run, "truenext train");
                  return check_folder(request) ? 1.0 : 0.0;
                }) > 0;
  if (mine.config.train.task == TrainTask::pretraining && mine.config.pretrain.epochs > 0) {
    mine.config = pretraining_config(mine.config);  // the stage alone
  }
  TrainResult result;
  try {
    result = train_with_stages(mine, *ranks);
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
