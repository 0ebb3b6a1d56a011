// SPDX-License-Identifier: Apache-2.0
#include "run/unused_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "net/block_style.h"
#include "net/network.h"

namespace truenext {
namespace {

/// Of a key of section "model" that other networks read.
std::string network_reason(const RunConfig& config, const Option& option) {
  constexpr std::string_view kSection = "model.";
  if (!option.key().starts_with(kSection)) return "";
  const std::vector<std::string> readers =
      networks_reading(std::string_view(option.key()).substr(kSection.size()));
  if (std::ranges::find(readers, config.model.name) != readers.end()) return "";
  return fmt::format("model.name is \"{}\"; {} {} it", config.model.name, fmt::join(readers, ", "),
                     readers.size() > 1 ? "read" : "reads");
}

/// Of a key that matters only with some values of another one.
std::string condition_reason(OptionList& options, const Option& option) {
  const OptionCondition& condition = option.condition();
  if (condition.key.empty()) return "";
  const std::string value = options.find(condition.key, "condition").toml_value();
  for (const std::string& wanted : condition.values) {
    if (value == wanted || value == fmt::format("\"{}\"", wanted) ||
        value == fmt::format("'{}'", wanted)) {
      return "";
    }
  }
  return fmt::format("{} is {}; it matters with {}", condition.key, value,
                     fmt::join(condition.values, ", "));
}

/// Conditions that are no choice of words.
std::string number_reason(const RunConfig& config, const std::string& key) {
  static const std::set<std::string> of_future = {"objective.relevance", "objective.normalise",
                                                  "objective.edge", "objective.repeats"};
  if (of_future.contains(key) && config.objective.future.future_items == 1) {
    return "objective.future_items is 1; it matters with more";
  }
  if (key == "model.inner_size" && !block_style(config.model.block).feed_forward) {
    return fmt::format("model.block is \"{}\", which has no feed-forward part", config.model.block);
  }
  if (key == "train.valid_full_every" && config.train.valid_sample == 0) {
    return "train.valid_sample is 0, so every validation is on all users";
  }
  if (key == "train.average_epochs" && config.train.average_decay > 0) {
    return "train.average_decay is set, which holds";
  }
  if (key == "train.new_items" && config.train.init_from.empty()) {
    return "train.init_from is empty, so no item is new";
  }
  return "";
}

std::string label_reason(const RunConfig& config, const std::string& key) {
  if (!key.starts_with("labels.")) return "";
  if (!config.objective.uses_labels())
    return "objective.label_share is 0, so there are no soft labels";
  const bool made = !config.labels.path.empty();
  if (!made || key == "labels.path") return "";
  return "labels.path names labels that are made; it matters with labels.teachers";
}

/// What a pretraining reads, and what is read of it otherwise.
std::string pretraining_reason(const RunConfig& config, const std::string& key) {
  static const std::set<std::string> of_next_item = {
      "train.input_drop",   "train.examples",         "train.patience",
      "train.new_items",    "train.valid_users",      "train.valid_metric",
      "train.valid_sample", "train.valid_full_every", "train.store_counts"};
  static const std::set<std::string> of_stage = {"epochs", "batch_size", "learning_rate"};
  const bool staged = config.pretrain.epochs > 0;
  const std::string last = key.substr(key.find('.') + 1);
  if (config.train.task == TrainTask::pretraining) {
    if (key.starts_with("objective.") || of_next_item.contains(key)) {
      return "train.task is \"pretraining\"; it matters for the next item";
    }
    if (!of_stage.contains(last)) return "";
    if (staged && key.starts_with("train.")) {
      return fmt::format("pretrain.epochs is set, so pretrain.{} holds", last);
    }
    if (!staged && key.starts_with("pretrain.")) {
      return fmt::format("pretrain.epochs is 0, so train.{} holds", last);
    }
    return "";
  }
  if (!key.starts_with("pretrain.")) return "";
  if (!config.train.init_from.empty()) return "train.init_from takes the place of the pretraining";
  return staged || last == "epochs" ? "" : "pretrain.epochs is 0, so nothing is pretrained";
}

}  // namespace

std::vector<UnusedSetting> unused_settings(RunConfig config, const std::vector<std::string>& keys) {
  OptionList options;
  config.list(options);
  std::vector<UnusedSetting> unused;
  for (const Option& option : options.all()) {
    if (std::find(keys.begin(), keys.end(), option.key()) == keys.end()) continue;
    std::string reason = network_reason(config, option);
    if (reason.empty()) reason = condition_reason(options, option);
    if (reason.empty()) reason = number_reason(config, option.key());
    if (reason.empty()) reason = label_reason(config, option.key());
    if (reason.empty()) reason = pretraining_reason(config, option.key());
    if (!reason.empty()) unused.push_back({option.key(), reason});
  }
  return unused;
}

std::vector<std::string> changed_keys(RunConfig before, RunConfig after) {
  RunConfig resolved;
  resolved.model.name = after.model.name;
  resolved.model.resolve();
  OptionList old_options, new_options, resolved_options;
  before.list(old_options);
  after.list(new_options);
  resolved.list(resolved_options);
  std::vector<std::string> keys;
  for (size_t i = 0; i < new_options.all().size(); ++i) {
    const Option& option = new_options.all()[i];
    const std::string value = option.toml_value();
    const bool is_default =
        option.key().starts_with("model.") && value == resolved_options.all()[i].toml_value();
    if (value != old_options.all()[i].toml_value() && !is_default) keys.push_back(option.key());
  }
  return keys;
}

std::vector<std::string> keys_of_file(const std::filesystem::path& file) {
  RunConfig config;
  apply_file(config, file);
  return changed_keys(RunConfig(), config);
}

}  // namespace truenext
