// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "net/weight_set.h"
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

/// Of a validation on all users, on a sample of them, or of the sample's best epoch on all.
enum class ValidationKind { all, sample, confirmation };

/// What a validation said of an epoch.
struct ValidationRecord {
  ValidationKind kind = ValidationKind::all;
  std::string metric;
  int64_t epoch = 0;
  double value = 0;                ///< of the better set of weights
  WeightSet set = WeightSet::raw;  ///< which that is
  std::vector<double> values;      ///< of the raw weights, and of their average where one is kept
  int64_t users = 0;               ///< 0 = not said, since every validation is on all
};

/// metrics.jsonl (one JSON object per line) and TensorBoard events of a run, both append-only. A
/// checkpoint remembers their lengths, so a resumed run continues without repeated lines.
class RunLog {
 public:
  /// `told`: measured with the time of each request known (model.time), which lines then say.
  RunLog(const std::filesystem::path& folder, bool fresh, bool told = false);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  void epoch(const EpochRecord& record);
  void validation(const TrainState& state, const ValidationRecord& record);
  /// `set`: whose values they are; null where the run has one set of weights.
  void watched(const TrainState& state, const WatchedPart& part, const WeightSet* set);

  void remember(TrainState& state) const;
  void rewind(const TrainState& state);

 private:
  void line(const std::string& text);

  std::string note() const;  ///< " (request time known)" or nothing, for tags
  bool told_;
  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t bytes_ = 0;
  TensorBoardWriter events_;
};

}  // namespace truenext
