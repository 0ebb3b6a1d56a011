// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "run/grid_plan.h"

namespace truenext {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

void apply(RunConfig* config, const Settings& settings, const std::string& where) {
  OptionList options;
  config->list(options);
  for (const auto& [key, value] : settings) {
    const bool forbidden = key == "train.seed" || key.starts_with("data.");
    check_usage(!forbidden, "{}: {} is set by the lists seeds and data of the grid", where, key);
    (void)options.find(key, where);  // names the nearest key; what is below has no lines to show
    try {
      apply_toml(options, fmt::format("{} = {}", key, value), where);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{} ({} = {})", error.what(), key, value));
    }
  }
}

}  // namespace

std::vector<GridCell> grid_cells(const GridPlan& plan) {
  RunConfig base;
  if (!plan.preset.empty()) apply_preset(base, plan.preset);
  if (!plan.compat.empty()) apply_compat(base, plan.compat);
  if (!plan.config_file.empty()) apply_file(base, plan.config_file);
  apply(&base, plan.settings, plan.source + ": set");
  std::vector<GridCell> cells;
  for (const int64_t seed : plan.seeds) {
    for (const auto& [data, folder] : plan.data) {
      for (const GridVariant& variant : plan.variants) {
        GridCell& cell = cells.emplace_back();
        cell.variant = variant.name;
        cell.data = data;
        cell.seed = seed;
        cell.run = plan.out / variant.name / data / fmt::format("seed-{}", seed);
        cell.config = base;
        apply(&cell.config, variant.settings, plan.source + ": variant " + variant.name);
        cell.config.data.path = folder;
        cell.config.train.seed = seed;
        cell.config.version = truenext_version();
        cell.config.model.resolve();
      }
    }
  }
  return cells;
}

}  // namespace truenext
