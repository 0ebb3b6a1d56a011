// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/aligned.h"

namespace truenext {

/// A borrowed float32 tensor, row-major.
struct TensorView {
  std::vector<int64_t> shape;
  const float* data = nullptr;

  int64_t size() const;  ///< number of elements
};
/// Weights by name. The names are a file format; see the network's source for its list.
using TensorMap = std::map<std::string, TensorView>;

/// A float32 tensor, row-major, that owns its memory.
struct Tensor {
  Tensor() = default;
  /// Zeros.
  explicit Tensor(std::vector<int64_t> extents);

  std::vector<int64_t> shape;
  AlignedVector<float> values;

  int64_t size() const { return static_cast<int64_t>(values.size()); }
  int64_t rows() const { return shape.empty() ? 0 : shape[0]; }
  /// Numbers of a row, 1 of a vector.
  int64_t width() const;
  float* data() { return values.data(); }
  const float* data() const { return values.data(); }
};

/// How a tensor starts (net/initialise.h has the values by model.init), which is also what it is: a
/// table is read row by row and gets its gradient row by row, everything else is dense.
enum class Start { table, matrix, bias, attention_bias, one, zero };

/// A tensor of a network. Its start values depend on this, its place in the list and the seed.
struct TensorInfo {
  std::string name;
  std::vector<int64_t> shape;
  Start start = Start::matrix;
  int64_t fan_in = 0;  ///< of a bias: columns of its matrix; of a matrix: where not its columns

  bool is_table() const { return start == Start::table; }
};

/// The tables of items that inputs and, where they are another, scores are taken from.
inline constexpr const char* kInputTable = "item_embedding.weight";
inline constexpr const char* kOutputTable = "output_embedding.weight";
/// What model.attributes, model.output_bias, model.learned_temperature and model.padding_class add
/// to any network (net/composed_tables.h, net/scoring.h).
inline constexpr const char* kAttributeTable = "attribute_embedding.weight";
inline constexpr const char* kOutputBias = "output_bias";
inline constexpr const char* kScoreGain = "score_gain";
inline constexpr const char* kPaddingClass = "padding_class.weight";
inline constexpr const char* kPaddingClassBias = "padding_class.bias";
/// What networks see in the places of padding (model.padding = "attend").
inline constexpr const char* kPaddingVector = "padding_embedding";

// What most networks consist of, appended to a list: "prefix.weight" [out, in] and "prefix.bias".
void add_linear(std::vector<TensorInfo>& tensors, const std::string& prefix, int64_t out,
                int64_t in, Start bias = Start::bias);
void add_norm(std::vector<TensorInfo>& tensors, const std::string& prefix, int64_t width);

}  // namespace truenext
