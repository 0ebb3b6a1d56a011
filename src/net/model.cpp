// SPDX-License-Identifier: Apache-2.0
#include "net/model.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/thread_pool.h"
#include "net/encoder.h"
#include "net/initialise.h"

namespace truenext {
namespace {

/// Rows of a composed table per task.
constexpr int64_t kRowsAtOnce = 1024;

AttributeLists checked(const ModelOptions& options, int64_t num_items, AttributeLists lists) {
  if (options.attributes == AttributeUse::none) return {};
  check_usage(lists.exist(),
              "model.attributes = \"{}\": no attributes of the items are known here; want \"none\"",
              word_of(options.attributes));
  check_attributes(lists, num_items);
  return lists;
}

std::vector<TensorInfo> joined(std::vector<TensorInfo> tensors,
                               const std::vector<TensorInfo>& more) {
  tensors.insert(tensors.end(), more.begin(), more.end());
  return tensors;
}

}  // namespace

Model::Model(const ModelOptions& options, const ItemRows& items, AttributeLists attributes,
             const std::vector<TensorInfo>& training_tensors)
    : options_(options.resolved()),
      network_(&find_network(options_.name)),
      num_items_(items.total),
      network_parameters_(std::ssize(model_tensors(options_, items.total, attributes.count))),
      parameters_(joined(model_tensors(options_, items.total, attributes.count), training_tensors),
                  items.kept),
      input_table_(parameters_.index(kInputTable)),
      output_table_(parameters_.index(options_.tie_embeddings ? kInputTable : kOutputTable)),
      composed_(options_, parameters_.names()),
      attributes_(checked(options_, items.total, std::move(attributes))) {
  // Of divided tables a step makes those of the rows that it fetches.
  if (composed_.units() >= 0 && items.kept.size() == items.total) composed_at(composed_.units());
}

Tensor& Model::composed_at(int64_t place) {
  std::optional<Tensor>& table =
      place == composed_.units() ? parameters_.units() : parameters_[place].composed;
  if (!table) {
    table.emplace(std::vector<int64_t>{composed_.rows(place, num_items_), composed_.width(place)});
  }
  return *table;
}

void Model::compose(WorkerPool& pool) {
  const WeightViews<float> trained = parameters_.trained();
  for (const int64_t place : composed_.places()) {
    Tensor& table = composed_at(place);
    const int64_t width = table.width(), count = table.rows();
    pool.run((count + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t task, int) {
      const int64_t begin = task * kRowsAtOnce;
      const RowRange rows{begin, std::min(count, begin + kRowsAtOnce)};
      composed_.compose(place, trained, attributes_, rows, table.data() + begin * width);
    });
  }
}

void Model::compose(std::span<const int32_t> items, WorkerPool& pool) {
  assert(composed_.by_row());
  const WeightViews<float> trained = parameters_.trained();
  Tensor& table = composed_at(composed_.units());
  const int64_t count = std::ssize(items);
  pool.run((count + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t task, int) {
    const int64_t begin = task * kRowsAtOnce, end = std::min(count, begin + kRowsAtOnce);
    for (const int32_t item : items.subspan(static_cast<size_t>(begin), end - begin)) {
      composed_.compose(composed_.units(), trained, attributes_, {item, item + 1},
                        table.data() + item * table.width());
    }
  });
}

std::unique_ptr<Model> make_model(const ModelOptions& options, const ItemRows& items, uint64_t seed,
                                  AttributeLists attributes,
                                  const std::vector<TensorInfo>& training_tensors) {
  auto model = std::make_unique<Model>(options, items, std::move(attributes), training_tensors);
  initialise_parameters(model->parameters(), model->options(), seed);
  return model;
}

}  // namespace truenext
