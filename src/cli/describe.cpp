// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "cli/attribute_text.h"
#include "cli/commands.h"
#include "cli/noise_text.h"
#include "data/attributes.h"
#include "data/dataset.h"
#include "data/dataset_files.h"
#include "data/dataset_summary.h"
#include "data/noise.h"
#include "data/noise_report.h"
#include "data/temporal_sides.h"
#include "data/windows.h"

namespace truenext::cli {
namespace {

using Json = nlohmann::ordered_json;

Json counts_json(const CountSummary& counts) {
  return {{"count", counts.count},
          {"total", counts.total},
          {"min", counts.min},
          {"lower_quartile", counts.lower_quartile},
          {"median", counts.median},
          {"mean", counts.mean},
          {"upper_quartile", counts.upper_quartile},
          {"max", counts.max},
          {"mode", counts.mode},
          {"std", counts.deviation}};
}

Json targets_json(const TargetSummary& targets) {
  return {{"users", targets.users},
          {"targets", targets.targets},
          {"items", targets.items},
          {"in_history", targets.in_history},
          {"never_trained", targets.never_trained},
          {"before_training", targets.before_training}};
}

Json side_json(const TemporalSide& side, const DatasetSummary& summary) {
  const auto share = [](int64_t part, int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  return {{"events", side.events},
          {"event_share", share(side.events, summary.events)},
          {"users", side.users},
          {"user_share", share(side.users, summary.users)}};
}

/// Null for splits that are not temporal.
Json sides_json(const std::optional<TemporalSides>& sides, const DatasetSummary& summary) {
  if (!sides) return nullptr;
  return {{"valid_time", sides->cut.valid_time},
          {"test_time", sides->cut.test_time},
          {"before", side_json(sides->train, summary)},
          {"between", side_json(sides->valid, summary)},
          {"behind", side_json(sides->test, summary)}};
}

Json summary_json(const Dataset& dataset, const DatasetSummary& summary) {
  const AttributeCounts counts =
      count_attributes(dataset.attributes(), dataset.attribute_ids().size());
  return {{"dataset", dataset.folder().string()},
          {"users", summary.users},
          {"items", summary.items},
          {"events", summary.events},
          {"distinct_pairs", summary.distinct_pairs},
          {"sparsity", summary.sparsity},
          {"history_lengths", counts_json(summary.history_lengths)},
          {"item_counts", counts_json(summary.item_counts)},
          {"train_lengths", counts_json(summary.train_lengths)},
          {"repeated_pairs", summary.repeated_pairs},
          {"users_with_repeats", summary.users_with_repeats},
          {"has_times", dataset.has_times()},
          {"has_values", dataset.has_values()},
          {"ties", summary.ties},
          {"users_with_ties", summary.users_with_ties},
          {"duplicates", summary.duplicates},
          {"first_time", summary.first_time},
          {"last_time", summary.last_time},
          {"attributes", dataset.attribute_ids().size()},
          {"attribute_entries", counts.entries},
          {"items_with_attributes", counts.items_with},
          {"repeated_attributes", counts.repeats},
          {"split", dataset.split_name()},
          {"temporal_cut", sides_json(temporal_sides(dataset), summary)},
          {"windows", windows_json(window_report(dataset))},
          {"noise", noise_json(noise_report(dataset))},
          {"items_never_trained", summary.items_never_trained},
          {"valid", targets_json(summary.valid)},
          {"test", targets_json(summary.test)},
          {"fingerprint", dataset.fingerprint()},
          {"split_fingerprint", dataset.split_fingerprint()},
          {"attribute_fingerprint", dataset.attribute_fingerprint()}};
}

std::string counts_row(const char* name, const CountSummary& counts) {
  return fmt::format("  {:<18}{:>8}{:>10.1f}{:>10.1f}{:>10.2f}{:>10.1f}{:>9}{:>8}{:>10.2f}\n", name,
                     counts.min, counts.lower_quartile, counts.median, counts.mean,
                     counts.upper_quartile, counts.max, counts.mode, counts.deviation);
}

std::string share(int64_t part, int64_t whole) {
  if (whole == 0) return "";
  return fmt::format("{:.2f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string events_text(const Dataset& dataset, const DatasetSummary& summary) {
  std::string text =
      fmt::format("{}\n  {} users, {} items, {} events, sparsity {:.4f} % ({} different pairs)\n\n",
                  dataset.folder().string(), summary.users, summary.items, summary.events,
                  100 * summary.sparsity, summary.distinct_pairs);
  text += fmt::format("  {:<18}{:>8}{:>10}{:>10}{:>10}{:>10}{:>9}{:>8}{:>10}\n", "", "min", "25 %",
                      "median", "mean", "75 %", "max", "mode", "std");
  text += counts_row("events per user", summary.history_lengths);
  text += counts_row("  in training", summary.train_lengths);
  text += counts_row("events per item", summary.item_counts);
  text += fmt::format("\n  {:<32}{:>12}  {} of {} users\n", "repeated (user, item) pairs",
                      summary.repeated_pairs, share(summary.repeated_pairs, summary.events),
                      summary.users_with_repeats);
  if (dataset.has_times()) {
    text += fmt::format("  {:<32}{:>12}  {} of {} users\n", "ties (time of the event before)",
                        summary.ties, share(summary.ties, summary.events), summary.users_with_ties);
    text += fmt::format("  {:<32}{:>12}\n", "duplicates (with equal time)", summary.duplicates);
    text += fmt::format("  {:<32}{} to {}\n", "times", summary.first_time, summary.last_time);
  } else {
    text += "  no times: the order is that of the source\n";
  }
  text += attribute_text(dataset, 32);
  return text;
}

/// Where a temporal split cuts, and how much lies on each side; empty for other splits.
std::string sides_text(const std::optional<TemporalSides>& sides, const DatasetSummary& summary) {
  if (!sides) return "";
  std::string text;
  const auto row = [&](const std::string& name, const TemporalSide& side) {
    text += fmt::format("  {:<44}{:>12}{:>10}{:>10}{:>10}\n", name, side.events,
                        share(side.events, summary.events), side.users,
                        share(side.users, summary.users));
  };
  const TemporalCut& cut = sides->cut;
  text += fmt::format("  {:<44}{:>12}{:>10}{:>10}\n", "cut times", "events", "", "users");
  row(fmt::format("training, before {}", cut.valid_time), sides->train);
  row(fmt::format("validation, {} and on", cut.valid_time), sides->valid);
  row(fmt::format("test, {} and on", cut.test_time), sides->test);
  return text;
}

/// What a split into windows leaks; empty for other splits.
std::string windows_text(const std::optional<WindowReport>& windows) {
  if (!windows) return "";
  std::string text;
  const auto row = [&](const char* name, int64_t count, const std::string& note) {
    text += fmt::format("  {:<32}{:>12}  {}\n", name, count, note);
  };
  row("windows, each a user here", windows->windows,
      fmt::format("of {} users with {} events", windows->users, windows->events));
  row("  training prefixes of them", windows->prefixes, "of two items and more");
  const auto held_out = [&](int64_t part) {
    return fmt::format("{} of {}", share(part, windows->held_out), windows->held_out);
  };
  row("  test targets leaked", windows->leaked_test,
      held_out(windows->leaked_test) + ": trained on in an overlapping window");
  row("  validation targets leaked", windows->leaked_valid, held_out(windows->leaked_valid));
  row("  judged before later windows", windows->before_others,
      held_out(windows->before_others) + ": later ones of their user are trained on");
  return text;
}

std::string split_text(const Dataset& dataset, const DatasetSummary& summary) {
  const TargetSummary& valid = summary.valid;
  const TargetSummary& test = summary.test;
  std::string text = fmt::format("\n  split: {}\n", dataset.split_name());
  if (const auto noise = noise_report(dataset)) text += noise_text(*noise);
  text += sides_text(temporal_sides(dataset), summary);
  text += windows_text(window_report(dataset));
  text += fmt::format("  {:<32}{:>12}  of {} users\n", "training events",
                      summary.train_lengths.total, summary.train_lengths.count);
  text +=
      fmt::format("  {:<32}{:>12}\n", "items never seen in training", summary.items_never_trained);
  text += fmt::format("  {:<32}{:>12}{:>11}{:>12}\n", "", "validation", "", "test");
  const auto row = [&](const char* name, int64_t TargetSummary::*part, bool with_share) {
    text += fmt::format("  {:<32}{:>12}{:>11}{:>12}{:>11}\n", name, valid.*part,
                        with_share ? share(valid.*part, valid.targets) : "", test.*part,
                        with_share ? share(test.*part, test.targets) : "");
  };
  row("users", &TargetSummary::users, false);
  row("targets", &TargetSummary::targets, false);
  row("different items among them", &TargetSummary::items, false);
  row("already in the history", &TargetSummary::in_history, true);
  row("never seen in training", &TargetSummary::never_trained, true);
  if (dataset.has_times()) {
    row("older than training events", &TargetSummary::before_training, true);
  }
  text += fmt::format("  fingerprint {}, with split {}\n", dataset.fingerprint(),
                      dataset.split_fingerprint());
  if (const std::string& attributes = dataset.attribute_fingerprint(); !attributes.empty()) {
    text += fmt::format("  fingerprint of the attributes {}\n", attributes);
  }
  return text;
}

}  // namespace

void add_describe(Command& program, Globals& globals) {
  Command verb =
      program.add_verb("describe", "Counts, lengths, split and leakage checks of a dataset");
  auto folder = std::make_shared<std::string>();
  verb.add_option("dataset", *folder, "Dataset folder made by prepare").required();
  verb.callback([folder, &globals] {
    const Dataset dataset = Dataset::open(*folder);
    const DatasetSummary summary = summarise(dataset);
    if (globals.json) {
      const Json json = summary_json(dataset, summary);
      fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
    } else {
      fmt::print("{}{}", events_text(dataset, summary), split_text(dataset, summary));
    }
  });
}

}  // namespace truenext::cli
