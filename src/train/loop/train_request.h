// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "run/run_config.h"

namespace truenext {

/// What the command asks for.
struct TrainRequest {
  RunConfig config;
  std::filesystem::path run;  ///< folder of the run
  bool resume = false;        ///< continue from its checkpoint; without one, train() begins again
  bool replace = true;        ///< a run that is in the folder; false: refuse to
  std::filesystem::path pretrained;  ///< model of the pretraining stage, where there is one
  std::filesystem::path stage_of;    ///< run that this one is a stage of
  int threads = 1;
  /// Processes keep some rows of item tables each instead of all (decision 0014): the same bits.
  bool shard_tables = false;
  std::string device = "cpu";  ///< cpu | cuda | cuda:N | aten-cpu (train/devices/devices.h)
  bool progress_bar = false;   ///< stderr is a terminal
  /// Item tables of at least so many rows are updated row by row as they are needed, the same bits
  /// in less time (DeferredAdam).
  int64_t deferred_rows = int64_t{1} << 14;
};

struct TrainResult {
  int64_t epochs = 0, steps = 0;
  int64_t best_epoch = 0;
  double best_value = 0;
  std::string best_weights;  ///< "raw" or "average" where both were validated; else empty
  std::string valid_metric;  ///< empty when nothing was validated
  double seconds = 0;
  double positions_per_second = 0;
  uint64_t peak_memory_bytes = 0;
  std::string stopped;        ///< "patience", "epochs"
  bool had_finished = false;  ///< resumed, and there was nothing left to do
  int processes = 1;          ///< that trained together
  int rank = 0;               ///< of this one; the first speaks for all
  /// By process, on the first one.
  std::vector<uint64_t> peak_memory_bytes_by_process;
};

}  // namespace truenext
