// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "eval/result_report.h"

namespace truenext {

struct ResultFiles {
  std::filesystem::path result, per_user;
};

/// Where a folder keeps a result: test.json and per_user.tsv for the whole part under the usual
/// protocol; what differs from that is part of the name (test_clean, test_m5, test_sample100,
/// test_seen, test_ties-behind, test_value4, test_batch64), so that no protocol replaces the result
/// of another; of candidates from a file, the begin of its fingerprint (test_listed-0fd3a1c7), and
/// the same of a file of users (test_users-5b0c1d2e). The
/// number of negatives and the seed join (test_clean_n50_seed7) when what is there was drawn with
/// others.
ResultFiles result_files(const std::filesystem::path& folder, const EvalReport& report);

/// The file of per-user values beside a result: "per_user.tsv" of "test", "per_user_m5.tsv" of
/// "test_m5", "per_user_valid.tsv" of "valid".
std::string per_user_file_name(const std::string& result);

/// Names of the results of both parts that a folder keeps, without ".json", in order.
std::vector<std::string> results_in(const std::filesystem::path& folder);

/// How often the part was opened before, by any protocol, for this run: by the results that the
/// folder keeps, or those that remove_results() took away.
int64_t earlier_looks(const std::filesystem::path& folder, const EvalReport& report);

/// Before the model of a run folder is replaced: removes what was measured with it (the results of
/// both parts, their per-user files, calibration.json), and says so. How often the parts were
/// opened is kept (looks.json). Files of others by such names, e.g. a test.json that is no result,
/// stay.
void remove_results(const std::filesystem::path& folder);
/// For a new run in an old folder.
void forget_looks(const std::filesystem::path& folder);

}  // namespace truenext
