// SPDX-License-Identifier: Apache-2.0
#include "cli/bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/options.h"
#include "base/resources.h"
#include "cli/arguments.h"
#include "data/prepare.h"
#include "kernels/kernels.h"
#include "run/option_help.h"

namespace truenext::cli {
namespace {

namespace fs = std::filesystem;

// Adding a benchmark: a function in bench_*.cpp, its declaration in bench.h and a line here.
const std::vector<Benchmark>& benchmark_list() {
  static const std::vector<Benchmark> list = {
      {"train-step", "full training steps, sampling and packing included", 20, &bench_train_step},
      {"epoch", "whole epochs, without validation and checkpoints", 1, &bench_epoch},
      {"evaluate", "full ranking of every user's held-out items", 5, &bench_evaluate},
      {"recommend", "one history at a time, ten items each", 500, &bench_recommend},
      {"prepare", "from an event log to a dataset folder", 3, &bench_prepare},
      {"serve", "load on a running server: --url, --rate, --seconds, --connections", 1,
       &bench_serve}};
  return list;
}

const Benchmark& find_benchmark(const std::string& name) {
  std::vector<std::string> known;
  for (const Benchmark& benchmark : benchmark_list()) {
    if (benchmark.name == name) return benchmark;
    known.emplace_back(benchmark.name);
  }
  const std::string near = nearest_word(name, known);
  fail_usage("bench {}: no such benchmark{}; known are {}", name,
             near.empty() ? "" : fmt::format(", did you mean {}?", near), fmt::join(known, ", "));
}

/// A folder that lasts as long as this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "truenext-bench-XXXXXX").string();
    check_data(mkdtemp(name.data()) != nullptr, "{}: cannot make a temporary folder", name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Puts log and dataset where the task says, as far as the benchmark does not make them itself.
void provide_data(const Benchmark& benchmark, const fs::path& folder, const Globals& globals,
                  BenchTask* task) {
  const BenchArguments& arguments = task->arguments;
  const bool from_log = benchmark.run == &bench_prepare;
  if (!arguments.data.empty()) {
    task->config.data.path = from_log ? (folder / "dataset").string() : arguments.data;
    task->log = from_log ? arguments.data : "";
    check_data(fs::exists(arguments.data), "{}: does not exist", arguments.data);
    return;
  }
  SimulateOptions options = arguments.simulated;
  options.seed = globals.seed;
  task->log = folder / "log.csv";
  task->config.data.path = (folder / "dataset").string();
  log_info("simulating {} users with {} events each on average, {} items", options.users,
           options.events, options.items);
  simulate(options, task->log, task->threads);
  if (from_log) return;
  PrepareOptions prepare;
  prepare.source.path = task->log.string();
  prepare.out = task->config.data.path;
  prepare_dataset(prepare);
}

/// What was run, before what was found.
BenchReport describe(const Benchmark& benchmark, const BenchTask& task) {
  const BenchArguments& arguments = task.arguments;
  const SimulateOptions& simulated = arguments.simulated;
  BenchReport report;
  report.add_fact("benchmark", benchmark.name);
  report.add_fact("data", arguments.data.empty()
                              ? fmt::format("simulated: {} users, {} items, {} events each",
                                            simulated.users, simulated.items, simulated.events)
                              : fs::path(arguments.data).filename().string());
  report.add_fact("configuration", fmt::format("preset {} {}", arguments.preset,
                                               fmt::join(arguments.settings, " ")));
  report.add_fact("machine", fmt::format("truenext {}, instruction set {}", truenext_version(),
                                         kernels::instruction_set()));
  report.add_count("threads", task.threads);
  report.add_count("repeats", task.repeats);
  return report;
}

void run_bench(const BenchArguments& arguments, const Globals& globals) {
  const Benchmark& benchmark = find_benchmark(arguments.name);
  BenchTask task{.arguments = arguments, .config = {}};
  apply_preset(task.config, arguments.preset);
  task.config.train.seed = static_cast<int64_t>(globals.seed);
  apply_settings(task.config, arguments.settings);
  task.repeats = arguments.repeats > 0 ? arguments.repeats : benchmark.repeats;
  task.threads = globals.threads;
  const TemporaryFolder folder;
  provide_data(benchmark, folder.path(), globals, &task);

  BenchReport report = describe(benchmark, task);
  report.append(benchmark.run(task));
  const double memory = static_cast<double>(peak_memory_bytes());
  report.add("peak_memory_bytes", memory, fmt::format("{:.0f} MB", memory / 1e6));
  report.add_peak(sgemm_peak());
  if (!arguments.out.empty()) write_file_atomically(arguments.out, report.json());
  fmt::print("{}", globals.json ? report.json() : report.table());
}

}  // namespace

void add_bench(Command& program, Globals& globals) {
  Command verb = program.add_verb("bench", "Measure how fast this machine trains and answers");
  auto arguments = std::make_shared<BenchArguments>();
  std::string names = "What to measure:";
  for (const Benchmark& benchmark : benchmark_list()) {
    names +=
        fmt::format("\n  {}: {} ({} times)", benchmark.name, benchmark.summary, benchmark.repeats);
  }
  verb.add_option("benchmark", arguments->name, names).required();
  verb.add_option("--steps", arguments->repeats,
                  "Timed repeats: steps, epochs, rounds or queries (0 = as listed)")
      .not_negative();
  verb.add_option("--preset", arguments->preset, "Configuration to measure")
      .suggest(preset_names())
      .show_default();
  verb.add_option("--set", arguments->settings, "key=value on top, e.g. model.hidden_size=64")
      .show_type("KEY=VALUE")
      .suggest(setting_words())
      .one_value();
  verb.add_option("--data", arguments->data,
                  "Dataset folder, or for `prepare` an event log, instead of simulated data");
  verb.add_option("--model", arguments->model,
                  "Run folder or model file for `evaluate` and `recommend` instead of random "
                  "weights");
  SimulateOptions& simulated = arguments->simulated;
  verb.add_option("--users", simulated.users, "Simulated users").show_default();
  verb.add_option("--items", simulated.items, "Simulated items").show_default();
  verb.add_option("--events", simulated.events, "Simulated events per user, on average")
      .show_default();
  ServeLoad& load = arguments->serve;
  verb.add_option("--url", load.url, "Of `serve`: http://HOST:PORT; a key goes into TRUENEXT_KEY");
  verb.add_option("--ask", load.ask, "Of `serve`: recommend, events or live").show_default();
  verb.add_option("--fields", load.fields,
                  "Of `serve`: JSON that goes into each request for a list, such as "
                  "'{\"explain\": \"leave-one-out\"}'");
  verb.add_option("--rate", load.rate,
                  "Of `serve`: requests a second at fixed times, 0 = one after the other")
      .not_negative()
      .show_default();
  verb.add_option("--seconds", load.seconds, "Of `serve`").positive().show_default();
  verb.add_option("--connections", load.connections, "Of `serve`").between(1, 1024).show_default();
  verb.add_option("--out", arguments->out, "Write the result to this file as JSON, too");
  verb.callback([arguments, &globals] { run_bench(*arguments, globals); });
}

}  // namespace truenext::cli
