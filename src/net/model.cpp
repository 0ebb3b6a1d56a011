// SPDX-License-Identifier: Apache-2.0
#include "net/model.h"

#include "net/initialise.h"

namespace truenext {

Model::Model(const ModelOptions& options, const ItemRows& items)
    : options_(options.resolved()),
      network_(&find_network(options_.name)),
      num_items_(items.total),
      parameters_(network_->tensors(options_, items.total), items.kept),
      input_table_(parameters_.index(kInputTable)),
      output_table_(parameters_.index(options_.tie_embeddings ? kInputTable : kOutputTable)) {}

std::unique_ptr<Model> make_model(const ModelOptions& options, const ItemRows& items,
                                  uint64_t seed) {
  auto model = std::make_unique<Model>(options, items);
  initialise_parameters(model->parameters(), model->options(), seed);
  return model;
}

}  // namespace truenext
