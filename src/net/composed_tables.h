// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "net/attribute_lists.h"
#include "net/network.h"
#include "net/parameters.h"

namespace truenext {

/// What a pass and an objective read in the place of some tensors of a model (decision 0021): rows
/// of items plus the mean of their attributes' vectors (model.attributes), a table for scores with
/// a column for the bias of each item (model.output_bias) or of unit vectors (model.similarity =
/// "cosine", decision 0035), and in training one with a last row for padding, which is a class of
/// the softmax then (model.padding_class). Nothing without those options.
class ComposedTables {
 public:
  ComposedTables(const ModelOptions& options, const TensorNames& names);

  bool exist() const { return units_ >= 0 || attributes_ >= 0 || bias_ >= 0 || padding_ >= 0; }
  /// Whether every row is made of its own alone, so that those in use can be made without the rest.
  bool by_row() const { return units_ >= 0 && attributes_ < 0; }
  // Numbers of tensors, -1 where there is none: what is trained.
  int64_t input() const { return input_; }
  int64_t output() const { return output_; }  ///< the input table where embeddings are tied
  int64_t attributes() const { return attributes_; }
  int64_t bias() const { return bias_; }
  int64_t padding() const { return padding_; }  ///< the vector of padding as a class
  int64_t padding_bias() const { return padding_bias_; }
  int64_t units() const { return units_; }  ///< behind all tensors: ParameterSet::units()
  /// Tensor in whose place the table is read that scores are taken with. That is the bias where
  /// there is one, so that tied embeddings keep a table of their own for inputs; likewise units.
  int64_t scores() const { return units_ >= 0 ? units_ : bias_ >= 0 ? bias_ : output_; }

  /// Tensors that are not read as they are trained.
  std::vector<int64_t> places() const;
  /// Columns of what is read in the place of a tensor of places().
  int64_t width(int64_t place) const { return place == bias_ ? score_width_ : hidden_size_; }
  /// Rows of that for so many items: one more, the last, where padding is a class.
  int64_t rows(int64_t place, int64_t num_items) const {
    return num_items + (padding_ >= 0 && place == scores() ? 1 : 0);
  }
  /// Rows `rows` of that, [rows.size(), width(place)], out of the `trained` tensors: the same bits
  /// whoever makes them.
  template <typename T>
  void compose(int64_t place, const WeightViews<T>& trained, const AttributeLists& lists,
               RowRange rows, T* to) const;
  /// The vector of an item out of the table of that number, [hidden_size]: its row and its
  /// attributes.
  template <typename T>
  void vector(int64_t table, int64_t item, const WeightViews<T>& trained,
              const AttributeLists& lists, T* to) const;

 private:
  int64_t hidden_size_, score_width_;
  int64_t input_, output_, attributes_ = -1, bias_ = -1, units_ = -1;
  int64_t padding_ = -1, padding_bias_ = -1;
};

/// Options of a model in use: padding is a class for training only.
ModelOptions options_in_use(const ModelOptions& options);

/// Appends the tensors that these options add to those of any network.
void add_composed_tensors(const ModelOptions& options, int64_t num_items, int64_t num_attributes,
                          std::vector<TensorInfo>& tensors);

/// States of the wanted tokens as scores need them (score_states()), [wanted, Scoring::width()].
net::Rows run_network(const NetworkInfo& network, net::Ops& ops, const ModelOptions& options);

}  // namespace truenext
