// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/folder_lock.h"
#include "base/log.h"
#include "base/options.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/run_lock.h"
#include "data/data_place.h"
#include "data/dataset.h"
#include "eval/result_names.h"
#include "interop/model_import.h"
#include "net/network.h"

namespace truenext::cli {
namespace {

namespace fs = std::filesystem;

/// One line per checkpoint format: its name here and the names of its tensors.
struct Format {
  const char* name;
  const char* names;
};
constexpr Format kFormats[] = {
    {"gsasrec-pytorch", "gsasrec"},
    {"sasrec-pytorch", "pmixer"},  // and what comes from it, such as the relevance-loss code
    {"s3rec", "s3rec"},            // any network of that code, as the tensors tell
    {"s3rec-gru4rec", "s3rec-gru4rec"},
    {"s3rec-srgnn", "s3rec-srgnn"},
    {"csrec", "csrec"},  // likewise
    {"csrec-gru4rec", "csrec-gru4rec"},
    {"csrec-narm", "csrec-narm"},
    {"csrec-nextitnet", "csrec-nextitnet"},
    {"csrec-sasrec", "csrec-sasrec"},
    {"csrec-caser", "csrec-caser"},
    {"csrec-bert", "csrec-bert"},
};

constexpr const char* kCheckpoints = "checkpoint";

struct ImportCommand {
  std::string file, format, data, out;
  int64_t heads = 0;
  std::vector<std::string> settings;
  bool overwrite = false;
};

/// Else it is a run folder.
bool is_model_file(const fs::path& out) {
  return out.extension() == ".safetensors";
}

/// What --out names is taken for as long as it is checked and written: it may be a run under way.
std::unique_ptr<FolderLock> lock_target(const fs::path& out) {
  const std::string work = "truenext import";
  return is_model_file(out) ? lock_run_of(out, work) : std::make_unique<FolderLock>(out, work);
}

/// Under the lock: what is there goes only with --overwrite.
void check_target(const ImportCommand& command) {
  if (command.overwrite) return;
  const fs::path out = command.out;
  const fs::path model = is_model_file(out) ? out : out / kModelFileName;
  check_usage(!fs::exists(model),
              "--out {}: there is a model already; choose another name or add --overwrite",
              model.string());
  if (is_model_file(out)) return;
  check_usage(!fs::exists(out / "config.toml") && !fs::exists(out / kCheckpoints),
              "--out {0}: there is a run that has no model yet; continue it with truenext train "
              "--resume {0}, choose another name or add --overwrite",
              out.string());
}

struct DataOptions : DataPlace {
  void list(OptionList& options) {
    options.add("path", path, "Prepared dataset");
    options.add("from_run", from_run, "the way to it from the run folder");
  }
};

/// `place` null: without saying where the data lie.
std::string config_toml(ModelOptions model, const DataPlace* place) {
  OptionList options;
  DataOptions data;
  if (place) {
    data = {*place};
    options.section("data", data);
  }
  options.section("model", model);
  return to_toml(options);
}

/// The run folder around the model: what belonged to a run before goes, config.toml says where the
/// data lie, which a model file, that goes anywhere, does not know.
void begin_run(const ImportCommand& command, const ModelOptions& model) {
  const fs::path run = command.out;
  remove_results(run);
  forget_looks(run);
  fs::remove_all(run / kCheckpoints);
  DataPlace place;
  if (!command.data.empty()) {
    place = {fs::absolute(command.data).lexically_normal().string(),
             way_from_run(run, command.data)};
  }
  write_file_atomically(run / "config.toml",
                        config_toml(model, command.data.empty() ? nullptr : &place));
}

const char* names_of(const std::string& format) {
  for (const Format& known : kFormats) {
    if (format == known.name) return known.names;
  }
  fail_usage("--format {}: unknown", format);
}

void report(const ImportedModel& model, const fs::path& path, const Globals& globals) {
  const ModelOptions& options = model.description.model;
  const NetworkInfo& network = find_network(options.name);
  for (const std::string& note : model.notes) log_info("{}", note);
  for (const std::string& warning : model.warnings) log_warning("{}", warning);
  if (model.items_outside_catalogue > 0) {
    log_warning("{} items of the checkpoint do not occur in the dataset; they come last",
                model.items_outside_catalogue);
  }
  if (globals.json) {
    const nlohmann::ordered_json json = {{"model", path.string()},
                                         {"network", options.name},
                                         {"items", model.item_ids.size()},
                                         {"hidden_size", options.hidden_size},
                                         {"num_blocks", options.num_blocks},
                                         {"num_heads", options.num_heads},
                                         {"max_length", options.max_length},
                                         {"tie_embeddings", options.tie_embeddings},
                                         {"items_outside_dataset", model.items_outside_catalogue},
                                         {"notes", model.notes},
                                         {"warnings", model.warnings}};
    print_json(globals, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return;
  }
  fmt::print("{}: {} items, {} of width {}{}, the newest {} items, {} item tables\n", path.string(),
             model.item_ids.size(), options.name, options.hidden_size,
             network.describe ? ", " + network.describe(options) : "", options.max_length,
             options.tie_embeddings ? "tied" : "separate");
}

void run_import(const ImportCommand& command, const Globals& globals) {
  const fs::path out = command.out;
  const auto lock = lock_target(out);
  check_target(command);
  std::optional<Catalogue> catalogue;
  if (!command.data.empty()) catalogue = catalogue_of(Dataset::open(command.data));
  ImportOptions options;
  options.names = names_of(command.format);
  options.heads = command.heads;
  options.settings = command.settings;
  if (catalogue) options.catalogue = &*catalogue;
  ImportedModel model = import_model(*open_state_dict(command.file), options);
  model.description.config_toml = config_toml(model.description.model, nullptr);
  const fs::path path = is_model_file(out) ? out : out / kModelFileName;
  if (path.has_parent_path()) make_folder(path.parent_path());
  if (!is_model_file(out)) {
    begin_run(command, model.description.model);
  } else if (lock && path.filename() == kModelFileName) {
    remove_results(path.parent_path());
  }
  model.write(path);
  report(model, path, globals);
}

}  // namespace

void add_import(Command& program, Globals& globals) {
  const auto command = std::make_shared<ImportCommand>();
  Command verb = program.add_verb(
      "import", "Turn a checkpoint of another project into a run that can be evaluated and used");
  std::vector<std::string> formats;
  for (const Format& format : kFormats) formats.emplace_back(format.name);
  verb.add_option("file", command->file, "Checkpoint: .pt of PyTorch, or safetensors").required();
  verb.add_option("--format", command->format, "What kind of checkpoint")
      .required()
      .one_of(formats);
  verb.add_option(
          "--heads", command->heads,
          "Attention heads; weights do not tell. s3rec, csrec: 2 unless given, the others ask")
      .positive();
  verb.add_option("--set", command->settings,
                  "What else weights do not tell: s3rec-gru4rec, s3rec-srgnn: model.max_length "
                  "(50 unless given); s3rec-srgnn: model.readout; csrec-gru4rec, csrec-narm, "
                  "csrec-nextitnet: model.max_length; csrec-nextitnet: model.dilations ([1] unless "
                  "given); s3rec-srgnn: model.gnn_steps (1 unless given); s3rec, csrec-sasrec: "
                  "model.activation")
      .show_type("KEY=VALUE")
      .one_value();
  verb.add_option("--data", command->data,
                  "Prepared dataset whose item ids are the checkpoint's item numbers: the model's "
                  "items are put in its order, with its titles");
  verb.add_option("--out", command->out, "Run folder, or a file called .safetensors").required();
  verb.add_flag("--overwrite", command->overwrite, "Replace a model that is there");
  verb.callback([command, &globals] { run_import(*command, globals); });
}

}  // namespace truenext::cli
