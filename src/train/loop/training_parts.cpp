// SPDX-License-Identifier: Apache-2.0
#include "train/loop/training_parts.h"

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "eval/evaluator.h"
#include "net/network.h"
#include "train/devices/devices.h"
#include "train/loop/pretraining_stage.h"
#include "train/optimise/weight_average.h"
#include "train/ranks/table_shards.h"

namespace truenext {
namespace {

Dataset open_training_data(RunConfig& config) {
  Dataset dataset = Dataset::open(config.data.path);
  const auto agree = [&](std::string& recorded, const std::string& actual, const char* what) {
    check_data(recorded.empty() || recorded == actual,
               "{}: {} {}, but the run was started with {}; resume with the data it began with",
               config.data.path, what, actual, recorded);
    recorded = actual;
  };
  agree(config.data.fingerprint, dataset.fingerprint(), "dataset fingerprint");
  agree(config.data.split_fingerprint, dataset.split_fingerprint(), "split fingerprint");
  const bool adds = config.model.attributes != AttributeUse::none;
  const bool pretrains = (config.train.task == TrainTask::pretraining || has_pretraining(config)) &&
                         config.pretrain.losses.needs_attributes();
  if (!adds && !pretrains) return dataset;
  check_data(!adds || dataset.attribute_ids().size() > 0,
             "{}: has no attributes, which model.attributes = \"{}\" needs; prepare the data with "
             "--attributes FILE, or set model.attributes=none",
             config.data.path, word_of(config.model.attributes));
  agree(config.data.attribute_fingerprint, dataset.attribute_fingerprint(),
        "attribute fingerprint");
  return dataset;
}

AttributeLists attributes_of(const ModelOptions& options, const Dataset& dataset) {
  if (options.attributes == AttributeUse::none) return {};
  return distinct_attributes(dataset.attributes(), dataset.attribute_ids().size());
}

std::vector<int64_t> item_counts(const ObjectiveOptions& objective, const Dataset& dataset) {
  if (!objective.counts_items()) return {};
  return count_items(dataset.histories(), dataset.splits(), dataset.num_items(),
                     &SplitPoint::train_end);
}

std::optional<Pretext> make_pretext(const RunConfig& config, const Dataset& dataset) {
  if (config.train.task != TrainTask::pretraining) return std::nullopt;
  const std::string& network = config.model.name;
  check_usage(find_network(network).pretrains,
              "train.task = \"pretraining\": {} cannot be pretrained, for it cannot look both "
              "ways; use sasrec",
              network);
  check_usage(
      config.model.time == TimeUse::none,
      "model.time = \"{}\": the segments of a pretraining have no times; set it to \"none\" "
      "and train on from the model with --init-from, or leave the pretraining out",
      word_of(config.model.time));
  check_usage(config.model.similarity == Similarity::product,
              "model.similarity = \"cosine\": a pretraining compares vectors by their products; "
              "set it to \"product\", or leave the pretraining out");
  return Pretext(config.pretrain.losses, dataset.attributes(), dataset.attribute_ids().size());
}

bool observes(const RunConfig& config) {
  return config.train.task == TrainTask::next_item && config.objective.observation > 0;
}

std::vector<TensorInfo> training_tensors(const std::optional<Pretext>& pretext,
                                         const RunConfig& config, int64_t items) {
  if (observes(config)) return ObservationStep::tensors(items);
  return pretext ? pretext->tensors(config.model) : std::vector<TensorInfo>();
}

std::optional<ObservationStep> make_observation(const RunConfig& config, Model& model) {
  if (!observes(config)) return std::nullopt;
  check_usage(!config.model.padding_class,
              "model.padding_class = true: the observation term (objective.observation) is about "
              "items and says nothing of padding; set one of the two to 0");
  ObservationStep::start(model, static_cast<uint64_t>(config.train.seed));
  return ObservationStep(model, config.objective.observation);
}

ItemRows item_rows(int64_t items, TableShare share) {
  return {items, rows_of_rank(share.rank, share.ranks, items)};
}

}  // namespace

BatchOptions batch_options(const RunConfig& config) {
  BatchOptions options;
  options.batch_size = config.train.batch_size;
  options.max_length = config.model.max_length;
  options.tile_tokens = config.train.tile_tokens;
  options.max_batches = config.train.max_batches;
  options.target_positions = config.objective.positions;
  options.future = config.objective.future;
  options.with_seen = config.objective.needs_seen();
  options.with_pool = config.objective.needs_pool();
  options.with_places = config.objective.uses_labels();
  options.with_times = config.model.time != TimeUse::none;
  options.users = config.train.users;
  options.user_share = config.train.user_share;
  options.event_share = config.train.event_share;
  options.user_sample = static_cast<uint64_t>(config.train.user_sample);
  options.window = config.train.window;
  options.examples = config.train.examples;
  options.input_drop = config.train.input_drop;
  options.seed = static_cast<uint64_t>(config.train.seed);
  if (config.train.task == TrainTask::pretraining) {
    options.pretext = config.pretrain.losses;
    options.examples = Examples::prefixes;
    options.target_positions = TargetPositions::all;
    options.input_drop = 0;
    options.with_seen = options.with_pool = options.with_places = false;
  }
  return options;
}

namespace {

/// A process that keeps some rows cannot compose all.
void check_can_divide(const ModelOptions& model) {
  const bool attributes = model.attributes != AttributeUse::none;
  check_usage(!attributes && !model.output_bias && !model.padding_class,
              "--shard-tables: model.{} composes whole item tables in every step, so every process "
              "would have to hold them; set it to {}, or leave --shard-tables out",
              attributes          ? "attributes = \"add\""
              : model.output_bias ? "output_bias = true"
                                  : "padding_class = true",
              attributes ? "\"none\"" : "false");
}

}  // namespace

TableShare table_share(const TrainRequest& request, const Ranks& ranks) {
  if (!request.shard_tables) return {};
  check_usage(on_tiles(request.device),
              "--shard-tables divides item tables among processes on the CPU, but --device is {}; "
              "leave one of the two out",
              request.device);
  const ObjectiveOptions& objective = request.config.objective;
  check_usage(objective.sampled() || request.config.train.task == TrainTask::pretraining,
              "--shard-tables: objective.candidates = \"{}\" reads the whole item table in every "
              "step, so every process would have to hold it; sample candidates, e.g. "
              "objective.candidates=uniform, or leave --shard-tables out",
              word_of(objective.candidates));
  check_usage(
      request.config.train.norm_penalty == 0,
      "--shard-tables: train.norm_penalty = {} takes the norm of whole item tables in every "
      "step; leave one of the two out",
      request.config.train.norm_penalty);
  check_usage(request.config.train.table_norm == 0,
              "--shard-tables: train.table_norm = {} takes the norm of whole item tables in every "
              "step; use train.l2 or train.weight_decay, which need a row at a time, or leave "
              "--shard-tables out",
              request.config.train.table_norm);
  check_can_divide(request.config.model);
  return {ranks.rank(), ranks.size()};
}

namespace {

void check_penalty(const RunConfig& config) {
  const double factor = config.train.norm_penalty;
  check_usage(factor == 0 || find_network(config.model.name).penalises != nullptr,
              "train.norm_penalty = {}: the original of {} adds no norms of weights to its loss; "
              "want 0, or train.table_norm for that of the item table",
              factor, config.model.name);
}

/// Only a softmax over everything has a class for what is no item.
void check_padding_class(const RunConfig& config) {
  if (!config.model.padding_class) return;
  check_usage(config.train.task == TrainTask::next_item,
              "model.padding_class = true: padding is a class of the softmax over the catalogue, "
              "and a pretraining has none; set it to false");
  const ObjectiveOptions& objective = config.objective;
  check_usage(objective.candidates == CandidateSet::full && objective.criterion == "softmax",
              "model.padding_class = true: padding is a class of the softmax over the whole "
              "catalogue, and objective.candidates = \"{}\" with criterion = \"{}\" is none; set "
              "it to false, or use candidates = \"full\" with criterion = \"softmax\"",
              word_of(objective.candidates), objective.criterion);
}

/// A state that has seen its target learns to copy it.
void check_no_target_is_seen(const RunConfig& config) {
  const bool all = config.objective.positions != TargetPositions::last &&
                   config.objective.positions != TargetPositions::masked &&
                   config.train.examples == Examples::sequences;
  if (!all || is_causal(find_network(config.model.name), config.model)) return;
  check_usage(config.model.padding == PaddingUse::attend,
              "objective.positions = \"all\": {} looks at the whole window, so that a position "
              "sees its own target; use train.examples = \"prefixes\" or objective.positions = "
              "\"last\"",
              config.model.name);
  log_warning(
      "model.padding = \"attend\": as published, the graph of a whole window shows positions the "
      "edge that leads to their target; compatibility only");
}

void check_hidden_inputs(const RunConfig& config) {
  const TargetPositions positions = config.objective.positions;
  check_usage(positions != TargetPositions::hidden || config.train.examples == Examples::sequences,
              "objective.positions = \"{}\": train.examples = \"prefixes\" trains the newest "
              "position of each; use one of the two",
              word_of(positions));
  check_usage(
      config.train.input_drop == 0 || config.model.name != "sr-gnn",
      "train.input_drop = {}: the graph of sr-gnn is made of the items themselves, of which "
      "none can be hidden; want 0",
      config.train.input_drop);
}

/// What a network is asked in use is what it has to be trained for.
void check_masks(const RunConfig& config) {
  const bool fills = find_network(config.model.name).fills_masks;
  const bool masked = config.objective.positions == TargetPositions::masked;
  check_usage(
      masked || !fills,
      "objective.positions = \"{}\": {} is asked for what a hidden place holds, so train "
      "it for that: objective.positions = \"masked\" with train.input_drop, e.g. 0.2, or with "
      "train.examples = \"prefixes\"",
      word_of(config.objective.positions), config.model.name);
  check_usage(fills || !masked,
              "objective.positions = \"masked\": {} is asked for the next item, not for what a "
              "hidden place holds; use \"all\", or \"hidden\" with train.input_drop",
              config.model.name);
  check_usage(!masked || config.objective.future.future_items == 1,
              "objective.future_items = {}: a masked position has one target, its item; want 1",
              config.objective.future.future_items);
}

}  // namespace

TrainingParts::TrainingParts(RunConfig& config, int threads, int64_t deferred_rows,
                             TableShare share)
    : dataset(open_training_data(config)),
      pool(threads),
      pretext(make_pretext(config, dataset)),
      model(make_model(config.model, item_rows(dataset.num_items(), share),
                       static_cast<uint64_t>(config.train.seed),
                       attributes_of(config.model, dataset),
                       training_tensors(pretext, config, dataset.num_items()))),
      observation(make_observation(config, *model)),
      labels(open_labels(config, dataset)),
      objective(config.objective, dataset.num_items(), item_counts(config.objective, dataset)),
      adam(model->parameters(), config.train),
      batcher(dataset, batch_options(config)),
      engine(*model, objective, adam, config.train, pool) {
  check_penalty(config);
  check_padding_class(config);
  if (config.train.average == WeightAverage::ema) {
    adam.keep_average(average_decay(config.train, batcher.batches_per_epoch()));
  }
  if (labels.source) objective.learn_from(*labels.source);
  if (observation) engine.observe(*observation);
  if (pretext) {
    engine.pretrain(*pretext);
  } else {
    check_hidden_inputs(config);
    check_masks(config);
    check_no_target_is_seen(config);
  }
  if (dataset.num_items() < deferred_rows) return;
  if (!norm_terms(*model, config.train).empty()) return;  // read and move every row in every step
  if (model->composed().exist() && !model->composed().by_row()) return;  // likewise
  for (const int64_t table : {model->input_table(), model->output_table()}) adam.defer(table);
}

}  // namespace truenext
