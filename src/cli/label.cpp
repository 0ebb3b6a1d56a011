// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/resources.h"
#include "base/thread_pool.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "data/dataset.h"
#include "run/label_options.h"
#include "teachers/label_store.h"
#include "teachers/member.h"

namespace truenext::cli {
namespace {

struct LabelArguments {
  std::vector<std::string> teachers;
  std::string data, out, mixing = "probability";
  std::vector<double> weights;
  double temperature = 3;
  int64_t kept = 100, newest = 0;
  bool overwrite = false, running_sum = false;
};

uint64_t folder_bytes(const std::filesystem::path& folder) {
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) bytes += file.file_size();
  return bytes;
}

void run_label(const LabelArguments& arguments, const Globals& globals) {
  LabelOptions options;
  OptionList list;
  options.list(list);
  list.find("mixing", "--mixing").assign_text(arguments.mixing, "--mixing");
  LabelRule rule;
  rule.mixing.mixing = options.mixing;
  rule.mixing.running_sum = arguments.running_sum;
  rule.mixing.temperature = arguments.temperature;
  rule.mixing.weights = arguments.weights;
  rule.kept = arguments.kept;
  rule.newest = arguments.newest;
  const Dataset dataset = Dataset::open(arguments.data);
  const std::vector<Member> members = open_members(arguments.teachers, dataset);
  log_weights(members);
  WorkerPool pool(globals.threads > 0 ? globals.threads : available_threads());
  const double start = wall_seconds();
  write_labels(arguments.out, arguments.overwrite, rule, members, dataset, pool);
  const LabelStore store(arguments.out, dataset);
  const double seconds = wall_seconds() - start;
  if (globals.json) {
    nlohmann::ordered_json json;
    json["labels"] = arguments.out;
    json["rows"] = store.rows();
    json["kept"] = store.kept();
    json["fingerprint"] = store.fingerprint();
    json["mean_rest"] = store.mean_rest();
    json["bytes"] = folder_bytes(arguments.out);
    json["seconds"] = seconds;
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{} labels: {}, in {:.0f} s, {:.1f} MB\n", store.rows(), store.name(), seconds,
             static_cast<double>(folder_bytes(arguments.out)) / 1e6);
  fmt::print("outside the items kept: {:.2f} % of a label on average, shared equally\n",
             100 * store.mean_rest());
  fmt::print(
      "learn from them: truenext train --labels {} --data {} --preset sasrec-cce --run RUN\n",
      arguments.out, arguments.data);
}

}  // namespace

void add_label(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "label", "Ask teachers once for soft labels that students learn from (docs/soft-labels.md)");
  auto arguments = std::make_shared<LabelArguments>();
  verb.add_option("teachers", arguments->teachers,
                  "Run folders or model files, popularity, item-to-item")
      .required();
  verb.add_option("--data", arguments->data, "Dataset folder whose training part is labelled")
      .required();
  verb.add_option("--out", arguments->out, "Folder for the labels").required();
  verb.add_option("--mixing", arguments->mixing, "How several teachers become one distribution")
      .one_of({"probability", "logit", "confidence", "early-exit"})
      .show_default();
  verb.add_flag("--running-sum", arguments->running_sum,
                "With early-exit, as published: teachers are added up, not averaged");
  verb.add_option("--temperature", arguments->temperature, "Of the softmax of a teacher's scores")
      .show_default();
  verb.add_option("--weights", arguments->weights,
                  "A weight for each teacher, e.g. 0.1,0.9 (default: equal)")
      .separated_by(',')
      .one_value()
      .not_negative();
  verb.add_option("--kept", arguments->kept, "Most probable items of a label that are stored")
      .positive()
      .show_default();
  verb.add_option("--newest", arguments->newest,
                  "Label the newest so many targets of each user; 0 = all")
      .not_negative()
      .show_default();
  verb.add_flag("--overwrite", arguments->overwrite, "Replace labels that are in the folder");
  verb.callback([arguments, &globals] { run_label(*arguments, globals); });
}

}  // namespace truenext::cli
