// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/error.h"
#include "cli/bench.h"
#include "net/network.h"
#include "run/step_work.h"
#include "train/loop/training.h"

namespace truenext::cli {
namespace {

BenchReport report_of(const BenchTask& task, const BenchResult& result) {
  const ModelOptions& model = result.model;
  RunConfig config = task.config;
  config.model = model;
  BenchReport report;
  report.add_fact("model", fmt::format("{} ({}), hidden size {}, max length {}, {} parameters",
                                       model.name, find_network(model.name).describe(model),
                                       model.hidden_size, model.max_length, result.parameters));
  report.add_fact("objective", result.objective);
  report.add_count("items", result.items);
  std::vector<BenchSample> samples;
  PackedSize size;
  double network = 0, scores = 0;
  int64_t steps = 0;
  for (const BenchTiming& timing : result.timings) {
    const UsefulWork work = training_work(config, result.items, timing.size);
    samples.push_back({timing.seconds, timing.cpu_seconds,
                       static_cast<double>(timing.size.positions), work.total()});
    network += work.linear + work.attention;
    scores += work.scores;
    size += timing.size;
    steps += timing.steps;
  }
  report.add_samples("positions", samples);
  const double mean = static_cast<double>(size.positions) / static_cast<double>(steps);
  report.add("positions_per_step", mean, fmt::format("{:.1f}", mean));
  const auto per_step = [&](const char* key, double flop) {
    const double value = 1e-9 * flop / static_cast<double>(steps);
    report.add(key, value, fmt::format("{:.3g} GFLOP", value));
  };
  per_step("network_gflop_per_step", network);
  per_step("scores_gflop_per_step", scores);
  report.add_count("steps", steps);
  return report;
}

BenchReport bench_training(const BenchTask& task, BenchUnit unit) {
  check_usage(task.config.train.task == TrainTask::next_item,
              "train.task = \"pretraining\": bench counts the work of training for the next item "
              "only; want \"next-item\"");
  check_usage(
      task.config.teachers.kind == TeacherKind::none,
      "teachers.kind = \"{}\": bench trains no teachers; measure the student alone, or with "
      "labels that are made: --set labels.path=FOLDER --set objective.label_share=0.375",
      word_of(task.config.teachers.kind));
  BenchRequest request;
  request.config = task.config;
  request.threads = task.threads;
  request.unit = unit;
  request.repeats = task.repeats;
  return report_of(task, truenext::bench_training(request));
}

}  // namespace

BenchReport bench_train_step(const BenchTask& task) {
  return bench_training(task, BenchUnit::step);
}

BenchReport bench_epoch(const BenchTask& task) {
  return bench_training(task, BenchUnit::epoch);
}

}  // namespace truenext::cli
