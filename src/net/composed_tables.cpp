// SPDX-License-Identifier: Apache-2.0
#include "net/composed_tables.h"

#include <algorithm>

#include "kernels/overloads.h"
#include "net/scoring.h"

namespace truenext {
namespace {

/// Tied embeddings share the vector that the network sees in the places of padding.
bool has_own_padding_class(const ModelOptions& options) {
  return !options.tie_embeddings || options.padding == PaddingUse::none;
}

}  // namespace

ComposedTables::ComposedTables(const ModelOptions& options, const TensorNames& names)
    : hidden_size_(options.hidden_size),
      score_width_(scoring_of(options).width()),
      input_(names.index(kInputTable)),
      output_(names.index(options.tie_embeddings ? kInputTable : kOutputTable)) {
  if (options.attributes == AttributeUse::add) attributes_ = names.index(kAttributeTable);
  if (options.output_bias) bias_ = names.index(kOutputBias);
  if (scoring_of(options).cosine) units_ = names.size();
  if (!options.padding_class) return;
  padding_ = names.index(has_own_padding_class(options) ? kPaddingClass : kPaddingVector);
  if (options.output_bias) padding_bias_ = names.index(kPaddingClassBias);
}

std::vector<int64_t> ComposedTables::places() const {
  std::vector<int64_t> places;
  if (attributes_ >= 0) places.push_back(input_);
  if (exist() && (places.empty() || scores() != input_)) places.push_back(scores());
  return places;
}

template <typename T>
void ComposedTables::vector(int64_t table, int64_t item, const WeightViews<T>& trained,
                            const AttributeLists& lists, T* to) const {
  const int64_t d = hidden_size_;
  std::copy_n(trained[table].data + item * d, d, to);
  if (attributes_ < 0) return;
  const T weight = T(1) / static_cast<T>(std::max<int64_t>(1, lists.rows.row_size(item)));
  for (const int32_t attribute : lists.rows.row(item)) {
    kernels::axpy(d, weight, trained[attributes_].data + attribute * d, to);
  }
}

template <typename T>
void ComposedTables::compose(int64_t place, const WeightViews<T>& trained,
                             const AttributeLists& lists, RowRange rows, T* to) const {
  const int64_t d = hidden_size_;
  const int64_t table = place == scores() ? output_ : place;
  for (int64_t item = rows.begin; item < rows.end; ++item, to += width(place)) {
    if (item == trained[table].rows) {  // padding
      std::copy_n(trained[padding_].data, d, to);
      if (place == bias_) to[d] = trained[padding_bias_].data[0];
      continue;
    }
    vector(table, item, trained, lists, to);
    if (place == bias_) to[d] = trained[bias_].data[item];
    if (place == units_) make_unit(d, to);
  }
}

void add_composed_tensors(const ModelOptions& options, int64_t num_items, int64_t num_attributes,
                          std::vector<TensorInfo>& tensors) {
  if (options.attributes == AttributeUse::add) {
    tensors.push_back({kAttributeTable, {num_attributes, options.hidden_size}, Start::table});
  }
  if (options.output_bias) tensors.push_back({kOutputBias, {num_items}, Start::zero});
  if (scoring_of(options).learned) tensors.push_back({kScoreGain, {1}, Start::one});
  if (!options.padding_class) return;
  if (has_own_padding_class(options)) {
    tensors.push_back({kPaddingClass, {options.hidden_size}, Start::zero});
  }
  if (options.output_bias) tensors.push_back({kPaddingClassBias, {1}, Start::zero});
}

ModelOptions options_in_use(const ModelOptions& options) {
  ModelOptions used = options;
  used.padding_class = false;
  return used;
}

net::Rows run_network(const NetworkInfo& network, net::Ops& ops, const ModelOptions& options) {
  return score_states(ops, network.run(ops, options), scoring_of(options));
}

template void ComposedTables::vector(int64_t, int64_t, const WeightViews<float>&,
                                     const AttributeLists&, float*) const;
template void ComposedTables::vector(int64_t, int64_t, const WeightViews<double>&,
                                     const AttributeLists&, double*) const;
template void ComposedTables::compose(int64_t, const WeightViews<float>&, const AttributeLists&,
                                      RowRange, float*) const;
template void ComposedTables::compose(int64_t, const WeightViews<double>&, const AttributeLists&,
                                      RowRange, double*) const;

}  // namespace truenext
