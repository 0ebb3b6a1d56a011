// SPDX-License-Identifier: Apache-2.0
#include "eval/stability.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "eval/evaluator.h"
#include "eval/item_match.h"
#include "eval/run_inputs.h"
#include "inference/model_file.h"

namespace truenext::cli {
namespace {

struct StabilityArguments {
  std::string first, second, data;
  std::string part = "test";
  int64_t k = 10;
  int64_t max_users = 0;
};

/// Lists of two runs can be compared when the runs learned from the same events by the same split.
void check_comparable(const ModelDescription& first, const ModelDescription& second) {
  const auto same = [](const std::string& a, const std::string& b) {
    return a.empty() || b.empty() || a == b;
  };
  check_data(same(first.dataset_fingerprint, second.dataset_fingerprint),
             "the two runs were trained on different data (fingerprints {} and {}); compare runs "
             "on one dataset",
             first.dataset_fingerprint, second.dataset_fingerprint);
  check_data(same(first.split_fingerprint, second.split_fingerprint),
             "the two runs were trained on different splits of the same data (fingerprints {} and "
             "{}); compare runs on one prepared folder",
             first.split_fingerprint, second.split_fingerprint);
}

Jagged<ScoredItem> best_items(const ModelFile& model, const Dataset& dataset,
                              const Queries& queries, int64_t k, WorkerPool& pool) {
  check_same_data(model.description(), dataset, false);
  ItemMatch match = match_items(dataset.items(), model.num_items(),
                                [&](std::string_view raw) { return model.find_item(raw); });
  const auto scorer = make_matched_scorer(model.encoder(), std::move(match));
  return top_items(*scorer, queries, k, model.description().exclude_seen, pool);
}

void print_json(const StabilityArguments& arguments, const Dataset& dataset,
                const std::vector<MetricResult>& results, bool request_time_known) {
  nlohmann::ordered_json json;
  json["runs"] = {arguments.first, arguments.second};
  json["part"] = arguments.part;
  json["users"] = results.front().per_user.size();
  if (request_time_known) json["request_time"] = "known";
  for (const MetricResult& entry : results) {
    json["agreement"][entry.metric.label()] = {{"mean", entry.mean},
                                               {"half_width", entry.half_width},
                                               {"low", entry.mean - entry.half_width},
                                               {"high", entry.mean + entry.half_width}};
  }
  json["data"] = {{"fingerprint", dataset.fingerprint()},
                  {"split_fingerprint", dataset.split_fingerprint()},
                  {"split", dataset.split_name()}};
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void run_stability(const StabilityArguments& arguments, const Globals& globals) {
  const ModelFile first = ModelFile::open(arguments.first);
  const ModelFile second = ModelFile::open(arguments.second);
  check_comparable(first.description(), second.description());
  const Dataset dataset =
      Dataset::open(find_data_folder(arguments.first, first.description(), arguments.data));
  Protocol protocol;
  protocol.part = arguments.part == "valid" ? SplitPart::valid : SplitPart::test;
  protocol.max_users = arguments.max_users;
  protocol.seed = globals.seed;
  protocol.with_times = first.description().model.time != TimeUse::none ||
                        second.description().model.time != TimeUse::none;
  Queries queries = make_queries(dataset, protocol);
  check_data(!queries.users.empty(),
             "{}: nobody to compare lists for: the split ({}) holds out nothing for --part {}",
             dataset.folder().string(), dataset.split_name(), arguments.part);
  // What is held out does not matter here: a list is what the history alone leads to.
  queries.targets.clear();
  WorkerPool pool(globals.threads > 0 ? globals.threads : available_threads());
  const auto results =
      list_stability(best_items(first, dataset, queries, arguments.k, pool),
                     best_items(second, dataset, queries, arguments.k, pool), arguments.k);
  const bool request_time_known = first.description().model.time == TimeUse::request ||
                                  second.description().model.time == TimeUse::request;
  if (globals.json) {
    print_json(arguments, dataset, results, request_time_known);
    return;
  }
  fmt::print("{:<14}  {:>15}\n", "agreement", "mean");
  for (const MetricResult& entry : results) {
    fmt::print("{:<14}  {:>15}\n", entry.metric.label(),
               fmt::format("{:.4f} ±{:.4f}", entry.mean, entry.half_width));
  }
  if (request_time_known) fmt::print("{}\n", kRequestTimeKnown);
  fmt::print("{} users; the best {} items of each; {}\n", results.front().per_user.size(),
             arguments.k, dataset.split_name());
  fmt::print("dataset {}, split {}\n", dataset.fingerprint(), dataset.split_fingerprint());
}

}  // namespace

void add_stability(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "stability", "How much the recommendations of two runs on the same data agree");
  auto arguments = std::make_shared<StabilityArguments>();
  verb.add_option("first", arguments->first, "Run folder or model file").required();
  verb.add_option("second", arguments->second, "The run to compare with").required();
  verb.add_option("--data", arguments->data, "Dataset folder (default: the first run's)");
  verb.add_option("--part", arguments->part, "Histories before this held-out part")
      .one_of({"test", "valid"})
      .show_default();
  verb.add_option("-k,--k", arguments->k, "Length of the lists").positive().show_default();
  verb.add_option("--max-users", arguments->max_users, "A seeded sample of users; 0 = all")
      .not_negative()
      .show_default();
  verb.callback([arguments, &globals] { run_stability(*arguments, globals); });
}

}  // namespace truenext::cli
