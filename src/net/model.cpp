// SPDX-License-Identifier: Apache-2.0
#include "net/model.h"

#include <iterator>

#include "net/initialise.h"

namespace truenext {

namespace {

std::vector<TensorInfo> joined(std::vector<TensorInfo> tensors,
                               const std::vector<TensorInfo>& more) {
  tensors.insert(tensors.end(), more.begin(), more.end());
  return tensors;
}

}  // namespace

Model::Model(const ModelOptions& options, const ItemRows& items,
             const std::vector<TensorInfo>& training_tensors)
    : options_(options.resolved()),
      network_(&find_network(options_.name)),
      num_items_(items.total),
      network_parameters_(std::ssize(network_->tensors(options_, items.total))),
      parameters_(joined(network_->tensors(options_, items.total), training_tensors), items.kept),
      input_table_(parameters_.index(kInputTable)),
      output_table_(parameters_.index(options_.tie_embeddings ? kInputTable : kOutputTable)) {}

std::unique_ptr<Model> make_model(const ModelOptions& options, const ItemRows& items, uint64_t seed,
                                  const std::vector<TensorInfo>& training_tensors) {
  auto model = std::make_unique<Model>(options, items, training_tensors);
  initialise_parameters(model->parameters(), model->options(), seed);
  return model;
}

}  // namespace truenext
