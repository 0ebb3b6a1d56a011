// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "run/grid_plan.h"
#include "run/stage_settings.h"
#include "run/unused_settings.h"

namespace truenext {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// Of the run itself, not of its teachers.
std::vector<std::string> keys_of(const Settings& settings) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : settings) {
    if (stage_of(key) != Stage::teacher) keys.push_back(key_of(key));
  }
  return keys;
}

/// Those of `keys` that none of the cells reads.
std::vector<UnusedSetting> unused_by_all(const std::vector<const GridCell*>& cells,
                                         const std::vector<std::string>& keys) {
  std::vector<UnusedSetting> unused;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::vector<UnusedSetting> here = unused_settings(cells[i]->config, keys);
    if (i == 0) unused = here;
    std::erase_if(unused, [&](const UnusedSetting& setting) {
      return std::ranges::find(here, setting.key, &UnusedSetting::key) == here.end();
    });
  }
  return unused;
}

void check_product(const GridPlan& plan, const std::vector<const GridCell*>& cells,
                   const std::vector<std::string>& keys) {
  for (const UnusedSetting& unused : unused_by_all(cells, keys)) {
    fail_usage(
        "{}: [grid] {}: nothing reads it, so its values would make equal runs: {}; set what makes "
        "it matter, or leave it out",
        plan.source, unused.key, unused.reason);
  }
}

void check_watched(const GridPlan& plan, const GridCell& cell) {
  const WatchedParts parts = cell.config.watch.parts;
  const bool opens_test = parts == WatchedParts::test || parts == WatchedParts::both;
  check_usage(plan.part != "valid" || !opens_test,
              "{}: variant {}: watch.parts = \"{}\" opens the test part, which stays closed while "
              "runs are judged on part valid; set watch.parts = \"valid\" or \"none\"",
              plan.source, cell.variant, word_of(parts));
}

/// What [set] says to stages is for the variants that have them: at least one.
void check_stages(const GridPlan& plan, const std::vector<const GridCell*>& variants) {
  const auto any = [&](const auto& has) {
    return std::ranges::any_of(variants,
                               [&](const GridCell* cell) { return has(cell->config, {}); });
  };
  const bool teaches = any(has_teachers), learns = any(has_student);
  for (const auto& [key, value] : plan.settings) {
    const Stage stage = stage_of(key);
    check_usage(stage == Stage::all || teaches || (stage == Stage::student && learns),
                "{}: [set] {}: no variant has stages of teachers; leave it out, or begin one with "
                "the preset csrec-m",
                plan.source, key);
  }
}

/// What could not be compared at the end is refused at the start.
void check_request_times(const GridPlan& plan, const std::vector<const GridCell*>& variants) {
  const auto told = [](const GridCell* cell) {
    return cell->config.model.time == TimeUse::request;
  };
  const auto one = std::ranges::find_if(variants, told);
  const auto other = std::ranges::find_if_not(variants, told);
  check_usage(
      one == variants.end() || other == variants.end(),
      "{}: variant {} is told the time of each request (model.time = \"request\") and {} is "
      "not: these are two protocols, whose runs make no table together; use a file for "
      "each, and truenext compare --mix-request-times",
      plan.source, one == variants.end() ? "" : (*one)->variant,
      other == variants.end() ? "" : (*other)->variant);
}

}  // namespace

std::vector<std::string> check_grid(const GridPlan& plan, const std::vector<GridCell>& cells) {
  std::vector<const GridCell*> all, product;  // one cell of every variant
  for (size_t i = 0; i < plan.variants.size(); ++i) {
    check_watched(plan, cells[i]);
    all.push_back(&cells[i]);
    if (plan.variants[i].of_product) product.push_back(&cells[i]);
  }
  check_request_times(plan, all);
  check_stages(plan, all);
  if (!product.empty()) check_product(plan, product, keys_of(plan.variants.back().settings));
  std::set<std::string> known;
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& where, const std::vector<UnusedSetting>& settings) {
    for (const auto& [key, reason] : settings) {
      if (!known.insert(key).second) continue;
      warnings.push_back(fmt::format("{}: {}: {} was set, but nothing reads it: {}", plan.source,
                                     where, key, reason));
    }
  };
  warn("[set]", unused_by_all(all, keys_of(plan.settings)));
  for (size_t i = 0; i < plan.variants.size(); ++i) {
    const GridVariant& variant = plan.variants[i];
    warn("variant " + variant.name, unused_settings(cells[i].config, keys_of(variant.settings)));
  }
  return warnings;
}

}  // namespace truenext
