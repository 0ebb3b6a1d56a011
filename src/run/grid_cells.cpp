// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "base/error.h"
#include "data/dataset.h"
#include "run/grid_plan.h"
#include "run/preset_choice.h"
#include "run/stage_settings.h"
#include "run/unused_settings.h"

namespace truenext {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// As apply_stage_settings() wants them.
std::vector<std::string> texts(const Settings& settings, const std::string& origin) {
  RunConfig config;
  OptionList options;
  config.list(options);
  std::vector<std::string> all;
  for (const auto& [key, value] : settings) {
    const std::string plain = key_of(key);
    const bool forbidden = plain == "train.seed" || plain.starts_with("data.");
    check_usage(!forbidden, "{}: {} is set by the lists seeds and data of the grid", origin, key);
    (void)options.find(plain, origin);  // names the nearest key; what is below has no lines to show
    all.push_back(fmt::format("{}={}", key, value));
  }
  return all;
}

class CellMaker {
 public:
  explicit CellMaker(const GridPlan& plan)
      : plan_(plan), shared_(texts(plan.settings, plan.source + ": set")) {
    RunConfig trial;
    apply_stage_settings(trial, settings_for(trial, {}), plan.source + ": set: ");
  }

  RunConfig config_of(const GridVariant& variant, const std::string& folder) {
    const std::string origin = fmt::format("{}: variant {}", plan_.source, variant.name);
    const auto named = [&](auto&& act) {
      try {
        act();
      } catch (const Error& error) {
        throw Error(error.code(), fmt::format("{}: {}", origin, error.what()));
      }
    };
    RunConfig config;
    const std::vector<std::string> own = texts(variant.settings, origin);
    named([&] { begin(plan_.start_of(variant), folder, own, config); });
    if (!plan_.config_file.empty()) apply_file(config, plan_.config_file);
    apply_stage_settings(config, settings_for(config, own), origin + ": ");
    named([&] {
      config.model.resolve();
      config.objective.check();
    });
    return config;
  }

 private:
  /// [set] is for every run, and what it says to stages not for runs that have none. What a variant
  /// says comes behind it.
  std::vector<std::string> settings_for(const RunConfig& config,
                                        const std::vector<std::string>& own) const {
    std::vector<std::string> all = shared_, kept;
    all.insert(all.end(), own.begin(), own.end());
    const bool teaches = has_teachers(config, all), learns = has_student(config, all);
    std::ranges::copy_if(shared_, std::back_inserter(kept), [&](const std::string& setting) {
      const Stage stage = stage_of(setting);
      return stage == Stage::all || teaches || (stage == Stage::student && learns);
    });
    kept.insert(kept.end(), own.begin(), own.end());
    return kept;
  }

  void begin(const GridStart& start, const std::string& folder, const std::vector<std::string>& own,
             RunConfig& config) {
    PresetNames names = start.names;
    if (names.asks_for_choice()) {
      names.choice = choice_for(folder).without(of_all_stages(shared_)).without(of_all_stages(own));
      if (!plan_.config_file.empty()) {
        names.choice = names.choice->without(keys_of_file(plan_.config_file));
      }
    }
    apply_presets(config, names);
    if (!start.compat.empty()) apply_compat(config, start.compat);
  }

  const PresetChoice& choice_for(const std::string& folder) {
    check_usage(!plan_.noise,
                "{} is chosen for a dataset, and noisy ones are made later; name a preset",
                kAutoPreset);
    auto& choice = choices_[folder];
    if (!choice) choice = choose_preset(summarise(Dataset::open(folder)));
    return *choice;
  }

  const GridPlan& plan_;
  std::vector<std::string> shared_;                             ///< of [set]
  std::map<std::string, std::optional<PresetChoice>> choices_;  ///< by folder
};

}  // namespace

std::vector<GridCell> grid_cells(const GridPlan& plan) {
  CellMaker maker(plan);
  std::vector<GridCell> cells;
  for (const int64_t seed : plan.seeds) {
    for (const auto& [data, folder] : plan.data) {
      for (const GridVariant& variant : plan.variants) {
        GridCell& cell = cells.emplace_back();
        cell.variant = variant.name;
        cell.data = data;
        cell.seed = seed;
        cell.run = plan.out / variant.name / data / fmt::format("seed-{}", seed);
        cell.config = maker.config_of(variant, folder);
        cell.config.data.path = folder;
        cell.config.train.seed = seed;
        cell.config.version = truenext_version();
      }
    }
  }
  return cells;
}

}  // namespace truenext
