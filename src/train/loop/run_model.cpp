// SPDX-License-Identifier: Apache-2.0
#include "train/loop/run_model.h"

#include <cstdint>
#include <vector>

#include "eval/result_names.h"
#include "inference/model_file.h"
#include "train/loop/stage_report.h"
#include "train/loop/watch.h"

namespace truenext {

double with_scorer(const Model& model, const TensorMap& weights, DeviceEngine* device,
                   WeightSet set, const std::function<double(const Scorer&)>& call) {
  if (device) return call(*device->scorer(set));
  const auto encoder = make_encoder(model.options(), weights, model.attributes());
  return call(*make_encoder_scorer(*encoder));
}

void clear_run(const std::filesystem::path& run) {
  remove_results(run);
  forget_looks(run);
  for (const char* name :
       {"checkpoint", Watch::kUsersFolder, kModelFileName, "metrics.jsonl", kStageReport}) {
    std::filesystem::remove_all(run / name);
  }
}

void write_run_model(const std::filesystem::path& file, const TrainingParts& parts,
                     const RunConfig& config, const TensorMap& weights,
                     const std::string& validation) {
  ModelDescription description;
  description.model = parts.model->options();
  description.config_toml = placeless_text(config);
  description.dataset_fingerprint = parts.dataset.fingerprint();
  description.split_fingerprint = parts.dataset.split_fingerprint();
  description.loss_name = parts.loss_name();
  description.exclude_seen = config.train.exclude_seen;
  description.validation = validation;
  description.attributes.lists = parts.model->attributes();
  for (int64_t a = 0; a < description.attributes.lists.count; ++a) {
    description.attributes.ids.emplace_back(parts.dataset.attribute_ids().raw(a));
  }
  if (config.train.store_counts) description.counts = count_next(parts.dataset);
  std::vector<std::string> ids, titles;
  bool titled = false;
  for (int64_t item = 0; item < parts.dataset.num_items(); ++item) {
    ids.emplace_back(parts.dataset.items().raw(item));
    titles.emplace_back(parts.dataset.title(item));
    titled = titled || !titles.back().empty();
  }
  if (!titled) titles.clear();
  write_model_file(file, description, weights, ids, titles);
}

}  // namespace truenext
