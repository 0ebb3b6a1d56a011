// SPDX-License-Identifier: Apache-2.0
#include "models/model.h"

#include <utility>

#include "base/error.h"
#include "base/options.h"

namespace truenext {

namespace {

constexpr const char* kInputTable = "item_embedding.weight";
constexpr const char* kOutputTable = "output_embedding.weight";

}  // namespace

extern const ModelInfo sasrec_model;
extern const ModelInfo gru4rec_model;

const std::vector<const ModelInfo*>& model_list() {
  static const std::vector<const ModelInfo*> list = {
      // Adding a model: write models/<name>.cpp, then declare it above and add a line here.
      &sasrec_model,
      &gru4rec_model,
  };
  return list;
}

Model::Model(const ModelOptions& options, const ItemRows& items,
             const std::vector<std::string>& tables)
    : options_(options),
      num_items_(items.total),
      parameters_(model_tensors(options, items.total), tables, {kInputTable, kOutputTable},
                  items.kept) {}

int64_t Model::input_table() const {
  return parameters_.index(kInputTable);
}

int64_t Model::output_table() const {
  return parameters_.index(options_.tie_embeddings ? kInputTable : kOutputTable);
}

std::unique_ptr<Model> make_model(ModelOptions options, const ItemRows& items, uint64_t seed) {
  auto model = make_blank_model(std::move(options), items);
  model->initialise(seed);
  return model;
}

std::unique_ptr<Model> make_blank_model(ModelOptions options, const ItemRows& items) {
  options.resolve();
  std::vector<std::string> known;
  for (const ModelInfo* info : model_list()) {
    known.push_back(info->name);
    if (info->name == options.name) return info->make(options, items);
  }
  const std::string near = nearest_word(options.name, known);
  fail_usage("model.name: \"{}\" is unknown{}; want one of {}", options.name,
             near.empty() ? "" : fmt::format(", did you mean \"{}\"?", near),
             fmt::join(known, ", "));
}

}  // namespace truenext
