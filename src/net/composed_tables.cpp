// SPDX-License-Identifier: Apache-2.0
#include "net/composed_tables.h"

#include <algorithm>
#include <array>

#include "kernels/overloads.h"

namespace truenext {

ComposedTables::ComposedTables(const ModelOptions& options, const TensorNames& names)
    : hidden_size_(options.hidden_size),
      score_width_(score_width(options)),
      input_(names.index(kInputTable)),
      output_(names.index(options.tie_embeddings ? kInputTable : kOutputTable)) {
  if (options.attributes == AttributeUse::add) attributes_ = names.index(kAttributeTable);
  if (options.output_bias) bias_ = names.index(kOutputBias);
}

std::vector<int64_t> ComposedTables::places() const {
  std::vector<int64_t> places;
  if (attributes_ >= 0) places.push_back(input_);
  if (attributes_ >= 0 && bias_ < 0 && output_ != input_) places.push_back(output_);
  if (bias_ >= 0) places.push_back(bias_);
  return places;
}

template <typename T>
void ComposedTables::compose(int64_t place, const WeightViews<T>& trained,
                             const AttributeLists& lists, RowRange rows, T* to) const {
  const int64_t d = hidden_size_;
  const T* own = trained[place == bias_ ? output_ : place].data;
  for (int64_t item = rows.begin; item < rows.end; ++item, to += width(place)) {
    std::copy_n(own + item * d, d, to);
    if (attributes_ >= 0) {
      const T weight = T(1) / static_cast<T>(std::max<int64_t>(1, lists.rows.row_size(item)));
      for (const int32_t attribute : lists.rows.row(item)) {
        kernels::axpy(d, weight, trained[attributes_].data + attribute * d, to);
      }
    }
    if (place == bias_) to[d] = trained[bias_].data[item];
  }
}

int64_t score_width(const ModelOptions& options) {
  return options.hidden_size + (options.output_bias ? 1 : 0);
}

void add_composed_tensors(const ModelOptions& options, int64_t num_items, int64_t num_attributes,
                          std::vector<TensorInfo>& tensors) {
  if (options.attributes == AttributeUse::add) {
    tensors.push_back({kAttributeTable, {num_attributes, options.hidden_size}, Start::table});
  }
  if (options.output_bias) tensors.push_back({kOutputBias, {num_items}, Start::zero});
}

net::Rows run_network(const NetworkInfo& network, net::Ops& ops, const ModelOptions& options) {
  const net::Rows states = network.run(ops, options);
  if (!options.output_bias) return states;
  const net::Rows one = ops.scale(ops.columns(states, 0, 1), 0, 1);
  return ops.beside(std::array{states, one});
}

template void ComposedTables::compose(int64_t, const WeightViews<float>&, const AttributeLists&,
                                      RowRange, float*) const;
template void ComposedTables::compose(int64_t, const WeightViews<double>&, const AttributeLists&,
                                      RowRange, double*) const;

}  // namespace truenext
