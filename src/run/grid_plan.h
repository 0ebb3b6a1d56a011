// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/candidate_rule.h"
#include "data/noise.h"
#include "run/run_config.h"
#include "run/stage_settings.h"

namespace truenext {

/// What a configuration of a grid begins with, by the names that `truenext train` takes.
struct GridStart {
  PresetNames names;   ///< without a preset: defaults
  std::string compat;  ///< on top, empty = none
};

/// A configuration of a grid: what it sets on top of the base, as (key, TOML value), the key
/// perhaps with a stage before it ("teacher.train.epochs").
struct GridVariant {
  std::string name;
  GridStart start;  ///< what it says itself; GridPlan::start_of() has the rest
  std::vector<std::pair<std::string, std::string>> settings;
  bool of_product = false;  ///< a combination of the values of [grid]
};

/// Table [noise] of the file of `truenext robust` (docs/noise.md): kinds and the rates of each.
struct GridNoise {
  struct Kind {
    NoiseKind kind;
    std::vector<double> rates;  ///< ascending, above 0 and below 1
  };
  std::vector<Kind> kinds;
  uint64_t seed = 42;
};

/// A grid of runs: variants x data x seeds (docs/grid.md has the layout of the file).
struct GridPlan {
  std::string source;         ///< the file, for messages
  std::filesystem::path out;  ///< folder of all runs and of the tables
  GridStart start;
  std::string config_file;  ///< on top of the preset, empty = none
  std::vector<std::pair<std::string, std::string>> settings;  ///< of every cell
  std::vector<std::pair<std::string, std::string>> data;      ///< name and dataset folder
  std::vector<GridVariant> variants;                          ///< the first one is the baseline
  std::vector<int64_t> seeds;
  std::string metrics;
  std::string part = "test";        ///< that runs are judged on: "test" or "valid"
  std::vector<int64_t> test_items;  ///< also judge so many nearest held-out items
  std::vector<CandidateRule> candidates = {CandidateRule::full};  ///< that every run is judged by
  std::optional<GridNoise> noise;

  /// Names of the result files that a judged run has, without ".json": "test", "test_m5",
  /// "test_original_m5", "valid".
  std::vector<std::string> results() const;
  /// A variant with a preset of its own begins with all that it says itself; any other with what
  /// the file says, where it says nothing.
  GridStart start_of(const GridVariant& variant) const;
};

/// One run of the grid; `run` is OUT/<variant>/<data>/seed-<seed>.
struct GridCell {
  std::string variant, data;
  int64_t seed = 0;
  std::filesystem::path run;
  RunConfig config;
};

/// The parts that a grid can judge.
const std::vector<std::string>& grid_parts();

/// Reads a grid file. Usage Error with file:line for unknown keys, wrong types, empty lists, names
/// that cannot be folders or come twice.
GridPlan read_grid_plan(const std::filesystem::path& path);

/// All cells, seeds outermost, so that a grid that is stopped early has every variant once. Usage
/// Error naming the variant when one of its settings is unknown or out of range: no cell is trained
/// before all of them have been read.
std::vector<GridCell> grid_cells(const GridPlan& plan);

/// A noisy dataset that `truenext robust` makes of a dataset of the plan.
struct NoisyData {
  std::string source;    ///< name of the clean dataset
  std::string name;      ///< "beauty-swap-0.1"
  NoiseOptions options;  ///< written to OUT/noisy/<name>
};
/// In the folder of all runs, beside the variants.
inline constexpr const char* kNoisyFolder = "noisy";

/// Every dataset of the plan with every kind of its noise at its rates, kinds outermost. Usage
/// Error when the plan has no noise, or names that stand in the way.
std::vector<NoisyData> noisy_data(const GridPlan& plan);

/// Whether cells of grid_cells() do what they are meant to: a warning for each key that was set and
/// is not read. Usage Error for a key of [grid] that no combination reads, whose values would make
/// equal runs, and for runs that watch the test part while they are judged on the validation part.
std::vector<std::string> check_grid(const GridPlan& plan, const std::vector<GridCell>& cells);

}  // namespace truenext
