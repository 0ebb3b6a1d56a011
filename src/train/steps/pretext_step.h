// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/jagged.h"
#include "batch/batch.h"
#include "batch/pretext.h"
#include "net/pretraining.h"
#include "net/tensors.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// The task of a pretraining run: what is trained in place of an objective (S3-Rec).
class Pretext {
 public:
  /// `attributes` of all items are borrowed; no rows where nothing needs them.
  Pretext(const PretextOptions& options, JaggedView<int32_t> attributes, int64_t num_attributes)
      : options_(options), attributes_(attributes), num_attributes_(num_attributes) {}

  /// What training needs beside the network: not part of a model.
  std::vector<TensorInfo> tensors(const ModelOptions& model) const {
    return net::pretext_tensors(model, heads(), num_attributes_);
  }
  const PretextOptions& options() const { return options_; }
  net::PretextHeads heads() const {
    return {options_.aap > 0, options_.mip > 0, options_.map > 0, options_.sp > 0};
  }
  JaggedView<int32_t> attributes() const { return attributes_; }
  int64_t num_attributes() const { return num_attributes_; }
  /// For every report, e.g. "S3-Rec pretraining: 0.2 AAP + 1 MIP + 1 MAP + 0.5 SP".
  std::string name() const;
  /// Items whose rows a tile compares, with repeats.
  std::vector<int32_t> candidates(const Tile& tile) const;

 private:
  PretextOptions options_;
  JaggedView<int32_t> attributes_;
  int64_t num_attributes_;
};

/// The four losses of a tile, each with its factor and divided by `divisor`.
struct PretextLosses {
  double aap = 0, mip = 0, map = 0, sp = 0;
  double sum() const { return aap + mip + map + sp; }
};

/// Forward pass, losses and backward pass of a tile of pretraining. `losses`, where given, is told
/// the four.
template <typename T>
TileGradients<T> run_pretext_tile(const Model& model, const WeightViews<T>& weights,
                                  const Pretext& pretext, const Tile& tile,
                                  const StepContext& context, PretextLosses* losses = nullptr);

}  // namespace truenext
