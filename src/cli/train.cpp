// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/status_line.h"
#include "cli/arguments.h"
#include "cli/auto_preset.h"
#include "cli/commands.h"
#include "cli/relevance_options.h"
#include "data/data_place.h"
#include "eval/run_inputs.h"
#include "run/option_help.h"
#include "run/run_config.h"
#include "run/stage_settings.h"
#include "run/unused_settings.h"
#include "train/loop/training.h"

namespace truenext::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string preset, compat, student, config_file, data, run, resume, labels;
  std::vector<std::string> settings, teachers, teacher_presets;
  bool overwrite = false, list_presets = false, list_criteria = false, show_config = false;
  bool shard_tables = false, store_counts = false;
};

/// An option that nothing reads is a misunderstanding. Values of presets are not meant: they are
/// there for whoever changes the rest.
void warn_of_unused(const RunConfig& config, const Arguments& arguments,
                    std::vector<std::string> keys) {
  for (const std::string& setting : arguments.settings) {
    if (stage_of(setting) != Stage::teacher) keys.push_back(key_of(setting));
  }
  for (const UnusedSetting& unused : unused_settings(config, keys)) {
    log_warning("{} was set, but nothing reads it: {}", unused.key, unused.reason);
  }
}

/// Where the command line says that the data are.
std::string data_source(const Arguments& arguments) {
  for (const std::string& setting : arguments.settings) {
    if (setting.starts_with("data.path=")) return "--set data.path";
  }
  if (!arguments.data.empty()) return "--data";
  return "data.path of " + (arguments.config_file.empty() ? "the preset" : arguments.config_file);
}

/// Where the data are, by the rules of fresh_request(); empty = nobody said it.
std::string data_path(const Arguments& arguments) {
  RunConfig config;
  if (!arguments.config_file.empty()) apply_file(config, arguments.config_file);
  if (!arguments.data.empty()) config.data.path = arguments.data;
  for (const std::string& setting : arguments.settings) {
    if (setting.starts_with("data.path=")) apply_settings(config, {setting});
  }
  return config.data.path;
}

void check_folder(const Arguments& arguments, const std::string& path) {
  check_usage(!path.empty(), "train: --data FOLDER is missing");
  check_data(fs::is_directory(path),
             "{}: no such folder ({}); say --data FOLDER, a folder written by truenext prepare",
             path, data_source(arguments));
}

TrainRequest fresh_request(const Arguments& arguments, const Globals& globals, bool seed_given) {
  TrainRequest request;
  RunConfig& config = request.config;
  PresetNames names{arguments.preset, arguments.student, arguments.teacher_presets, {}};
  if (names.asks_for_choice()) {
    const std::string path = data_path(arguments);
    check_folder(arguments, path);
    std::vector<std::string> set = arguments.settings;
    if (!arguments.config_file.empty()) {
      std::ranges::move(keys_of_file(arguments.config_file), std::back_inserter(set));
    }
    names.choice = choose_aloud(path, set);
  }
  apply_presets(config, names);
  if (!arguments.compat.empty()) apply_compat(config, arguments.compat);
  const RunConfig before = config;
  if (!arguments.config_file.empty()) apply_file(config, arguments.config_file);
  const std::vector<std::string> from_file = changed_keys(before, config);
  if (seed_given) config.train.seed = static_cast<int64_t>(globals.seed);
  if (!arguments.data.empty()) config.data.path = arguments.data;
  config.train.store_counts |= arguments.store_counts;
  apply_stage_settings(config, arguments.settings);
  name_labels(config, arguments.labels, arguments.teachers, arguments.settings);
  config.version = truenext_version();
  clear_fingerprints(config);
  warn_of_unused(config, arguments, from_file);
  config.model.resolve();
  if (arguments.show_config) return request;
  check_folder(arguments, config.data.path);
  check_usage(!arguments.run.empty(), "train: --run FOLDER is missing, e.g. --run runs/first");
  request.run = arguments.run;
  request.replace = arguments.overwrite;
  return request;
}

TrainRequest resume_request(const Arguments& arguments, const Globals& globals, bool seed_given) {
  check_usage(arguments.preset.empty() && arguments.compat.empty() &&
                  arguments.config_file.empty() && arguments.run.empty(),
              "--resume continues a run with its own configuration; --preset, --config and --run "
              "start new ones");
  check_usage(arguments.student.empty() && arguments.teacher_presets.empty() &&
                  arguments.teachers.empty() && arguments.labels.empty(),
              "--resume continues a run with its own teachers and labels; --student, "
              "--teacher-preset, --teacher and --labels start new ones");
  check_usage(
      !arguments.overwrite,
      "--overwrite: --resume {} continues the run that --overwrite would replace; leave one "
      "of the two out",
      arguments.resume);
  check_usage(!arguments.store_counts,
              "--store-counts: a resumed run keeps its configuration; leave it out, or start a new "
              "run");
  TrainRequest request;
  request.run = arguments.resume;
  const fs::path config = request.run / "config.toml";
  check_data(fs::exists(config), "{}: not a run folder, it has no config.toml", arguments.resume);
  request.resume = true;
  apply_file(request.config, config);
  const int64_t seed = request.config.train.seed;
  check_usage(!seed_given || static_cast<int64_t>(globals.seed) == seed,
              "--seed {}: a resumed run keeps its seed, {}; leave --seed out, or start a new run "
              "with --run",
              globals.seed, seed);
  for (const std::string& setting : arguments.settings) {
    const std::string key = setting.substr(0, setting.find('='));
    check_usage(key == "train.epochs" || key == "train.patience" || key == "train.checkpoint_steps",
                "--set {}: a resumed run keeps its configuration; only train.epochs, "
                "train.patience and train.checkpoint_steps may change",
                setting);
  }
  keep_for_teachers(request.config, arguments.settings);
  apply_settings(request.config, arguments.settings);
  DataOptions& data = request.config.data;
  data.path = arguments.data.empty()
                  ? find_data({data.path, data.from_run}, request.run, config.string()).string()
                  : arguments.data;
  return request;
}

void print_result(const TrainResult& result, const TrainRequest& request, const Globals& globals) {
  const bool told = request.config.model.time == TimeUse::request;
  if (globals.json) {
    nlohmann::ordered_json out;
    out["run"] = request.run.string();
    out["epochs"] = result.epochs;
    out["steps"] = result.steps;
    out["stopped_by"] = result.stopped;
    out["had_finished"] = result.had_finished;
    out["best_epoch"] = result.best_epoch;
    if (!result.best_weights.empty()) out["weights"] = result.best_weights;
    if (told) out["request_time"] = "known";
    if (!result.valid_metric.empty()) out["valid"] = {{result.valid_metric, result.best_value}};
    out["seconds"] = result.seconds;
    out["processes"] = result.processes;
    out["positions_per_second"] = result.positions_per_second;
    out["peak_memory_bytes"] = result.peak_memory_bytes;
    if (result.processes > 1) {
      out["peak_memory_bytes_by_process"] = result.peak_memory_bytes_by_process;
    }
    print_json(globals, out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return;
  }
  if (result.had_finished) {
    fmt::print(
        "{}: this run had finished ({}), nothing was left to train; for more: --set "
        "train.epochs=N{}\n",
        request.run.string(),
        result.stopped == "patience" ? "out of patience" : "all its epochs were made",
        result.stopped == "patience" ? " --set train.patience=N" : "");
  }
  const std::string best =
      result.best_epoch == 0 ? std::string("no epoch was judged")
      : result.valid_metric.empty()
          ? fmt::format("kept epoch {}", result.best_epoch)
          : fmt::format("best valid {} {:.5f} at epoch {}", result.valid_metric, result.best_value,
                        result.best_epoch);
  std::string weights =
      result.best_weights.empty() ? "" : fmt::format(", {} weights", result.best_weights);
  if (told && !result.valid_metric.empty()) weights += fmt::format(", {}", kRequestTimeKnown);
  fmt::print("{} epochs, {} steps in {:.0f} s ({:.0f} positions/s, {:.0f} MB), {}{}\n",
             result.epochs, result.steps, result.seconds, result.positions_per_second,
             static_cast<double>(result.peak_memory_bytes) / 1e6, best, weights);
  const fs::path model = request.run / "model.safetensors";
  if (!fs::exists(model)) {
    log_info(
        "no epoch was finished, so there is no model yet; continue with --resume {} --set "
        "train.epochs=N",
        request.run.string());
    return;
  }
  fmt::print("model: {}\n", model.string());
  if (!result.valid_metric.empty()) {
    log_info("validation picked the epoch, so it is no result; judge with: truenext evaluate {}",
             request.run.string());
  }
}

/// Each with the option that takes it, under the name that the option takes.
void list_presets() {
  const std::string compat = "compat-";
  std::string followers;
  fmt::print("{:<22} {}\n", kAutoPreset, "One of these, chosen by the dataset (docs/choosing.md)");
  for (const Preset& preset : preset_list()) {
    if (preset.name.starts_with(compat)) {
      followers += fmt::format("{:<22} {}\n", preset.name.substr(compat.size()), preset.summary);
    } else {
      fmt::print("{:<22} {}\n", preset.name, preset.summary);
    }
  }
  if (!followers.empty()) fmt::print("\nfor --compat, on top of a preset:\n{}", followers);
}

void train(const Arguments& arguments, const Globals& globals, bool seed_given) {
  if (arguments.list_presets) {
    list_presets();
    return;
  }
  if (arguments.list_criteria) {
    fmt::print("{}", criterion_table());
    return;
  }
  TrainRequest request = arguments.resume.empty() ? fresh_request(arguments, globals, seed_given)
                                                  : resume_request(arguments, globals, seed_given);
  if (arguments.show_config) {
    fmt::print("{}", config_text(request.config));
    return;
  }
  request.threads = globals.threads;
  request.device = globals.device;
  request.shard_tables = arguments.shard_tables;
  request.progress_bar = !globals.quiet && can_show_status();
  const TrainResult result = truenext::train(request);
  if (result.rank > 0) return;
  print_result(result, request, globals);
}

}  // namespace

void add_train(Command& program, Globals& globals) {
  Command verb = program.add_verb("train", "Train a model on a prepared dataset");
  const auto arguments = std::make_shared<Arguments>();
  verb.add_option("--data", arguments->data, "Dataset folder made by `truenext prepare`");
  verb.add_option("--run", arguments->run, "Folder for everything the run is");
  verb.add_option("--preset", arguments->preset,
                  "Start from a published configuration (--presets lists), or auto: what the "
                  "dataset calls for (docs/choosing.md)")
      .suggest(preset_words());
  verb.add_option("--student", arguments->student,
                  "With a preset of teachers (csrec-m, ...): the preset that learns from them")
      .suggest(preset_words());
  verb.add_option("--teacher-preset", arguments->teacher_presets,
                  "The same of the teachers, once for all or once each (default: as the student)")
      .suggest(preset_names())
      .one_value();
  verb.add_option("--compat", arguments->compat,
                  "Follow a published code to the letter, e.g. relevance-2023")
      .suggest(compat_names());
  verb.add_option("--config", arguments->config_file, "TOML file on top of the preset");
  verb.add_option("--set", arguments->settings,
                  "key=value on top of both, e.g. train.epochs=50; teacher.KEY=... and "
                  "student.KEY=... reach one kind of stage")
      .show_type("KEY=VALUE")
      .suggest(setting_words())
      .one_value();
  verb.add_option("--resume", arguments->resume, "Run folder to continue, to the same bits");
  verb.add_option_function(
      "--init-from",
      [arguments](const std::string& model) {
        arguments->settings.push_back("train.init_from=" + model);
      },
      "Run folder or model file whose weights a new run starts from, items by raw id");
  verb.add_flag("--store-counts", arguments->store_counts,
                "Write what follows what in the training part into the model file, for --blend in "
                "use");
  verb.add_option("--teacher", arguments->teachers,
                  "Run folder or model file whose soft labels are learnt, too; popularity, "
                  "item-to-item; several times")
      .one_value();
  verb.add_option("--labels", arguments->labels,
                  "Folder of soft labels that are learnt, too, made by `truenext label`");
  verb.add_flag("--shard-tables", arguments->shard_tables,
                "Under mpirun: every process keeps its part of the item tables, to the same bits");
  verb.add_flag("--overwrite", arguments->overwrite, "Replace the run that is in the folder");
  verb.add_flag("--presets", arguments->list_presets, "List the presets");
  verb.add_flag("--criteria", arguments->list_criteria,
                "List what objective.criterion may be, with formula and source");
  verb.add_flag("--show-config", arguments->show_config,
                "Print the resolved configuration and stop");
  add_relevance_options(verb, arguments->settings);
  verb.callback(
      [program, arguments, &globals] { train(*arguments, globals, program.given("--seed")); });
}

}  // namespace truenext::cli
