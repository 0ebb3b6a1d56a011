// SPDX-License-Identifier: Apache-2.0
#include "run/preset_choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "run/few_steps.h"
#include "run/run_config.h"

namespace truenext {
namespace {

/// Training events of a user in the median from which a history is long, as of films or check-ins.
constexpr double kLongHistory = 40;
/// Training events from which HSTU blocks are better than the usual ones: they are on ML-1M
/// (988,000), and are not on ML-100K (97,000); docs/choosing.md.
constexpr double kManyEvents = 3e5;
/// Full cross-entropy scores every item at every trained position. At width 128 a score costs 14 ns
/// of one core (sasrec-shop on Beauty: 60 epochs of 1.55e9 scores in 1,303 s,
/// docs/studies/quality.md), so that above so many an epoch takes more than about ten minutes.
constexpr double kManyScores = 5e10;
/// Share of training events whose user had the item before from which items may come back.
constexpr double kRepeats = 0.1;
/// Windows that are tried, longest last.
constexpr int64_t kWindows[] = {50, 100, 200};

void add(PresetChoice& choice, std::string setting, std::string reason) {
  choice.settings.push_back(std::move(setting));
  choice.reasons.push_back(std::move(reason));
}

void choose_model(PresetChoice& choice, const DatasetSummary& summary) {
  const double events = static_cast<double>(summary.train_lengths.total);
  const double scores = events * static_cast<double>(summary.items);
  const double median = summary.train_lengths.median;
  if (scores > kManyScores) {
    choice.preset = "gsasrec";
    choice.reasons.push_back(
        fmt::format("{:.0f} training events x {} items are too many scores for the whole catalogue "
                    "at every position: sampled negatives",
                    events, summary.items));
  } else if (median >= kLongHistory) {
    const bool many = events >= kManyEvents;
    choice.preset = many ? "sasrec-movies" : "sasrec-ce";
    choice.reasons.push_back(
        fmt::format("long histories ({:.0f} training events in the median), {:.0f} events in all: "
                    "{} blocks over random windows of them, under a cosine schedule",
                    median, events, many ? "HSTU" : "usual"));
  } else {
    choice.preset = "sasrec-shop";
    choice.reasons.push_back(
        fmt::format("short histories ({:.0f} training events in the median): high dropout, L2, "
                    "cosine head",
                    median));
  }
}

/// The shortest window that three quarters of the users fit in.
void choose_window(PresetChoice& choice, const DatasetSummary& summary) {
  const double most = summary.train_lengths.upper_quartile;
  const auto* fitting = std::ranges::find_if(
      kWindows, [most](int64_t window) { return static_cast<double>(window) >= most; });
  const int64_t window =
      fitting == std::end(kWindows) ? kWindows[std::size(kWindows) - 1] : *fitting;
  add(choice, fmt::format("model.max_length={}", window),
      fmt::format("three quarters of the users have up to {:.0f} training events", most));
}

void choose_batch(PresetChoice& choice, const DatasetSummary& summary) {
  RunConfig config;
  apply_preset(config, choice.preset);
  const int64_t preset_batch = config.train.batch_size;
  const int64_t users = summary.train_lengths.count;
  const int64_t batch = batch_of_few(users);
  if (steps_of(users, preset_batch) >= kFewSteps || batch >= preset_batch) return;
  add(choice, fmt::format("train.batch_size={}", batch),
      fmt::format("{} users are few: {} steps an epoch", users, steps_of(users, batch)));
}

void choose_seen(PresetChoice& choice, const DatasetSummary& summary) {
  const double repeats =
      static_cast<double>(summary.train_repeats) / static_cast<double>(summary.train_lengths.total);
  if (repeats < kRepeats) return;
  add(choice, "train.exclude_seen=false",
      fmt::format(
          "{:.0f} % of the training events are of an item that their user had before: items "
          "of the history stay candidates",
          100 * repeats));
}

}  // namespace

PresetChoice PresetChoice::without(const std::vector<std::string>& keys) const {
  const auto key = [](const std::string& setting) { return setting.substr(0, setting.find('=')); };
  PresetChoice rest{preset, {}, {reasons.front()}};
  for (size_t k = 0; k < settings.size(); ++k) {
    const bool set = std::ranges::any_of(
        keys, [&](const std::string& each) { return key(each) == key(settings[k]); });
    if (!set) add(rest, settings[k], reasons[k + 1]);
  }
  return rest;
}

PresetChoice choose_preset(const DatasetSummary& summary) {
  check_data(summary.train_lengths.total > 0,
             "--preset {}: no user has a training part, so there is nothing to choose by",
             kAutoPreset);
  PresetChoice choice;
  choose_model(choice, summary);
  choose_window(choice, summary);
  choose_batch(choice, summary);
  choose_seen(choice, summary);
  return choice;
}

}  // namespace truenext
