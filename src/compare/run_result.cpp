// SPDX-License-Identifier: Apache-2.0
#include "compare/run_result.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "eval/batch_mean.h"
#include "eval/result_names.h"

namespace truenext {
namespace {

constexpr double kRounding = 1e-9;

using Json = nlohmann::ordered_json;

constexpr uint64_t kResultBytes = uint64_t{64} << 20;

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The seed matters only where something was drawn: a sample of users or of candidates, ties. What
/// a file lists was drawn by somebody else.
bool seed_matters(const Json& protocol) {
  const bool drawn = protocol.value("sampled_candidates", Json(false)) != Json(false) &&
                     protocol.value("candidate_rule", Json("")) != Json("listed");
  return drawn || protocol.value("max_users", Json(0)) != Json(0) ||
         protocol.value("ties", Json("")) == Json("random");
}

std::vector<std::pair<std::string, std::string>> facts_of(const Json& json) {
  std::vector<std::pair<std::string, std::string>> facts;
  facts.emplace_back("dataset fingerprint", value_text(json.at("data").at("fingerprint")));
  facts.emplace_back("split fingerprint", value_text(json.at("data").at("split_fingerprint")));
  const Json& protocol = json.at("protocol");
  const bool with_seed = seed_matters(protocol);
  for (const auto& [key, value] : protocol.items()) {
    // These change no per-user value; of a file the fingerprint counts, not the name.
    if (key == "interval" || key == "candidate_file" || key == "batch_mean" ||
        key == "users_file" || (key == "seed" && !with_seed)) {
      continue;
    }
    facts.emplace_back("protocol " + key, value_text(value));
  }
  return facts;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// `evaluate --per-user ELSEWHERE` renews the means and leaves the old per-user file.
void check_belongs(const Json& json, const RunResult& run, const std::string& result_file) {
  const Json& metrics = json.at("metrics");
  const auto batch = json.at("protocol").value("batch_mean", int64_t{0});
  for (size_t i = 0; i < run.values.metrics.size(); ++i) {
    const std::string& name = run.values.metrics[i];
    if (!metrics.contains(name)) continue;
    const double said = metrics.at(name).at("mean").get<double>();
    const std::vector<double>& column = run.values.columns[i];
    const double found = batch > 0 ? mean_of_batches(column, batch) : mean_of(column);
    check_data(
        std::abs(said - found) <= kRounding * (1 + std::abs(said)),
        "{}: the mean of {} is {:.6f} but {} says {:.6f}: they are of different evaluations; "
        "run truenext evaluate {} again",
        run.per_user_file.string(), name, found, result_file, said, run.folder.string());
  }
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The option of `evaluate` that puts a word into the name of a result (eval/result_names.h); empty
/// where the word does not tell it.
std::string option_behind(const std::string& word) {
  if (word == "clean" || word == "original") return " --candidates " + word;
  if (word.starts_with('m') && is_number(word.substr(1))) return " --test-items " + word.substr(1);
  return "";
}

/// The options that write a result of that name; nothing where the name does not tell them all.
std::optional<std::string> options_behind(const std::string& result) {
  std::istringstream words(result);
  std::string word;
  std::getline(words, word, '_');
  if (word != "test" && word != "valid") return std::nullopt;
  std::string options = word == "valid" ? " --part valid" : "";
  while (std::getline(words, word, '_')) {
    const std::string option = option_behind(word);
    if (option.empty()) return std::nullopt;
    options += option;
  }
  return options;
}

/// Results of other protocols may be there, under their names.
[[noreturn]] void fail_not_judged(const std::filesystem::path& folder, const std::string& result) {
  const std::vector<std::string> others = results_in(folder);
  const auto options = options_behind(result);
  fail_data("{}: no {}.json, the run was not judged{}{}", folder.string(), result,
            options ? fmt::format("; run truenext evaluate {}{}", folder.string(), *options)
                    : " under that name",
            others.empty() ? "" : fmt::format("; or compare its {}", fmt::join(others, ", ")));
}

}  // namespace

std::string RunResult::fact(const std::string& name) const {
  const auto found = std::find_if(facts.begin(), facts.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == facts.end() ? "" : found->second;
}

RunResult read_run_result(const std::filesystem::path& folder, const std::string& result) {
  RunResult run;
  run.folder = folder;
  const std::filesystem::path file = folder / (result + ".json");
  check_data(std::filesystem::is_directory(folder), "{}: no such run folder", folder.string());
  if (!std::filesystem::exists(file)) fail_not_judged(folder, result);
  run.per_user_file = folder / per_user_file_name(result);
  check_data(std::filesystem::exists(run.per_user_file),
             "{}: missing; run truenext evaluate {} again", run.per_user_file.string(),
             folder.string());
  run.values = read_per_user(run.per_user_file);
  try {
    const Json json = Json::parse(read_file(file, kResultBytes));
    run.facts = facts_of(json);
    run.hybrid = json.value("model", Json::object()).contains("hybrid");
    check_belongs(json, run, file.string());
  } catch (const Json::exception& error) {
    fail_data("{}: not a result of truenext evaluate ({}); write it again", file.string(),
              error.what());
  }
  return run;
}

void match_run(const RunResult& first, RunResult* other, bool mix_times) {
  const bool told = !first.fact(kRequestTimeFact).empty();
  check_data(mix_times || told == !other->fact(kRequestTimeFact).empty(),
             "{} and {} cannot be compared: {} was told the time of each request (model.time = "
             "\"request\"), which is a stronger protocol; compare it with its like, or say "
             "--mix-request-times to see what that time is worth",
             first.folder.string(), other->folder.string(), told ? "the first" : "the second");
  for (const auto& [name, value] : first.facts) {
    if (name == kRequestTimeFact) continue;
    const std::string theirs = other->fact(name);
    check_data(theirs == value,
               "{} and {} cannot be compared: {} is \"{}\" in the first and \"{}\" in the second; "
               "evaluate both on the same data with the same options",
               first.folder.string(), other->folder.string(), name, value, theirs);
  }
  for (const auto& [name, value] : other->facts) {
    if (name == kRequestTimeFact) continue;
    const bool known = std::any_of(first.facts.begin(), first.facts.end(),
                                   [&](const auto& entry) { return entry.first == name; });
    check_data(known,
               "{} and {} cannot be compared: {} is \"{}\" in the second and not stated in the "
               "first; evaluate both with the same version",
               first.folder.string(), other->folder.string(), name, value);
  }
  align_users(&other->values, other->per_user_file, {first.per_user_file, first.values.users});
}

}  // namespace truenext
