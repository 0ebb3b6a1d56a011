// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>

#include "cli/bench.h"
#include "data/prepare.h"

namespace truenext::cli {

BenchReport bench_prepare(const BenchTask& task) {
  PrepareOptions options;
  options.source.path = task.log.string();
  options.out = task.config.data.path;
  options.overwrite = true;
  options.split.seed = static_cast<uint64_t>(task.config.train.seed);
  const auto bytes = static_cast<double>(std::filesystem::file_size(task.log));
  std::vector<BenchSample> samples;
  PrepareReport prepared;
  for (int64_t repeat = -1; repeat < task.repeats; ++repeat) {
    const BenchSample sample = timed([&](BenchSample& s) {
      prepared = prepare_dataset(options);
      s.count = static_cast<double>(prepared.events_read);
    });
    if (repeat >= 0) samples.push_back(sample);  // the first round warms the file cache
  }
  BenchReport report;
  report.add_fact("format", prepared.format);
  report.add_fact("dataset", fmt::format("{} users, {} items, {} events", prepared.users,
                                         prepared.items, prepared.events));
  report.add_samples("events", samples);
  const double speed = 1e-6 * bytes / quantile(report.seconds, 0.5);
  report.add("megabytes_per_second", speed, fmt::format("{:.1f} MB/s of the log", speed));
  return report;
}

}  // namespace truenext::cli
