// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/run_lock.h"
#include "eval/calibration_check.h"
#include "eval/calibration_fit.h"
#include "eval/calibration_report.h"
#include "eval/isotonic.h"
#include "eval/item_match.h"
#include "eval/run_inputs.h"
#include "eval/truth_scorer.h"
#include "inference/model_file.h"
#include "run/run_config.h"
#include "run/score_link.h"

namespace truenext::cli {
namespace {

struct CalibrateArguments {
  std::string model, data, truth;
  ProbabilityMethod probability = ProbabilityMethod::normalised;
  std::vector<std::string> settings;  ///< objective.KEY=VALUE of a model that does not say
  bool include_seen = false;
  bool remove = false;
  CalibrationCheckOptions check;
};

/// The objective a model was trained with: its configuration, then what the command line says.
ObjectiveOptions objective_of(const ModelDescription& description,
                              const std::vector<std::string>& settings) {
  RunConfig config;
  apply_text(config, description.config_toml, "configuration in the model");
  for (const std::string& setting : settings) {
    check_usage(setting.starts_with("objective."),
                "--set {}: only objective.KEY=VALUE, which says "
                "what the model was trained with",
                setting);
  }
  check_usage(!settings.empty() || description.config_toml.find("[objective]") != std::string::npos,
              "the model does not say which loss it was trained with, and its scores mean nothing "
              "without; say it, e.g. --set objective.criterion=gbce --set objective.gbce_t=0.75 "
              "--set objective.negatives=256");
  apply_settings(config, settings);
  return config.objective;
}

/// The ways to read the scores that are compared: as the loss has them, corrected for its offset,
/// normalised over the candidates. Fitted ones are added later.
std::vector<Reading> plain_readings(const ObjectiveOptions& objective, const ScoreLink& link,
                                    bool exclude_seen) {
  Calibration plain;
  plain.exclude_seen = exclude_seen;
  plain.link = link.kind;
  plain.offset = link.offset;
  std::vector<Reading> readings;
  if (link.anchored) {
    Calibration raw = plain;
    raw.normalised = false;
    raw.link = LinkKind::logistic;
    raw.offset = 0;
    readings.push_back({"sigmoid of the score", raw});
    raw.link = link.kind;
    raw.offset = link.offset;
    readings.push_back({objective.criterion + " corrected", raw});
  }
  readings.push_back({link.anchored ? "normalised" : "softmax of the scores", plain});
  return readings;
}

/// Model, data and scores, opened once.
struct Calibrating {
  Calibrating(const CalibrateArguments& arguments, const Globals& globals)
      : model(ModelFile::open(arguments.model)),
        dataset(
            Dataset::open(find_data_folder(arguments.model, model.description(), arguments.data))),
        pool(globals.threads > 0 ? globals.threads : available_threads()) {
    check_same_data(model.description(), dataset, false);
    scorer = make_matched_scorer(
        model.encoder(), match_items(dataset.items(), model.num_items(),
                                     [&](std::string_view raw) { return model.find_item(raw); }));
  }

  Queries queries(SplitPart part) const {
    Protocol protocol;
    protocol.part = part;
    protocol.with_times = model.description().model.time != TimeUse::none;
    Queries queries = make_queries(dataset, protocol);
    check_data(!queries.users.empty(),
               "{}: the split ({}) holds out nothing for {}; probabilities are fitted on the "
               "validation part and checked on the test part (prepare with --valid 1 --test 1)",
               dataset.folder().string(), dataset.split_name(),
               part == SplitPart::valid ? "validation" : "testing");
    return queries;
  }

  ModelFile model;
  Dataset dataset;
  WorkerPool pool;
  std::unique_ptr<Scorer> scorer;
};

/// Fits every method that has a meaning, adds them as readings, and returns the one to be stored.
CalibrationFit fit_all(Calibrating& work, const CalibrateArguments& arguments,
                       const ScoreLink& link, std::vector<Reading>* readings) {
  const bool independent = arguments.probability == ProbabilityMethod::independent;
  check_usage(link.anchored || !independent,
              "--probability independent: the loss of this model (softmax) fixes scores only up to "
              "a constant for each user, so an item alone has no probability; want normalised");
  const Queries valid = work.queries(SplitPart::valid);
  Calibration start = readings->back().calibration;
  CalibrationFit stored;
  for (const bool normalised : {false, true}) {
    if (!normalised && !link.anchored) continue;
    start.normalised = normalised;
    const CalibrationFit fit = fit_calibration(*work.scorer, valid, start, work.pool);
    readings->push_back(
        {normalised ? "fitted, normalised" : "fitted, independent", fit.calibration});
    if (normalised != independent) stored = fit;
    if (!normalised) continue;
    const Calibration isotonic = fit_isotonic(*work.scorer, valid, fit.calibration, work.pool);
    readings->push_back({"fitted, isotonic", isotonic});
    if (arguments.probability == ProbabilityMethod::isotonic) stored.calibration = isotonic;
  }
  if (!stored.converged) {
    log_warning(
        "the fit stopped at scale {:.4g} without an optimum inside its bounds; with few "
        "validation users, or a model that ranks them perfectly, there is none",
        stored.calibration.scale);
  }
  return stored;
}

CalibrationReport calibrate(Calibrating& work, const CalibrateArguments& arguments) {
  const ModelDescription& description = work.model.description();
  const ObjectiveOptions objective = objective_of(description, arguments.settings);
  const ScoreLink link = score_link(objective, work.model.num_items());
  if (!link.exact) {
    log_warning("for {} the probabilities behind the scores are known approximately only",
                Objective(objective, work.model.num_items()).name());
  }
  CalibrationReport report;
  report.version = truenext_version();
  report.loss_name = Objective(objective, work.model.num_items()).name();
  report.exact_link = link.exact;
  report.request_time_known = description.model.time == TimeUse::request;
  report.has_truth = !arguments.truth.empty();
  report.options = arguments.check;
  report.options.exclude_seen = description.exclude_seen && !arguments.include_seen;
  std::vector<Reading> readings = plain_readings(objective, link, report.options.exclude_seen);
  std::optional<SimulatedTruth> truth;
  std::unique_ptr<Scorer> truth_scorer;
  if (report.has_truth) {
    truth.emplace(SimulatedTruth::open(arguments.truth));
    truth_scorer = make_truth_scorer(*truth, work.dataset);
  }
  report.fit = fit_all(work, arguments, link, &readings);
  while (readings[report.stored].calibration != report.fit.calibration) ++report.stored;
  report.check =
      check_calibration({*work.scorer, truth_scorer.get()}, work.queries(SplitPart::test), readings,
                        report.options, work.pool);
  return report;
}

void print_report(const CalibrationReport& report, const CalibrateArguments& arguments) {
  const Calibration& stored = report.fit.calibration;
  fmt::print("{}", calibration_table(report));
  fmt::print("\nloss: {}; candidates: items of the history {}\n", report.loss_name,
             report.options.exclude_seen ? "excluded" : "included");
  if (report.request_time_known) fmt::print("{}\n", kRequestTimeKnown);
  fmt::print("fitted on {} validation users, checked on {} test users\n", report.fit.used,
             report.check.users);
  fmt::print("stored in {}: {}, link {}, offset {:.5f}, scale {:.5f}, shift {:.5f}\n",
             arguments.model, method_name(stored), link_name(stored.link), stored.offset,
             stored.scale, stored.shift);
}

void run_calibrate(const CalibrateArguments& arguments, const Globals& globals) {
  const std::filesystem::path result = std::filesystem::path(arguments.model) / "calibration.json";
  const auto lock = lock_run_of(arguments.model, "truenext calibrate");
  if (arguments.remove) {
    replace_calibration(arguments.model, std::nullopt);
    std::error_code ignored;
    std::filesystem::remove(result, ignored);
    log_info("{}: the calibration is removed", arguments.model);
    return;
  }
  Calibrating work(arguments, globals);
  const CalibrationReport report = calibrate(work, arguments);
  replace_calibration(arguments.model, report.fit.calibration);
  if (std::filesystem::is_directory(arguments.model)) {
    write_file_atomically(result, calibration_json(report));
    log_info("written: {}", result.string());
  }
  if (globals.json) {
    print_json(globals, calibration_json(report));
  } else {
    print_report(report, arguments);
  }
}

}  // namespace

void add_calibrate(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "calibrate", "Turn scores into probabilities: fit on validation, check on test, store");
  auto arguments = std::make_shared<CalibrateArguments>();
  verb.add_option("model", arguments->model, "Run folder or model file").required();
  verb.add_option("--data", arguments->data, "Dataset folder (default: the run's)");
  verb.add_option("--truth", arguments->truth,
                  "Truth file of a simulated log: compares with the true probabilities");
  verb.add_option(
          "--probability", arguments->probability,
          "normalised over a user's candidates, the same through a fitted curve (isotonic), "
          "or each item for itself")
      .show_default();
  verb.add_option("--set", arguments->settings,
                  "objective.KEY=VALUE: the loss of a model that does not say it (imported)");
  verb.add_flag("--include-seen", arguments->include_seen,
                "Items of the history are candidates (data with repeat consumption)");
  verb.add_option("--bins", arguments->check.bins, "Bins of the calibration errors")
      .between(1, 1000)
      .show_default();
  verb.add_option("--top", arguments->check.top, "Predictions per user that are looked at apart")
      .positive()
      .show_default();
  verb.add_flag("--remove", arguments->remove, "Remove the stored calibration, fit nothing");
  verb.callback([arguments, &globals] { run_calibrate(*arguments, globals); });
}

}  // namespace truenext::cli
