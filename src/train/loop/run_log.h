// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "run/tensorboard.h"
#include "train/loop/train_state.h"
#include "train/loop/watch.h"

namespace truenext {

/// One line of the log.
struct EpochRecord {
  int64_t epoch = 0;
  int64_t step = 0;
  double loss = 0;
  double learning_rate = 0;
  double seconds = 0;
  double positions_per_second = 0;
};

/// metrics.jsonl (one JSON object per line) and TensorBoard events of a run, both append-only. A
/// checkpoint remembers their lengths, so a resumed run continues without repeated lines.
class RunLog {
 public:
  RunLog(const std::filesystem::path& folder, bool fresh);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  void epoch(const EpochRecord& record);
  void validation(const TrainState& state, const std::string& metric, double value);

  void watched(const TrainState& state, const WatchedPart& part);

  void remember(TrainState& state) const;
  void rewind(const TrainState& state);

 private:
  void line(const std::string& text);

  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t bytes_ = 0;
  TensorBoardWriter events_;
};

}  // namespace truenext
