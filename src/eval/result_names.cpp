// SPDX-License-Identifier: Apache-2.0
#include "eval/result_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "data/candidate_rule.h"
#include "eval/drawn_candidates.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// "", "_clean", "_clean_m5": what a file name adds to the part.
std::string suffix_of(const EvalReport& report) {
  const Protocol& protocol = report.protocol;
  std::string text;
  if (protocol.candidates != CandidateRule::full) {
    text += fmt::format("_{}", candidate_rule_name(protocol.candidates));
  }
  if (report.held_out_items > 0) text += fmt::format("_m{}", report.held_out_items);
  if (protocol.exclude_seen != report.usual_exclude_seen) text += "_seen";
  if (protocol.ties != usual_ties(protocol.candidates)) {
    text += fmt::format("_ties-{}", tie_rule_name(protocol.ties));
  }
  if (is_sample(report)) text += fmt::format("_sample{}", protocol.max_users);
  return text;
}

bool is_drawn(const EvalReport& report) {
  const Protocol& protocol = report.protocol;
  return is_sample(report) || protocol.candidates != CandidateRule::full ||
         protocol.ties == TieRule::random;
}

/// What joins the name where the result that is there was drawn otherwise; empty when it was drawn
/// alike, or there is none that can be read.
std::string drawn_apart(const fs::path& there, EvalReport report) {
  std::error_code error;
  if (!fs::exists(there, error)) return "";
  try {
    const auto json = nlohmann::json::parse(read_file(there, uint64_t{64} << 20));
    const nlohmann::json& protocol = json.at("protocol");
    const uint64_t seed = report.protocol.seed;
    report.protocol.seed = protocol.at("seed").get<uint64_t>();
    std::string text;
    if (protocol.at("candidates").get<std::string>() != candidates_text(report)) {
      const int64_t negatives = report.protocol.negatives;
      text += negatives < 0 ? fmt::format("_list{}", kListLength) : fmt::format("_n{}", negatives);
    }
    if (report.protocol.seed != seed) text += fmt::format("_seed{}", seed);
    return text;
  } catch (const nlohmann::json::exception&) {
    return "";
  } catch (const Error&) {
    return "";
  }
}

/// `stem` is `name`, or `name` with a suffix of suffix_of().
bool is_named(const std::string& stem, const std::string& name) {
  return stem == name || stem.starts_with(name + "_");
}

bool is_of_a_result(const fs::path& file) {
  const std::string stem = file.stem().string();
  if (file.filename() == "calibration.json") return true;
  if (file.extension() == ".tsv") return is_named(stem, "per_user");
  const bool named = is_named(stem, split_part_name(SplitPart::test)) ||
                     is_named(stem, split_part_name(SplitPart::valid));
  return named && file.extension() == ".json" && earlier_evaluations(file) > 0;
}

}  // namespace

ResultFiles result_files(const fs::path& folder, const EvalReport& report) {
  const std::string part = split_part_name(report.protocol.part);
  std::string suffix = suffix_of(report);
  if (is_drawn(report)) suffix += drawn_apart(folder / (part + suffix + ".json"), report);
  const std::string users = report.protocol.part == SplitPart::test ? "per_user" : "per_user_valid";
  return {folder / (part + suffix + ".json"), folder / (users + suffix + ".tsv")};
}

int64_t earlier_looks(const fs::path& folder, const EvalReport& report) {
  const std::string part = split_part_name(report.protocol.part);
  int64_t most = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string stem = entry.path().stem().string();
    if (!is_named(stem, part) || entry.path().extension() != ".json") continue;
    most = std::max(most, earlier_evaluations(entry.path()));
  }
  return most;
}

void remove_results(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (is_of_a_result(entry.path())) names.push_back(entry.path().filename().string());
  }
  if (names.empty()) return;
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    fs::remove(folder / name, error);
    check_data(!error, "{}: cannot remove this result of the model before: {}",
               (folder / name).string(), error.message());
  }
  log_info("results of the model before are removed: {}", fmt::join(names, ", "));
}

}  // namespace truenext
