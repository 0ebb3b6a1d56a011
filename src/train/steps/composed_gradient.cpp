// SPDX-License-Identifier: Apache-2.0
#include "train/steps/composed_gradient.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>

#include "net/scoring.h"
#include "train/steps/norm_terms.h"

namespace truenext {
namespace {

/// Columns per task: a cache line of floats.
constexpr int64_t kColumnsAtOnce = 16;
/// Unit vectors per task.
constexpr int64_t kUnitsAtOnce = 1024;

/// body(row of the table, its gradient) over the rows of a gradient, in ascending order.
template <typename T, typename Body>
void for_each_row(const TableGradient<T>& gradient, const Body& body) {
  const T* values = gradient.values().data();
  const int64_t dim = gradient.dim();
  if (gradient.dense()) {
    for (int64_t row = 0; row < gradient.num_rows(); ++row) body(row, values + row * dim);
    return;
  }
  for (const int32_t row : gradient.rows()) {
    body(row, values);
    values += dim;
  }
}

/// Adds the row of padding to the gradients of what it is made of.
template <typename T>
void add_padding(const Model& model, const T* row, TileGradients<T>& gradients) {
  const ComposedTables& tables = model.composed();
  for (T& value : gradients.of(model.parameters()[tables.padding()])) value += *row++;
  if (tables.bias() < 0) return;
  gradients.of(model.parameters()[tables.padding_bias()])[0] += *row;
}

/// The table for scores is the output table, with a column for the biases or a row for padding.
template <typename T>
void split_scores(const Model& model, TileGradients<T>& gradients) {
  const ComposedTables& tables = model.composed();
  const int64_t d = model.options().hidden_size, items = model.num_items();
  const TableGradient<T> scores =
      std::exchange(gradients.tables[tables.scores()],
                    tables.bias() < 0 ? TableGradient<T>(items, d) : TableGradient<T>());
  if (scores.empty()) return;
  std::span<T> biases;
  if (tables.bias() >= 0) biases = gradients.of(model.parameters()[tables.bias()]);
  AlignedVector<T> vectors;
  vectors.reserve(scores.values().size());
  std::vector<int32_t> rows;
  for_each_row(scores, [&](int64_t item, const T* row) {
    if (item == items) return add_padding(model, row, gradients);
    vectors.insert(vectors.end(), row, row + d);
    if (!biases.empty()) biases[item] += row[d];
    if (!scores.dense()) rows.push_back(static_cast<int32_t>(item));
  });
  TableGradient<T> own(items, d);
  if (scores.dense()) {
    std::ranges::copy(vectors, own.make_dense().begin());
  } else {
    own.set_rows(std::move(rows), std::move(vectors));
  }
  gradients.tables[tables.output()].add(std::move(own));
}

/// Gradients of unit vectors become those of the vectors, which the table of the output has: rows
/// in use only, each by itself.
template <typename T>
void take_back_units(const Model& model, const WeightViews<T>& trained, TileGradients<T>& gradients,
                     WorkerPool& pool) {
  const ComposedTables& tables = model.composed();
  TableGradient<T> units = std::move(gradients.tables[tables.units()]);
  gradients.tables.pop_back();
  const int64_t d = units.dim();
  if (units.empty()) return;
  const int64_t stored = std::ssize(units.values()) / d;
  const std::span<const int32_t> numbers = units.rows();
  T* values = units.values().data();
  pool.run((stored + kUnitsAtOnce - 1) / kUnitsAtOnce, [&](int64_t task, int) {
    const int64_t begin = task * kUnitsAtOnce, end = std::min(stored, begin + kUnitsAtOnce);
    AlignedVector<T> vector(static_cast<size_t>(d));
    for (int64_t row = begin; row < end; ++row) {
      const int64_t item = units.dense() ? row : numbers[static_cast<size_t>(row)];
      tables.vector(tables.output(), item, trained, model.attributes(), vector.data());
      make_unit_backward(d, vector.data(), values + row * d);
    }
  });
  gradients.tables[tables.output()].add(std::move(units));
}

/// An attribute has a share of the gradients of its items' rows in this table.
template <typename T>
void add_attributes(const Model& model, const TableGradient<T>& items, std::span<T> attributes,
                    WorkerPool& pool) {
  const JaggedView<int32_t> lists = model.attributes().rows;
  const int64_t d = items.dim();
  pool.run((d + kColumnsAtOnce - 1) / kColumnsAtOnce, [&](int64_t task, int) {
    const int64_t begin = task * kColumnsAtOnce, end = std::min(d, begin + kColumnsAtOnce);
    for_each_row(items, [&](int64_t item, const T* row) {
      const std::span<const int32_t> own = lists.row(item);
      const T weight = T(1) / static_cast<T>(std::max<size_t>(1, own.size()));
      for (const int32_t attribute : own) {
        T* to = attributes.data() + attribute * d;
        for (int64_t c = begin; c < end; ++c) to[c] += weight * row[c];
      }
    });
  });
}

}  // namespace

template <typename T>
void hand_back(const Model& model, const WeightViews<T>& trained, TileGradients<T>& gradients,
               WorkerPool& pool) {
  const ComposedTables& tables = model.composed();
  if (tables.units() >= 0) take_back_units(model, trained, gradients, pool);
  if (tables.bias() >= 0 || tables.padding() >= 0) split_scores(model, gradients);
  if (tables.attributes() < 0) return;
  const std::span<T> attributes = gradients.tables[tables.attributes()].make_dense();
  for (const int64_t table : item_tables(model)) {
    if (gradients.tables[table].empty()) continue;
    add_attributes(model, gradients.tables[table], attributes, pool);
  }
}

template void hand_back(const Model&, const WeightViews<float>&, TileGradients<float>&,
                        WorkerPool&);
template void hand_back(const Model&, const WeightViews<double>&, TileGradients<double>&,
                        WorkerPool&);

}  // namespace truenext
