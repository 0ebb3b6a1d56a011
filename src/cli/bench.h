// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/bench_report.h"
#include "cli/commands.h"
#include "data/simulate.h"
#include "run/run_config.h"

namespace truenext::cli {

/// Load on a running server.
struct ServeLoad {
  std::string url;
  std::string ask = "recommend";  ///< or events, live
  std::string fields;             ///< JSON, into each request for a list
  double rate = 1000;             ///< requests a second, 0 = as fast as answers come
  double seconds = 10;
  int64_t connections = 64;
};

struct BenchArguments {
  std::string name;  ///< of a benchmark in benchmark_list()
  std::string preset = "gsasrec";
  std::vector<std::string> settings;
  std::string data;   ///< dataset folder, or a log for `prepare`; empty: simulated
  std::string model;  ///< run folder or model file; empty: random weights
  std::string out;
  int64_t repeats = 0;  ///< 0 = the benchmark's own number
  ServeLoad serve;
  SimulateOptions simulated{.users = 6040, .items = 3416, .events = 165};
};

/// What a benchmark works on: everything is resolved and on disk.
struct BenchTask {
  const BenchArguments& arguments;
  RunConfig config;                ///< data.path is set
  std::filesystem::path log = {};  ///< event log; empty with a given dataset
  int64_t repeats = 1;
  int threads = 1;
};

/// A list entry: a benchmark is one function and a line in bench.cpp.
struct Benchmark {
  const char* name;
  const char* summary;
  int64_t repeats;  ///< when the command line does not say
  BenchReport (*run)(const BenchTask& task);
};

BenchReport bench_train_step(const BenchTask& task);
BenchReport bench_epoch(const BenchTask& task);
BenchReport bench_evaluate(const BenchTask& task);
BenchReport bench_recommend(const BenchTask& task);
BenchReport bench_prepare(const BenchTask& task);
BenchReport bench_serve(const BenchTask& task);

/// Best speed of a matrix product of the kernels on one core, in GFLOP per CPU second.
double sgemm_peak();

}  // namespace truenext::cli
