// SPDX-License-Identifier: Apache-2.0
#include "train/loop/start_summary.h"

#include <fmt/format.h>

#include <cmath>

#include "batch/batch.h"
#include "net/scoring.h"

namespace truenext {
namespace {

/// Weights, two moments, maybe an average, and the gradient sums that can wait in the tree at once:
/// one per worker and one per level. Those of divided tables have the rows of a step only and are
/// left out.
double memory_estimate(const Model& model, const RunConfig& config, int threads) {
  double kept = 0, whole = 0;  // bytes of weights: here, and of those that are not divided
  for (int64_t i = 0; i < model.parameters().size(); ++i) {
    const Parameter& parameter = model.parameters()[i];
    const double bytes = 4.0 * static_cast<double>(parameter.value.size());
    kept += bytes;
    if (!parameter.divided()) whole += bytes;
  }
  for (const int64_t place : model.composed().places()) {
    const double numbers = static_cast<double>(model.composed().width(place) * model.num_items());
    kept += 4.0 / 3 * numbers;  // no moments
    whole += 4.0 * numbers;
  }
  const int64_t tokens = config.train.batch_size * config.model.max_length;
  const int64_t tile =
      config.train.tile_tokens > 0 ? config.train.tile_tokens : tile_tokens_of(tokens);
  const double tiles = std::ceil(static_cast<double>(tokens) / static_cast<double>(tile));
  if (config.train.average != WeightAverage::none) kept *= 4.0 / 3;
  const double waiting = threads + std::log2(std::max(2.0, tiles));
  return 3.0 * kept + waiting * whole;
}

std::string layers(const Model& model) {
  std::string text;
  for (int64_t i = 0; i < model.parameters().size(); ++i) {
    const Parameter& parameter = model.parameters()[i];
    text += fmt::format("\n    {:<36} {}", parameter.name, fmt::join(parameter.shape, " x "));
  }
  return text;
}

std::string times_text(const ModelOptions& model) {
  if (model.time == TimeUse::none) return "";
  return fmt::format(
      ", times of {} ({})",
      model.time == TimeUse::past ? "the history" : "history and request, request time known",
      word_of(model.time_form));
}

}  // namespace

std::string start_summary(const RunConfig& config, const TrainingParts& parts,
                          const Validator& validator) {
  const Dataset& dataset = parts.dataset;
  const Model& model = *parts.model;
  const Batcher& batcher = parts.batcher;
  const int threads = parts.pool.threads();
  const Scoring scoring = scoring_of(model.options());
  const std::string shape = fmt::format(
      "{}{}, hidden size {}, max length {}{}{}", config.model.name,
      model.network().describe ? " (" + model.network().describe(model.options()) + ")" : "",
      config.model.hidden_size, config.model.max_length,
      scoring.cosine ? ", scores " + scoring.text() : "", times_text(config.model));
  const std::string validation =
      validator.available() ? fmt::format("{} of {} users over {} items, popularity reaches {:.5f}",
                                          validator.metric(), validator.users(),
                                          dataset.num_items(), validator.popularity_level())
                            : fmt::format("none, {}; the last epoch is kept",
                                          parts.pretext ? "for this is a pretraining"
                                                        : "the split has no validation items");
  return fmt::format(
      "data        {} users, {} items, {} events ({}), fingerprint {}\n"
      "model       {}\n"
      "parameters  {}{}\n"
      "objective   {}\n"
      "validation  {}\n"
      "epoch       {} users, {} positions, {} steps of {} {}\n"
      "memory      about {:.0f} MB beside the data\n"
      "threads     {}, seed {}",
      dataset.num_users(), dataset.num_items(), dataset.num_events(), dataset.split_name(),
      dataset.fingerprint(), shape, model.parameters().count(), layers(model), parts.loss_name(),
      validation, batcher.num_users(), batcher.positions_per_epoch(), batcher.batches_per_epoch(),
      config.train.batch_size, examples_name(batch_options(config).examples),
      memory_estimate(model, config, threads) / 1e6 + 40, threads, config.train.seed);
}

std::string processes_text(const Model& model, const Ranks& ranks) {
  if (ranks.size() == 1) return "";
  std::string text = fmt::format(", in each of {} processes", ranks.size());
  if (!model.parameters().divided()) return text;
  const RowRange kept = model.parameters()[model.input_table()].kept;
  return text +
         fmt::format("\ntables      divided, {} of {} items here; all of them while validating",
                     kept.size(), model.num_items());
}

}  // namespace truenext
