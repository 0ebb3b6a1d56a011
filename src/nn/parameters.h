// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/used_rows.h"
#include "inference/encoder.h"

namespace truenext {

/// A table is read row by row (embeddings) and gets its gradient row by row, beside autograd;
/// everything else is dense and goes through autograd. The tensors here never require gradients:
/// each pass makes leaves of its own (Forward), so that workers share no autograd state.
enum class ParameterKind { dense, table };

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
  UsedRows numbers;   ///< of the table's rows in `values`
  at::Tensor values;  ///< [numbers.size(), dim]
};

struct Parameter {
  std::string name;  ///< canonical tensor name (inference/encoder.h): a file format
  at::Tensor value;  ///< contiguous; of a divided table the rows `kept`
  ParameterKind kind = ParameterKind::dense;
  std::vector<int64_t> shape;  ///< of the whole tensor
  RowRange kept;               ///< of the rows of `shape`
  /// Of a divided table, while a step lasts.
  std::optional<FetchedRows> fetched;

  /// Whether other processes keep the other rows.
  bool divided() const { return kept.size() < shape[0]; }
  /// What a tile reads: the rows `fetched`, else the whole tensor.
  const at::Tensor& readable() const { return fetched ? fetched->values : value; }
};

/// The weights of a model in the order of model_tensors().
class ParameterSet {
 public:
  /// Zero tensors of these names and shapes; those named in `tables` are tables.
  ParameterSet(const std::vector<TensorInfo>& tensors, const std::vector<std::string>& tables);
  /// Of the tables in `item_tables` only the rows `kept` take memory.
  ParameterSet(const std::vector<TensorInfo>& tensors, const std::vector<std::string>& tables,
               const std::vector<std::string>& item_tables, RowRange kept);

  int64_t size() const { return static_cast<int64_t>(parameters_.size()); }
  Parameter& operator[](int64_t index) { return parameters_[index]; }
  const Parameter& operator[](int64_t index) const { return parameters_[index]; }
  /// Index by name; our bug when there is none.
  int64_t index(const std::string& name) const;
  at::Tensor& get(const std::string& name) { return parameters_[index(name)].value; }
  const at::Tensor& get(const std::string& name) const { return parameters_[index(name)].value; }
  int64_t count() const;  ///< numbers in all whole tensors
  /// Whether one of the tables is divided among processes.
  bool divided() const;

  /// Borrowed float32 views for the inference kernels and for files; nothing may be divided.
  TensorMap views() const;
  /// Converts all tensors (float64 for gradient checks, another device).
  void convert(const at::TensorOptions& options);

 private:
  std::deque<Parameter> parameters_;
};

/// Fills a parameter from one random stream of (seed, number): the start values of a tensor do not
/// depend on the others, and those of a row not on who keeps it.
void fill_uniform(Parameter& parameter, uint64_t seed, uint64_t number, double low, double high);
void fill_normal(Parameter& parameter, uint64_t seed, uint64_t number, double deviation);

}  // namespace truenext
