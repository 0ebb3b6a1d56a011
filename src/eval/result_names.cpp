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
#include "data/json_number.h"
#include "eval/drawn_candidates.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLooks = "looks.json";

/// "", "_clean", "_clean_m5": what a file name adds to the part.
std::string suffix_of(const EvalReport& report) {
  const Protocol& protocol = report.protocol;
  std::string text;
  if (protocol.is_listed()) text += "_listed-" + protocol.listed_fingerprint.substr(0, 8);
  if (protocol.candidates != CandidateRule::full) {
    text += fmt::format("_{}", candidate_rule_name(protocol.candidates));
  }
  if (report.held_out_items > 0) text += fmt::format("_m{}", report.held_out_items);
  if (protocol.exclude_seen != report.usual_exclude_seen) text += "_seen";
  if (protocol.ties != usual_ties(protocol.candidates)) {
    text += fmt::format("_ties-{}", tie_rule_name(protocol.ties));
  }
  if (protocol.min_target_value) text += fmt::format("_value{}", *protocol.min_target_value);
  if (protocol.users) text += "_users-" + protocol.users_fingerprint.substr(0, 8);
  if (protocol.batch_mean > 0) text += fmt::format("_batch{}", protocol.batch_mean);
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

bool is_result(const fs::path& file) {
  const std::string stem = file.stem().string();
  const bool named = is_named(stem, split_part_name(SplitPart::test)) ||
                     is_named(stem, split_part_name(SplitPart::valid));
  return named && file.extension() == ".json" && earlier_evaluations(file) > 0;
}

/// Beside the results.
bool is_of_a_result(const fs::path& file) {
  if (file.filename() == "calibration.json") return true;
  return file.extension() == ".tsv" && is_named(file.stem().string(), "per_user");
}

/// Looks at a part whose results are gone; 0 when nothing is known of any.
int64_t remembered_looks(const fs::path& folder, const std::string& part) {
  const fs::path file = folder / kLooks;
  std::error_code error;
  if (!fs::exists(file, error)) return 0;
  try {
    const auto json = nlohmann::json::parse(read_file(file, 1 << 16));
    return std::max<int64_t>(0, whole_number(json.at(part)));
  } catch (const nlohmann::json::exception&) {
    return 0;
  }
}

int64_t looks_at(const fs::path& folder, const std::string& part) {
  int64_t most = remembered_looks(folder, part);
  for (const std::string& name : results_in(folder)) {
    if (is_named(name, part)) {
      most = std::max(most, earlier_evaluations(folder / (name + ".json")));
    }
  }
  return most;
}

/// Files of a folder, by a test.
template <typename Test>
std::vector<fs::path> files_in(const fs::path& folder, const Test& wanted) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (wanted(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::string per_user_file_name(const std::string& result) {
  const std::string test = split_part_name(SplitPart::test);
  return "per_user" + (is_named(result, test) ? result.substr(test.size()) : "_" + result) + ".tsv";
}

ResultFiles result_files(const fs::path& folder, const EvalReport& report) {
  const std::string part = split_part_name(report.protocol.part);
  std::string suffix = suffix_of(report);
  if (is_drawn(report)) suffix += drawn_apart(folder / (part + suffix + ".json"), report);
  const std::string name = part + suffix;
  return {folder / (name + ".json"), folder / per_user_file_name(name)};
}

std::vector<std::string> results_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& file : files_in(folder, is_result)) names.push_back(file.stem().string());
  return names;
}

int64_t earlier_looks(const fs::path& folder, const EvalReport& report) {
  return looks_at(folder, split_part_name(report.protocol.part));
}

void remove_results(const fs::path& folder) {
  const auto files = files_in(
      folder, [](const fs::path& file) { return is_result(file) || is_of_a_result(file); });
  if (files.empty()) return;
  nlohmann::ordered_json looks;
  for (const SplitPart part : {SplitPart::valid, SplitPart::test}) {
    looks[split_part_name(part)] = looks_at(folder, split_part_name(part));
  }
  write_file_atomically(folder / kLooks, looks.dump() + "\n");
  std::vector<std::string> names;
  for (const fs::path& file : files) {
    std::error_code error;
    fs::remove(file, error);
    check_data(!error, "{}: cannot remove this result of the model before: {}", file.string(),
               error.message());
    names.push_back(file.filename().string());
  }
  log_info("results of the model before are removed: {}", fmt::join(names, ", "));
}

void forget_looks(const fs::path& folder) {
  std::error_code ignored;
  fs::remove(folder / kLooks, ignored);
}

}  // namespace truenext
