// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "compare/per_user_values.h"

namespace truenext {

/// A judged run: what it was judged on, and the values of every user.
struct RunResult {
  std::filesystem::path folder;
  std::filesystem::path per_user_file;
  /// What two results must share before their values may be subtracted, as name and text:
  /// fingerprints of dataset and split, every setting of the protocol.
  std::vector<std::pair<std::string, std::string>> facts;
  PerUserValues values;
  bool hybrid = false;  ///< of a model and counts (docs/protocols.md), not of the model

  /// Text of a fact, empty when there is none of that name.
  std::string fact(const std::string& name) const;
};

/// `result` is a name such as "test": reads FOLDER/test.json and its per-user file (per_user.tsv
/// for test, per_user_valid.tsv for valid, per_user_m5.tsv for test_m5). Data Error when one is
/// missing or broken, or when they do not belong together (other means).
RunResult read_run_result(const std::filesystem::path& folder, const std::string& result);

/// Data Error naming both runs, the setting and both values when `other` was judged on another
/// dataset, split or protocol; then brings its users into the order of `first`. With `mix_times`
/// one that was told the time of the request may stand beside one that was not.
void match_run(const RunResult& first, RunResult* other, bool mix_times = false);

/// The fact that says so, where it was.
inline constexpr const char* kRequestTimeFact = "protocol request_time";

}  // namespace truenext
