// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "compare/comparison_report.h"

namespace truenext {

/// One metric of one variant: mean over users and seeds, and its 95 % interval: users and seeds
/// random (mean_with_seeds), or, of a single run, over users alone.
struct VariantMean {
  double mean = 0, low = 0, high = 0;
  double run_sd = 0;  ///< spread of the runs, 0 of a single one
};
VariantMean variant_mean(const Side& side, const std::string& metric);

/// The finished runs of one dataset of a grid. Variants without any are left out. The comparisons
/// are with the first variant; there are none while that has no run.
struct GridTable {
  std::string data;     ///< with the result's name where that is not "test"
  std::string dataset;  ///< its name alone
  ComparisonReport report;
};

/// What a grid has come to.
struct GridReport {
  std::string baseline;  ///< name of the first variant
  int64_t cells = 0, finished = 0;
  std::vector<std::string> failures;  ///< one line each
  std::vector<GridTable> tables;
};

/// Reads the sides' results and compares them (read_sides, compare_sides). `runs` are finished.
struct GridTableRequest {
  std::string data, result;  ///< "test", "test_m5"
  std::vector<SideRequest> runs;
  std::string baseline;
};
GridTable make_grid_table(const GridTableRequest& request, const Resampling& resampling,
                          WorkerPool& pool);

/// Layouts in docs/grid.md.
std::string grid_markdown(const GridReport& report);
std::string grid_csv(const GridReport& report);
std::string grid_json(const GridReport& report);

}  // namespace truenext
