// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "data/dataset.h"
#include "eval/drawn_candidates.h"
#include "run/run_config.h"

namespace truenext {

/// What a model reaches on one part of the split.
struct WatchedPart {
  std::string part;        ///< valid or test
  std::string candidates;  ///< rule
  EvalResult result;
};

/// Measures a model while it is trained, before the first epoch too, with as many metrics and on as
/// many parts as are asked for (section [watch] of the configuration). For the record: nothing is
/// chosen by it, unlike by validation. The numbers are those that `evaluate` gives for these
/// weights.
class Watch {
 public:
  /// Folder of a run for the files of write_users().
  static constexpr const char* kUsersFolder = "dump_metrics";

  /// Data Error when the split holds out nothing for a part that is to be watched; usage Error when
  /// two metrics would share a key of the files.
  Watch(const Dataset& dataset, const RunConfig& config, WorkerPool& pool);

  /// Whether anything is to be measured after so many epochs (0 = before the first) of `epochs`.
  bool due(int64_t epoch, int64_t epochs) const;
  /// Validation first. Interrupted: Error with ExitCode::interrupted.
  std::vector<WatchedPart> measure(const Scorer& scorer) const;
  /// With watch.per_user: one JSON object with a list of values per metric under the names of the
  /// code of Bacciu et al. 2023, and the raw ids of the users in the same order, in
  /// `run`/kUsersFolder. Older files of the same epoch are replaced.
  void write_users(const std::filesystem::path& run, int64_t epoch,
                   const std::vector<WatchedPart>& parts) const;

 private:
  struct Part {
    Protocol protocol;
    Queries queries;
    Horizon horizon;
    Jagged<int32_t> negatives;
  };
  void add(SplitPart part, const RunConfig& config);
  std::filesystem::path users_file(int64_t epoch, const std::string& part) const;

  const Dataset& dataset_;
  const RunConfig& config_;
  WorkerPool& pool_;
  std::vector<Metric> metrics_;
  std::vector<Part> parts_;
};

/// "epoch 3  test  ndcg@10 0.1712  recall@10 0.3001 ...", and that the time of requests was told.
std::string watched_text(int64_t epoch, const WatchedPart& part, bool told);

}  // namespace truenext
