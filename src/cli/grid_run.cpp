// SPDX-License-Identifier: Apache-2.0
#include "cli/grid_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_lock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/status_line.h"
#include "base/thread_pool.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/evaluate_run.h"
#include "compare/grid_table.h"
#include "compare/run_result.h"
#include "data/dataset.h"
#include "eval/result_names.h"
#include "run/grid_plan.h"
#include "train/loop/train_state.h"
#include "train/loop/training.h"

namespace truenext::cli {
namespace {

namespace fs = std::filesystem;

/// The tables are written again after every run; the last ones get the full number of resamples.
constexpr int64_t kQuickResamples = 1000;

enum class CellState { untouched, begun, finished };

std::string cell_name(const GridCell& cell) {
  return fmt::format("{}/{}/seed-{}", cell.variant, cell.data, cell.seed);
}

/// The configuration without what a run fills in, what it began as and where the data are: they may
/// have moved, and their fingerprints tell whether they are the same.
std::string comparable_text(RunConfig config) {
  config.model.resolve();  // keys that are younger than the run
  config.version.clear();
  config.preset.clear();
  config.data.path.clear();
  clear_fingerprints(config);
  return config_text(config);
}

/// What resuming checks of a run, for one that is only looked at.
void check_same_data(const GridCell& cell, const DataOptions& there) {
  if (there.path == cell.config.data.path) return;
  const Dataset data = Dataset::open(cell.config.data.path);
  check_data(data.fingerprint() == there.fingerprint &&
                 data.split_fingerprint() == there.split_fingerprint &&
                 (there.attribute_fingerprint.empty() ||
                  data.attribute_fingerprint() == there.attribute_fingerprint),
             "{}: holds a run on other data than {} ({}); remove it, or give the grid another "
             "folder (out)",
             cell.run.string(), cell.config.data.path, there.path);
}

bool is_trained(const fs::path& run) {
  const fs::path checkpoint = run / "checkpoint" / "last.safetensors";
  return fs::exists(checkpoint) && load_counters(checkpoint).finished;
}

bool is_judged(const fs::path& run, const std::vector<std::string>& results) {
  return std::all_of(results.begin(), results.end(), [&](const std::string& result) {
    return fs::exists(run / (result + ".json")) && fs::exists(run / per_user_file_name(result));
  });
}

/// A folder that holds a run of another configuration is an Error: results must not mix.
CellState state_of(const GridCell& cell, const std::vector<std::string>& results) {
  if (!fs::exists(cell.run / "config.toml")) return CellState::untouched;
  RunConfig there;
  apply_file(there, cell.run / "config.toml");
  check_data(comparable_text(there) == comparable_text(cell.config),
             "{}: holds a run of another configuration than the grid asks for; remove it, or give "
             "the grid another folder (out)",
             cell.run.string());
  if (!is_judged(cell.run, results) || !is_trained(cell.run)) return CellState::begun;
  check_same_data(cell, there.data);
  return CellState::finished;
}

void train_cell(const GridCell& cell, CellState state, const Globals& globals) {
  TrainRequest request;
  request.config = cell.config;
  request.run = cell.run;
  request.resume = state == CellState::begun;
  request.replace = false;  // a run that another process has put there since
  // The run's own file also says which data it began with; that is checked on resume.
  if (request.resume) apply_file(request.config, cell.run / "config.toml");
  request.config.data.path = cell.config.data.path;  // the plan says where they are now
  request.threads = globals.threads;
  request.device = globals.device;
  request.progress_bar = !globals.quiet && can_show_status();
  truenext::train(request);
}

/// All cells of a grid and what became of them.
class Grid {
 public:
  Grid(const GridPlan& plan, const GridVerb& verb, const Globals& globals)
      : plan_(plan),
        verb_(verb),
        cells_(grid_cells(plan_)),
        globals_(globals),
        pool_(globals.threads) {
    for (const std::string& warning : check_grid(plan_, cells_)) log_warning("{}", warning);
  }

  void list() const {
    for (const GridCell& cell : cells_) {
      const CellState state = state_of(cell, plan_.results());
      fmt::print("{:<10} {}\n",
                 state == CellState::finished ? "finished"
                 : state == CellState::begun  ? "begun"
                                              : "to do",
                 cell.run.string());
    }
  }

  void run() {
    const FolderLock lock(plan_.out, fmt::format("truenext {}", verb_.name));
    verb_.before_runs();
    for (size_t i = 0; i < cells_.size(); ++i) run_cell(i);
    for (const auto& [data, folder] : plan_.data) update_table(data, Resampling().resamples);
    write_tables();
    if (globals_.json) fmt::print("{}", grid_json(report_));
    if (!globals_.json) fmt::print("{}", grid_markdown(report_));
    check_data(report_.failures.empty(),
               "{} of {} runs failed, the others are finished; call again "
               "to try them again",
               report_.failures.size(), cells_.size());
  }

 private:
  void run_cell(size_t index) {
    const GridCell& cell = cells_[index];
    try {
      stop_if_interrupted();
      const CellState state = state_of(cell, plan_.results());
      if (state != CellState::finished) {
        log_info("run {} of {}: {}{}", index + 1, cells_.size(), cell_name(cell),
                 state == CellState::begun ? ", continued" : "");
        train_cell(cell, state, globals_);
        for (const CandidateRule rule : plan_.candidates) {
          evaluate_run(cell.run, {plan_.metrics, plan_.test_items, rule, plan_.part}, globals_);
        }
      }
      done_.push_back(index);
      if (state == CellState::finished) return;
      update_table(cell.data, kQuickResamples);
      write_tables();
    } catch (const Error& error) {
      if (error.code() == ExitCode::interrupted) stop();
      fail(cell, error.what());
    } catch (const std::bad_alloc&) {
      fail(cell, "out of memory");
    }
  }

  void fail(const GridCell& cell, const std::string& why) {
    log_message(LogLevel::error, fmt::format("{}: {}", cell_name(cell), why));
    report_.failures.push_back(fmt::format("{}: {}", cell_name(cell), why));
  }

  void stop_if_interrupted() {
    if (interrupted()) stop();
  }

  [[noreturn]] void stop() {
    throw Error(ExitCode::interrupted,
                fmt::format("interrupted with {} of {} runs finished; nothing is lost, continue "
                            "with: truenext {} {}",
                            done_.size(), cells_.size(), verb_.name, plan_.source));
  }

  /// Finished runs of a dataset by variant, in the order of the plan.
  std::vector<SideRequest> finished_runs(const std::string& data) const {
    std::vector<SideRequest> requests;
    for (const GridVariant& variant : plan_.variants) {
      SideRequest request{variant.name, {}};
      for (const size_t index : done_) {
        const GridCell& cell = cells_[index];
        if (cell.variant == variant.name && cell.data == data) request.folders.push_back(cell.run);
      }
      if (!request.folders.empty()) requests.push_back(request);
    }
    return requests;
  }

  /// Compares the finished runs of a dataset anew.
  void update_table(const std::string& data, int64_t resamples) {
    const std::vector<SideRequest> requests = finished_runs(data);
    if (requests.empty()) return;
    for (const std::string& result : plan_.results()) {
      tables_[{data, result}] = make_grid_table(
          {data, result, requests, plan_.variants.front().name}, {resamples, globals_.seed}, pool_);
    }
  }

  void fill_report() {
    report_.baseline = plan_.variants.front().name;
    report_.cells = static_cast<int64_t>(cells_.size());
    report_.finished = static_cast<int64_t>(done_.size());
    report_.tables.clear();
    for (const auto& [data, folder] : plan_.data) {
      for (const std::string& result : plan_.results()) {
        const auto table = tables_.find({data, result});
        if (table != tables_.end()) report_.tables.push_back(table->second);
      }
    }
  }

  void write_tables() {
    fill_report();
    // Tables of the test stay as they are while the validation part is looked at, and vice versa.
    const std::string name = plan_.part == "test" ? "table" : "table_" + plan_.part;
    // Failures alone do not take the place of results.
    if (done_.empty() && fs::exists(plan_.out / (name + ".md"))) return;
    write_file_atomically(plan_.out / (name + ".md"), grid_markdown(report_));
    write_file_atomically(plan_.out / (name + ".csv"), grid_csv(report_));
    write_file_atomically(plan_.out / (name + ".json"), grid_json(report_));
    verb_.write_more(report_);
  }

  GridPlan plan_;
  GridVerb verb_;
  std::vector<GridCell> cells_;
  const Globals& globals_;
  WorkerPool pool_;
  std::vector<size_t> done_;
  std::map<std::pair<std::string, std::string>, GridTable> tables_;  ///< by dataset and result
  GridReport report_;
};

}  // namespace

void list_grid(const GridPlan& plan, const Globals& globals) {
  Grid(plan, {}, globals).list();
}

void run_grid(const GridPlan& plan, const GridVerb& verb, const Globals& globals) {
  check_usage(std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr,
              "{} trains one run after the other in one process; start it without mpirun",
              verb.name);
  Grid(plan, verb, globals).run();
}

}  // namespace truenext::cli
