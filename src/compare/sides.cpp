// SPDX-License-Identifier: Apache-2.0
#include "compare/sides.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "eval/metrics.h"
#include "eval/run_inputs.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> seeds_in(const fs::path& folder, const std::string& result) {
  if (!fs::is_directory(folder) || fs::exists(folder / (result + ".json"))) return {folder};
  std::vector<fs::path> seeds;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("seed-") &&
        fs::exists(entry.path() / (result + ".json"))) {
      seeds.push_back(entry.path());
    }
  }
  std::sort(seeds.begin(), seeds.end());
  return seeds.empty() ? std::vector<fs::path>{folder} : seeds;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    if (comma > begin) parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

/// A column by its own name, or in any spelling that evaluate understands.
std::string column_name(const std::string& wanted, const PerUserValues& values) {
  if (values.find(wanted) >= 0) return wanted;
  const std::vector<Metric> parsed = parse_metrics(wanted);
  return parsed.size() == 1 ? parsed.front().label() : wanted;
}

bool all_have(const std::vector<Side>& sides, const std::string& metric) {
  for (const Side& side : sides) {
    for (const RunResult& run : side.runs) {
      if (run.values.find(metric) < 0) return false;
    }
  }
  return true;
}

}  // namespace

bool Side::told() const {
  return std::ranges::any_of(
      runs, [](const RunResult& run) { return !run.fact(kRequestTimeFact).empty(); });
}

bool Side::hybrid() const {
  return std::ranges::any_of(runs, &RunResult::hybrid);
}

std::string Side::label() const {
  std::vector<std::string> notes;
  if (hybrid()) notes.emplace_back("hybrid");
  if (told()) notes.emplace_back(kRequestTimeKnown);
  return notes.empty() ? name : fmt::format("{} ({})", name, fmt::join(notes, ", "));
}

double Side::mean(const std::string& metric) const {
  double sum = 0;
  size_t count = 0;
  for (const auto& column : columns(metric)) {
    for (const double value : column) sum += value;
    count += column.size();
  }
  return sum / static_cast<double>(count);
}

RunColumns Side::columns(const std::string& metric) const {
  RunColumns columns;
  for (const RunResult& run : runs) {
    columns.emplace_back(run.values.columns[static_cast<size_t>(run.values.find(metric))]);
  }
  return columns;
}

SideRequest parse_side(const std::string& text) {
  const size_t equals = text.find('=');
  SideRequest side;
  if (equals != std::string::npos) {
    side.name = text.substr(0, equals);
    for (const std::string& folder : split_list(text.substr(equals + 1))) {
      side.folders.emplace_back(folder);
    }
  }
  check_usage(!side.name.empty() && !side.folders.empty(),
              "--side {}: want name=run,run,..., e.g. --side base=runs/a1,runs/a2,runs/a3", text);
  return side;
}

std::vector<Side> read_sides(const std::vector<SideRequest>& requests, const std::string& result,
                             bool mix_times) {
  std::vector<Side> sides;
  std::set<std::string> names;
  std::set<fs::path> seen;
  const RunResult* first = nullptr;
  sides.reserve(requests.size());  // `first` points into them
  for (const SideRequest& request : requests) {
    check_usage(names.insert(request.name).second,
                "two sides are called {}; name them with --side NAME=RUN,...", request.name);
    Side& side = sides.emplace_back();
    side.name = request.name;
    std::vector<fs::path> folders;
    for (const fs::path& folder : request.folders) {
      for (const fs::path& seed : seeds_in(folder, result)) folders.push_back(seed);
    }
    side.runs.reserve(folders.size());
    for (const fs::path& folder : folders) {
      check_usage(seen.insert(fs::weakly_canonical(folder)).second,
                  "{}: given twice; a run compared with itself says nothing", folder.string());
      RunResult& run = side.runs.emplace_back(read_run_result(folder, result));
      if (first == nullptr) {
        first = &run;
      } else {
        match_run(*first, &run, mix_times);
      }
    }
  }
  return sides;
}

std::vector<std::string> common_metrics(const std::vector<Side>& sides, const std::string& wanted) {
  const PerUserValues& first = sides.front().runs.front().values;
  std::vector<std::string> metrics;
  for (const std::string& name : split_list(wanted)) {
    const std::string column = column_name(name, first);
    for (const Side& side : sides) {
      for (const RunResult& run : side.runs) {
        check_data(run.values.find(column) >= 0,
                   "{}: has no column {}, only {}; run truenext evaluate {} --metrics {}",
                   run.per_user_file.string(), column, fmt::join(run.values.metrics, ", "),
                   run.folder.string(), column);
      }
    }
    if (std::find(metrics.begin(), metrics.end(), column) == metrics.end()) {
      metrics.push_back(column);
    }
  }
  if (!metrics.empty()) return metrics;
  for (const std::string& name : first.metrics) {
    if (all_have(sides, name)) metrics.push_back(name);
  }
  check_data(!metrics.empty(), "the runs share no metric; evaluate them with the same --metrics");
  return metrics;
}

}  // namespace truenext
