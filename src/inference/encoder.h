// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/jagged.h"
#include "inference/model_options.h"

namespace truenext {

/// A borrowed float32 tensor, row-major.
struct TensorView {
  std::vector<int64_t> shape;
  const float* data = nullptr;

  int64_t size() const;  ///< number of elements
};
/// Weights by name. The names are a file format; see the model's source for its list.
using TensorMap = std::map<std::string, TensorView>;

/// A finished model that turns histories into states. Thread-safe; LibTorch-free for the SASRec
/// family and GRU4Rec. Borrowed weights must outlive it.
class SequenceEncoder {
 public:
  virtual ~SequenceEncoder() = default;
  virtual int64_t dim() const = 0;
  virtual int64_t num_items() const = 0;
  /// Newest items that are looked at.
  virtual int64_t max_length() const = 0;
  /// The state after the newest item of each history: states [histories.size(), dim]. Histories
  /// may have any length from 1; longer than max_length() are cut to their newest items. The state
  /// of a history does not depend on its neighbours in the batch.
  virtual void encode_last(JaggedView<int32_t> histories, float* states) const = 0;
  /// The states after every item: states [number of items in all histories, dim], packed like the
  /// histories. The caller cuts: a history longer than max_length() is refused.
  virtual void encode_all(JaggedView<int32_t> histories, float* states) const = 0;
  /// Table that scores are taken with: [num_items, dim], score = <state, row>.
  virtual std::span<const float> item_table() const = 0;
};

/// Data Error naming a missing, extra or misshapen tensor, or an item outside the catalogue when
/// encoding. `options` are resolved on a copy; the number of items is that of the item table.
std::unique_ptr<SequenceEncoder> make_encoder(const ModelOptions& options,
                                              const TensorMap& weights);

struct TensorInfo {
  std::string name;
  std::vector<int64_t> shape;
};
/// Names and shapes of all tensors of a model, in the order in which they are stored
/// (docs/checkpoint-format.md lists them).
/// Linear weights are (out, in): y = x W^T + b. The training library uses the same names.
std::vector<TensorInfo> model_tensors(const ModelOptions& options, int64_t num_items);

}  // namespace truenext
