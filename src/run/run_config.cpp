// SPDX-License-Identifier: Apache-2.0
#include "run/run_config.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace truenext {

void DataOptions::list(OptionList& options) {
  options.add("path", path, "dataset folder made by `truenext prepare`");
  options.add("from_run", from_run,
              "the way to it from the run folder, filled in when training starts");
  options.add("fingerprint", fingerprint, "of the dataset, filled in when training starts");
  options.add("split_fingerprint", split_fingerprint,
              "of its split, filled in when training starts");
  options.add("attribute_fingerprint", attribute_fingerprint,
              "of its attributes where they are used, filled in when training starts");
}

void TrainOptions::list(OptionList& options) {
  options.add("task", task,
              "what is trained: the next item by the objective, or the losses of [pretrain] "
              "(pretraining), from whose model other runs start with --init-from");
  options.add("seed", seed, "everything random follows from it").at_least(0);
  options.add("epochs", epochs, "passes over the users at most").at_least(0);
  options
      .add("batch_size", batch_size,
           "users per step; with train.examples = \"prefixes\" so many prefixes")
      .at_least(1);
  options.add("max_batches", max_batches, "steps per epoch at most, 0 = all users").at_least(0);
  options.add("users", users,
              "users of an epoch: each once, or whole batches drawn with replacement");
  options.add("examples", examples,
              "what a step is made of: windows of users (sequences), or every prefix of each, "
              "trained at its newest position only, shuffled over all users (prefixes)");
  options
      .add("input_drop", input_drop,
           "share of the inputs of an example that the network is not told, drawn anew in every "
           "epoch; their places and targets stay")
      .range(0, 0.99);
  options
      .add("user_share", user_share,
           "share of the users whose training part is trained on; all are validated")
      .range(0.01, 1);
  options
      .add("event_share", event_share,
           "chance of every event of a training part to be trained on; the others are left out of "
           "histories and targets")
      .range(0.01, 1);
  options
      .add("user_sample", user_sample,
           "seed of which users and events those are, which is not train.seed")
      .at_least(0);
  options.add("window", window,
              "part of a history longer than model.max_length: the newest items, or a random "
              "stretch in every epoch");
  options
      .add("tile_tokens", tile_tokens,
           "tokens that one worker handles at a time, 0 = by the batch; part of the bits")
      .at_least(0);
  options.add(
      "table_optimizer", table_optimizer,
      "rule for embedding tables: adam is exact, the others move only rows with a gradient");
  options.add("learning_rate", learning_rate, "of Adam").range(0, 10);
  options.add("beta1", beta1, "of Adam").range(0, 0.999999);
  options.add("beta2", beta2, "of Adam").range(0, 0.9999999);
  options.add("epsilon", epsilon, "of Adam").range(0, 1);
  options.add("weight_decay", weight_decay, "decoupled, as AdamW").range(0, 1);
  options.add("l2", l2, "factor of the weights added to their gradient").range(0, 1);
  options
      .add("table_norm", table_norm,
           "factor of the Frobenius norm (not squared) of each item table, added to the loss")
      .at_least(0);
  options
      .add("norm_penalty", norm_penalty,
           "factor of the Frobenius norm (not squared) of each weight that the network's original "
           "penalises, added to the loss")
      .at_least(0);
  options.add("clip_norm", clip_norm, "largest global gradient norm, 0 = no clipping").at_least(0);
  options.add("schedule", schedule, "learning rate after the warm-up");
  options.add("warmup_steps", warmup_steps, "steps of linear warm-up").at_least(0);
  options.add("average", average,
              "ema: the exponential moving average of the weights over the steps is validated "
              "beside them, and the better of the two becomes the model");
  options
      .add("average_decay", average_decay,
           "share of the average that a step keeps, e.g. 0.998; 0 = by train.average_epochs")
      .range(0, 0.9999999)
      .only_with("train.average", {"ema"});
  options
      .add("average_epochs", average_epochs,
           "epochs whose steps the average reaches back: a step keeps 1 - 1 / (steps of so many "
           "epochs)")
      .range(0.001, 1e6)
      .only_with("train.average", {"ema"});
  options.add("valid_metric", valid_metric, "metric that picks the best epoch");
  options.add("valid_every", valid_every, "epochs between validations").at_least(1);
  options.add("valid_users", valid_users, "sample of validation users, 0 = all").at_least(0);
  options
      .add("valid_sample", valid_sample,
           "seeded sample of validation users for the validations between full ones, the same "
           "each time; the best epoch by it is confirmed on all before it becomes the model; 0 = "
           "every validation is on all")
      .at_least(0);
  options
      .add("valid_full_every", valid_full_every,
           "with valid_sample, every which validation is on all users")
      .at_least(1);
  options.add("patience", patience, "validations without improvement before stopping, 0 = never")
      .at_least(0);
  options.add("checkpoint_steps", checkpoint_steps, "steps between checkpoints besides every epoch")
      .at_least(0);
  options.add("exclude_seen", exclude_seen, "items of the history are no candidates");
  options.add("store_counts", store_counts,
              "write into the model file how often each item followed each other in the training "
              "part, for --blend in use");
  options.add("init_from", init_from,
              "run folder or model file whose weights training starts from; empty = random");
  options.add("init_fingerprint", init_fingerprint,
              "of those weights and their item ids, filled in when training starts");
  options.add("new_items", new_items,
              "with init_from, start rows of items that it does not know: random, or the mean of "
              "its rows");
}

void PretrainOptions::list(OptionList& options) {
  options
      .add("epochs", epochs,
           "passes over all prefixes in a stage before the training, which starts from its model; "
           "0 = no such stage")
      .at_least(0);
  options.add("batch_size", batch_size, "prefixes per step of the stage").at_least(1);
  options.add("learning_rate", learning_rate, "of Adam in the stage").range(0, 10);
  losses.list(options);
}

void WatchOptions::list(OptionList& options) {
  options.add("parts", parts,
              "parts of the split that are measured during training, for the record; nothing is "
              "chosen by it");
  const std::vector<std::string> any = {"valid", "test", "both"};
  options.add("every", every, "epochs between measurements; the first is before the first epoch")
      .at_least(1)
      .only_with("watch.parts", any);
  options.add("metrics", metrics, "what is measured, as in `truenext evaluate --metrics`")
      .only_with("watch.parts", any);
  options.add("candidates", candidates, "what held-out items are ranked against, docs/protocols.md")
      .only_with("watch.parts", any);
  options.add("per_user", per_user, "also one file of values per user, epoch and part")
      .only_with("watch.parts", any);
}

void RunConfig::list(OptionList& options) {
  options.add("preset", preset, "preset the configuration began as");
  options.add("version", version, "version of truenext that wrote the file");
  options.section("data", data);
  options.section("model", model);
  options.section("objective", objective);
  options.section("train", train);
  options.section("pretrain", pretrain);
  options.section("labels", labels);
  options.section("teachers", teachers);
  options.section("watch", watch);
}

namespace {

constexpr std::string_view kCompat = "compat-";

/// Presets by the names that Li et al. (2023) give them, after their loss, beside those they have
/// here.
constexpr std::pair<std::string_view, std::string_view> kTheirNames[] = {
    {"gru4rec-cce", "gru4rec-ce"}, {"s3rec-cce", "s3-rec"}, {"s3rec-bce", "s3-rec-bce"}};

std::string our_name(const std::string& name) {
  const auto* found =
      std::ranges::find(kTheirNames, name, [](const auto& pair) { return pair.first; });
  return found == std::end(kTheirNames) ? name : std::string(found->second);
}

/// Names of the presets of one kind, without `prefix`: those that begin with it, or, when it is
/// empty, those that do not begin with kCompat.
std::vector<std::string> names_of(std::string_view prefix) {
  std::vector<std::string> names;
  for (const Preset& preset : preset_list()) {
    const bool compat = preset.name.starts_with(kCompat);
    if (compat == !prefix.empty()) names.push_back(preset.name.substr(prefix.size()));
  }
  return names;
}

/// Applies the preset `prefix` + name; only those of that kind are known.
void apply_listed(RunConfig& config, std::string_view prefix, const std::string& name,
                  const char* option) {
  const std::vector<std::string> known = names_of(prefix);
  if (std::ranges::find(known, name) != known.end()) {
    const auto preset = std::ranges::find(preset_list(), std::string(prefix) + name, &Preset::name);
    OptionList options;
    config.list(options);
    apply_toml(options, preset->text, "preset " + preset->name, {"expected"});
    return;
  }
  check_usage(name != kAutoPreset,
              "{} {}: it looks at a dataset and chooses, and only `truenext train --data FOLDER` "
              "has one to look at; known are {}",
              option, name, fmt::join(known, ", "));
  const std::string near = nearest_word(name, known);
  fail_usage("{} {}: unknown{}; known are {}", option, name,
             near.empty() ? "" : fmt::format(", did you mean {}?", near), fmt::join(known, ", "));
}

}  // namespace

bool is_scheme(const std::string& preset) {
  const auto found = std::ranges::find(preset_list(), preset, &Preset::name);
  return found != preset_list().end() && !preset.starts_with(kCompat) &&
         found->text.find("[model]") == std::string::npos;
}

std::vector<std::string> preset_names() {
  return names_of("");
}

std::vector<std::string> compat_names() {
  return names_of(kCompat);
}

void apply_preset(RunConfig& config, const std::string& name) {
  if (is_scheme(name)) {  // on top of a student
    if (config.preset.empty()) apply_preset(config, kUsualStudent);
    apply_listed(config, "", name, "--preset");
    config.preset = fmt::format("{} of {}", name, config.preset);
    return;
  }
  apply_listed(config, "", our_name(name), "--preset");
  config.preset = name;
}

void apply_compat(RunConfig& config, const std::string& name) {
  const std::string network = config.model.name;
  apply_listed(config, kCompat, name, "--compat");
  check_usage(
      config.preset.empty() || config.model.name == network,
      "--compat {}: is about {}, and --preset {} is {}; leave it out, or begin with a preset "
      "of {}",
      name, config.model.name, config.preset, network, config.model.name);
  const char* between = config.preset.empty() ? "" : " ";
  config.preset = fmt::format("{}{}{}{}", config.preset, between, kCompat, name);
}

void apply_text(RunConfig& config, std::string_view text, const std::string& source) {
  OptionList options;
  config.list(options);
  apply_toml(options, text, source, {"expected"});
}

void apply_file(RunConfig& config, const std::filesystem::path& path) {
  apply_text(config, read_file(path, uint64_t{1} << 20), path.string());
}

void apply_settings(RunConfig& config, const std::vector<std::string>& settings,
                    const std::string& origin) {
  OptionList options;
  config.list(options);
  for (const std::string& setting : settings) apply_setting(options, setting, origin);
}

std::string config_text(RunConfig& config) {
  OptionList options;
  config.list(options);
  return to_toml(options);
}

void clear_fingerprints(RunConfig& config) {
  config.data.from_run.clear();
  config.data.fingerprint.clear();
  config.data.split_fingerprint.clear();
  config.data.attribute_fingerprint.clear();
  config.train.init_fingerprint.clear();
  config.labels.fingerprint.clear();
}

std::string placeless_text(RunConfig config) {
  config.data.path.clear();
  config.data.from_run.clear();
  config.labels.path.clear();  // labels.fingerprint says which they were
  config.labels.teachers.clear();
  config.train.init_from.clear();  // init_fingerprint says which weights they were
  return config_text(config);
}

std::string truenext_version() {
  return TRUENEXT_VERSION;
}

}  // namespace truenext
