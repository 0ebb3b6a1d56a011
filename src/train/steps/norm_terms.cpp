// SPDX-License-Identifier: Apache-2.0
#include "train/steps/norm_terms.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace truenext {
namespace {

/// Numbers per task, part of the bits: partial sums are made of these and added in order.
constexpr int64_t kNormChunk = int64_t{1} << 16;

/// body(begin, size) over the chunks of `size` numbers, task by task.
template <typename Body>
void for_each_chunk(int64_t size, WorkerPool& pool, const Body& body) {
  pool.run((size + kNormChunk - 1) / kNormChunk, [&](int64_t task, int) {
    const int64_t begin = task * kNormChunk;
    body(begin, std::min(kNormChunk, size - begin));
  });
}

template <typename T>
double frobenius_norm(std::span<const T> values, WorkerPool& pool) {
  const auto size = static_cast<int64_t>(values.size());
  std::vector<double> sums(static_cast<size_t>((size + kNormChunk - 1) / kNormChunk), 0.0);
  for_each_chunk(size, pool, [&](int64_t begin, int64_t count) {
    double sum = 0;
    for (const T value : values.subspan(begin, count)) sum += static_cast<double>(value) * value;
    sums[begin / kNormChunk] = sum;
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

}  // namespace

std::vector<int64_t> item_tables(const Model& model) {
  const int64_t input = model.input_table(), output = model.output_table();
  if (input == output) return {input};
  return {input, output};
}

template <typename T>
double add_norm(std::span<const T> values, double factor, std::span<T> gradient, WorkerPool& pool) {
  const double norm = frobenius_norm(values, pool);
  if (norm == 0) return 0;
  const double scale = factor / norm;
  for_each_chunk(static_cast<int64_t>(values.size()), pool, [&](int64_t begin, int64_t count) {
    for (int64_t i = begin; i < begin + count; ++i) {
      gradient[i] += static_cast<T>(scale * values[i]);
    }
  });
  return factor * norm;
}

std::vector<NormTerm> norm_terms(const Model& model, const TrainOptions& options) {
  std::vector<NormTerm> terms;
  if (options.table_norm > 0) {
    for (const int64_t table : item_tables(model)) terms.push_back({table, options.table_norm});
  }
  const NetworkInfo& network = model.network();
  if (options.norm_penalty == 0 || network.penalises == nullptr) return terms;
  const std::vector<TensorInfo> tensors = network.tensors(model.options(), model.num_items());
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!network.penalises(tensors[i])) continue;
    terms.push_back({static_cast<int64_t>(i), options.norm_penalty});
  }
  return terms;
}

template <typename T>
double add_norms(const Model& model, const WeightViews<T>& weights, std::span<const NormTerm> terms,
                 TileGradients<T>& gradients, WorkerPool& pool) {
  double sum = 0;
  for (const NormTerm& term : terms) {
    const WeightView<T>& view = weights[term.parameter];
    const std::span<const T> values(view.data, static_cast<size_t>(view.rows * view.columns));
    const Parameter& parameter = model.parameters()[term.parameter];
    const std::span<T> gradient = parameter.is_table()
                                      ? gradients.tables[term.parameter].make_dense()
                                      : gradients.of(parameter);
    sum += add_norm(values, term.factor, gradient, pool);
  }
  return sum;
}

template double add_norm(std::span<const float>, double, std::span<float>, WorkerPool&);
template double add_norm(std::span<const double>, double, std::span<double>, WorkerPool&);
template double add_norms(const Model&, const WeightViews<float>&, std::span<const NormTerm>,
                          TileGradients<float>&, WorkerPool&);
template double add_norms(const Model&, const WeightViews<double>&, std::span<const NormTerm>,
                          TileGradients<double>&, WorkerPool&);

}  // namespace truenext
