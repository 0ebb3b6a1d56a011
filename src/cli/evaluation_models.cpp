// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "cli/evaluation.h"
#include "eval/item_match.h"
#include "eval/run_inputs.h"
#include "train/devices/devices.h"

namespace truenext::cli {
namespace {

std::unique_ptr<Scorer> make_scorer(const ModelFile& model, const std::string& device) {
  if (on_tiles(device)) return make_encoder_scorer(model.encoder());
  return devices().scorer(device, model.description().model, model.weights(),
                          model.description().attributes.lists);
}

}  // namespace

void describe_models(const Ensemble& models, EvalReport* report) {
  report->model_name = "ensemble";
  if (models.is_one_model()) {
    const ModelDescription& description = models.first().description();
    report->model_name = description.model.name;
    report->loss_name = description.loss_name;
    report->validation = description.validation;
  }
  report->ensemble = models.report();
  for (const ModelFile& model : models.members()) {
    report->request_time_known |= model.description().model.time == TimeUse::request;
    report->watched |= watched_in_training(model.description(), report->protocol.part);
  }
}

DataMatch check_data_of_models(const Evaluation& evaluation) {
  DataMatch worst = DataMatch::same;
  for (size_t k = 0; k < evaluation.models->members().size(); ++k) {
    const ModelDescription& description = evaluation.models->members()[k].description();
    try {
      const DataMatch match =
          check_same_data(description, evaluation.dataset, evaluation.arguments.allow_other_data);
      if (match != DataMatch::same && worst != DataMatch::other) worst = match;
    } catch (const Error& error) {
      if (evaluation.models->is_one_model()) throw;
      throw Error(error.code(), evaluation.models->run(k) + ": " + error.what());
    }
  }
  return worst;
}

void match_catalogue(Evaluation* evaluation) {
  const ModelFile& model = evaluation->models->first();
  ItemMatch match = match_items(evaluation->dataset.items(), model.num_items(),
                                [&](std::string_view raw) { return model.find_item(raw); });
  if (match.unknown_to_model + match.unknown_to_data > 0) {
    log_warning(
        "{} of the dataset's {} items are unknown to the model, {} of the model's items are "
        "not in the dataset and are no candidates",
        match.unknown_to_model, evaluation->dataset.num_items(), match.unknown_to_data);
  }
  evaluation->model_items = match.to_model;
  std::vector<std::unique_ptr<Scorer>> scorers;
  for (const ModelFile& member : evaluation->models->members()) {
    scorers.push_back(make_scorer(member, evaluation->device));
  }
  auto scorer = evaluation->models->scorer(std::move(scorers));
  if (evaluation->arguments.blend.exists()) {
    evaluation->blend = check_blend(evaluation->arguments.blend, false);
    BlendCounts found = find_counts(model, &evaluation->dataset);
    evaluation->blend.source = found.source;
    scorer = blended(std::move(scorer), std::move(found.counts), evaluation->blend.counts);
    log_info("{}; a full scan", blend_text(evaluation->blend));
  }
  evaluation->scorer = make_matched_scorer(std::move(scorer), std::move(match));
}

}  // namespace truenext::cli
