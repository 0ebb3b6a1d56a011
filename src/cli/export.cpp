// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "inference/model_file.h"
#include "interop/model_export.h"

namespace truenext::cli {
namespace {

struct ExportCommand {
  std::string run, out;
  std::string format = "safetensors";
  std::string names = kOwnNames;
};

/// The export has no place for ids, titles, configuration and calibration.
void check_not_itself(const ExportCommand& command) {
  const std::filesystem::path run = command.run;
  const auto model = std::filesystem::is_directory(run) ? run / kModelFileName : run;
  std::error_code error;  // where there is no file yet there is nothing to lose
  check_usage(!std::filesystem::equivalent(command.out, model, error),
              "--out {}: is the model that is exported, and the export would leave out what "
              "truenext needs of it; choose another name",
              command.out);
}

void run_export(const ExportCommand& command, const Globals& globals) {
  const ModelFile model = ModelFile::open(command.run);
  check_not_itself(command);
  const std::filesystem::path out = command.out;
  if (out.has_parent_path()) make_folder(out.parent_path());
  const ExportReport report = export_state_dict(model, command.names, out);
  if (const std::string& weights = model.description().validation; !weights.empty()) {
    log_info("weights of {}: {}", command.run, weights);
  }
  if (command.names != kOwnNames && !report.rows_by_number) {
    log_warning(
        "the raw item ids are not the numbers 1 to {}: row i + 1 holds item i of the model; {} "
        "says which id each row has",
        model.num_items(), report.id_map.string());
  }
  for (const std::string& difference : report.differences) {
    log_warning("--names {}: that code will rank differently: {}", command.names, difference);
  }
  if (!report.left_out.empty()) {
    log_info(
        "left out, since a ranking model has none: {}; load the file with "
        "load_state_dict(..., strict=False)",
        fmt::join(report.left_out, ", "));
  }
  if (model.description().calibration) {
    log_warning(
        "the calibration of the model stays behind: other programs' layouts have no place "
        "for it");
  }
  if (globals.json) {
    const nlohmann::ordered_json json = {{"file", out.string()},
                                         {"names", command.names},
                                         {"tensors", report.tensors},
                                         {"rows_by_number", report.rows_by_number},
                                         {"id_map", report.id_map.string()},
                                         {"differences", report.differences},
                                         {"left_out", report.left_out}};
    print_json(globals, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return;
  }
  fmt::print("{}: {} tensors with the names of {}\n", out.string(), report.tensors, command.names);
  if (!report.id_map.empty()) fmt::print("{}: the item id of each row\n", report.id_map.string());
}

}  // namespace

void add_export(Command& program, Globals& globals) {
  const auto command = std::make_shared<ExportCommand>();
  Command verb = program.add_verb("export", "Write a model's weights for another program to load");
  verb.add_option("run", command->run, "Run folder or model.safetensors").required();
  verb.add_option("--format", command->format, "File format")
      .one_of({"safetensors"})
      .show_default();
  verb.add_option("--names", command->names, "Tensor names and shapes of which project")
      .one_of(export_names())
      .show_default();
  verb.add_option("--out", command->out, "File to write; one that is there is replaced").required();
  verb.callback([command, &globals] { run_export(*command, globals); });
}

}  // namespace truenext::cli
