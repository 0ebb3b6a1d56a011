// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/random.h"
#include "inference/encoder.h"

namespace upnext {

/// A table is read row by row (embeddings) and gets its gradient row by row, beside autograd;
/// everything else is dense and goes through autograd. The tensors here never require gradients:
/// each pass makes leaves of its own (Forward), so that workers share no autograd state.
enum class ParameterKind { dense, table };

struct Parameter {
  std::string name;  ///< canonical tensor name (inference/encoder.h): a file format
  at::Tensor value;  ///< contiguous
  ParameterKind kind = ParameterKind::dense;
};

/// The weights of a model in the order of model_tensors().
class ParameterSet {
 public:
  /// Zero tensors of these names and shapes; those named in `tables` are tables.
  ParameterSet(const std::vector<TensorInfo>& tensors, const std::vector<std::string>& tables);

  int64_t size() const { return static_cast<int64_t>(parameters_.size()); }
  Parameter& operator[](int64_t index) { return parameters_[index]; }
  const Parameter& operator[](int64_t index) const { return parameters_[index]; }
  /// Index by name; our bug when there is none.
  int64_t index(const std::string& name) const;
  at::Tensor& get(const std::string& name) { return parameters_[index(name)].value; }
  const at::Tensor& get(const std::string& name) const { return parameters_[index(name)].value; }
  int64_t count() const;  ///< numbers in all tensors

  /// Borrowed float32 views for the inference kernels and for files.
  TensorMap views() const;
  /// Converts all tensors (float64 for gradient checks, another device).
  void convert(const at::TensorOptions& options);

 private:
  std::deque<Parameter> parameters_;
};

/// Fills `tensor` from one random stream of (seed, number): the start values of a tensor do not
/// depend on the others.
void fill_uniform(at::Tensor& tensor, uint64_t seed, uint64_t number, double low, double high);
void fill_normal(at::Tensor& tensor, uint64_t seed, uint64_t number, double deviation);

}  // namespace upnext
