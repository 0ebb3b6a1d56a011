// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/used_rows.h"
#include "net/tensors.h"
#include "net/weights.h"

namespace truenext {

/// Rows begin .. end - 1 of a table.
struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

/// The catalogue as item tables see it: a row for each of `total` items, of which this process
/// keeps some. All of them when made from a number.
struct ItemRows {
  ItemRows(int64_t items) : total(items), kept{0, items} {}
  ItemRows(int64_t items, RowRange rows) : total(items), kept(rows) {}
  int64_t total;
  RowRange kept;
};

/// Rows of a divided table that the tiles of a step read, wherever they are kept.
struct FetchedRows {
  UsedRows numbers;  ///< of the table's rows in `values`
  Tensor values;     ///< [numbers.size(), width]
};

struct Parameter {
  std::string name;  ///< canonical tensor name: a file format
  Tensor value;      ///< of a divided table the rows `kept`
  Start start = Start::matrix;
  int64_t fan_in = 0;
  std::vector<int64_t> shape;  ///< of the whole tensor
  RowRange kept;               ///< of the rows of `shape`
  /// Of a divided table, while a step lasts.
  std::optional<FetchedRows> fetched;
  /// What is read in its place, [num_items, width], in training maybe with a row more
  /// (Model::compose); absent where it is read itself.
  std::optional<Tensor> composed;
  /// Where its gradient begins among those of all dense parameters; -1 of a table.
  int64_t dense_begin = -1;

  /// A table is read row by row and gets its gradient row by row.
  bool is_table() const { return start == Start::table; }
  /// Whether other processes keep the other rows.
  bool divided() const { return kept.size() < shape[0]; }
  /// What a tile reads: the rows `fetched`, what is composed, else the whole tensor.
  const Tensor& readable() const {
    if (composed) return *composed;
    return fetched ? fetched->values : value;
  }
};

/// The weights of a network in the order of its tensor list.
class ParameterSet {
 public:
  /// Zeros of these names and shapes. Of item tables (kInputTable, kOutputTable) only the rows
  /// `kept` take memory; without a word all.
  explicit ParameterSet(const std::vector<TensorInfo>& tensors, std::optional<RowRange> kept = {});

  int64_t size() const { return static_cast<int64_t>(parameters_.size()); }
  Parameter& operator[](int64_t index) { return parameters_[index]; }
  const Parameter& operator[](int64_t index) const { return parameters_[index]; }
  const TensorNames& names() const { return names_; }
  /// Index by name; our bug when there is none.
  int64_t index(std::string_view name) const { return names_.index(name); }
  Tensor& get(std::string_view name) { return parameters_[index(name)].value; }
  const Tensor& get(std::string_view name) const { return parameters_[index(name)].value; }
  int64_t count() const;  ///< numbers in all whole tensors
  /// Room for the gradients of all dense parameters, one after the other.
  int64_t dense_size() const { return dense_size_; }
  /// Whether one of the tables is divided among processes.
  bool divided() const;
  /// Unit vectors of the items, [num_items, hidden_size], where scores are cosines
  /// (net/composed_tables.h): not trained, but what passes read has them behind all parameters, as
  /// number size(), and so have gradients.
  std::optional<Tensor>& units() { return units_; }
  const std::optional<Tensor>& units() const { return units_; }

  /// Borrowed views for use and for files; nothing may be divided.
  TensorMap views() const;
  /// What a pass over one tile reads, units() at the end; without gradients.
  WeightViews<float> readable() const;
  /// What is trained, of divided tables the rows that are kept.
  WeightViews<float> trained() const;

 private:
  std::deque<Parameter> parameters_;
  TensorNames names_;
  int64_t dense_size_ = 0;
  std::optional<Tensor> units_;
};

}  // namespace truenext
