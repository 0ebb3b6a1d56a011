// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/test_files.h"

namespace truenext::test {

/// A run folder with the two result files that comparing reads. Each text is what the layouts of
/// docs/protocols.md ask for; tests break them one by one.
struct JudgedRun {
  std::vector<double> values;  ///< ndcg@10 of users u0, u1, ...
  std::string fingerprint = "d1", split = "s1", ties = "half";
  int64_t max_users = 0, seed = 42;
  bool request_time_known = false;

  std::string per_user() const {
    std::string text = "user\tndcg@10\tmrr\trank\n";
    for (size_t i = 0; i < values.size(); ++i) {
      text += fmt::format("u{}\t{}\t{}\t{}\n", i, values[i], values[i] / 2, i + 1);
    }
    return text;
  }
  std::string json() const {
    double mean = 0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    return fmt::format(
        R"({{"schema": 1, "metrics": {{"ndcg@10": {{"mean": {}}}, "mrr": {{"mean": {}}}}},
 "protocol": {{"part": "test", "candidates": "full catalogue of 9 items", "sampled_candidates": false,
  "exclude_seen": true, "ties": "{}", "max_users": {}, "seed": {}, {}"interval": "any"}},
 "data": {{"fingerprint": "{}", "split_fingerprint": "{}"}}}})",
        mean, mean / 2, ties, max_users, seed,
        request_time_known ? R"("request_time": "known", )" : "", fingerprint, split);
  }
  void write(const std::filesystem::path& folder) const {
    std::filesystem::create_directories(folder);
    test::write_bytes(folder / "test.json", json());
    test::write_bytes(folder / "per_user.tsv", per_user());
  }
};

}  // namespace truenext::test
