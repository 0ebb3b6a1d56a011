// SPDX-License-Identifier: Apache-2.0
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>

#include "inference/block_style.h"
#include "models/initialise.h"
#include "models/model.h"
#include "nn/device_layers.h"
#include "nn/row_nodes.h"
#include "nn/transformer_block.h"

namespace truenext {
namespace {

/// The SASRec family: one causal transformer over packed sequences whose blocks follow a BlockStyle
/// (inference/block_style.h has the equations and sources). The kernel path of the same network is
/// inference/sasrec_encoder.cpp; the tests hold the two against each other.
class Sasrec final : public Model {
 public:
  Sasrec(const ModelOptions& options, const ItemRows& items)
      : Model(options, items,
              {"item_embedding.weight", "position_embedding.weight", "output_embedding.weight"}),
        style_(block_style(options.block)) {}

  void initialise(uint64_t seed) override { initialise_parameters(parameters(), options(), seed); }

  at::Tensor encode(Forward& forward) const override {
    at::Tensor x = embed(forward);
    for (int64_t block = 0; block < options().num_blocks; ++block) {
      x = nn::transformer_block(forward, options(), block, x);
    }
    return style_.final_norm ? nn::layer_norm(forward, x, "final_norm", style_.epsilon) : x;
  }

  at::Tensor encode_on_device(DevicePass& pass) const override {
    at::Tensor x = pass.lookup("item_embedding.weight", pass.batch().items);
    if (style_.scale_embedding) x = x * std::sqrt(static_cast<double>(options().hidden_size));
    if (options().positions == "from-end") {
      x = x + pass.lookup("position_embedding.weight",
                          options().max_length - 1 - pass.batch().from_end);
    } else if (options().positions == "from-start") {
      x = x + pass.lookup("position_embedding.weight", pass.batch().from_start);
    }
    if (style_.embedding_norm) x = pass.norm(x, "embedding_norm", style_.epsilon);
    x = pass.dropout(x, options().dropout);
    for (int64_t block = 0; block < options().num_blocks; ++block) {
      x = nn::device_block(pass, options(), block, x);
    }
    return style_.final_norm ? pass.norm(x, "final_norm", style_.epsilon) : x;
  }

 private:
  at::Tensor embed(Forward& forward) const {
    const std::vector<int32_t>& items = forward.tile().sequences.values;
    const at::Tensor rows = forward.lookup("item_embedding.weight", items);
    at::Tensor places;
    if (options().positions != "none") {
      places = forward.lookup("position_embedding.weight", positions(forward));
    }
    const double scale =
        style_.scale_embedding ? std::sqrt(static_cast<double>(options().hidden_size)) : 1.0;
    if (!style_.embedding_norm) {
      return nn::embedding_sum(forward, rows, places, scale, options().dropout);
    }
    const at::Tensor sum = nn::embedding_sum(forward, rows, places, scale, 0);
    return forward.dropout(nn::layer_norm(forward, sum, "embedding_norm", style_.epsilon),
                           options().dropout, Purpose::dropout_embedding, 0);
  }

  std::vector<int32_t> positions(const Forward& forward) const {
    std::vector<int32_t> result(forward.from_end().size());
    if (options().positions == "from-end") {
      const auto newest = static_cast<int32_t>(options().max_length - 1);
      for (size_t i = 0; i < result.size(); ++i) result[i] = newest - forward.from_end()[i];
      return result;
    }
    const std::vector<int64_t>& offsets = forward.tile().sequences.offsets;
    for (size_t s = 0; s + 1 < offsets.size(); ++s) {
      for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
        result[i] = static_cast<int32_t>(i - offsets[s]);
      }
    }
    return result;
  }

  const BlockStyle& style_;
};

std::unique_ptr<Model> make(const ModelOptions& options, const ItemRows& items) {
  return std::make_unique<Sasrec>(options, items);
}

}  // namespace

extern const ModelInfo sasrec_model;
const ModelInfo sasrec_model{"sasrec", "causal transformer (SASRec, gSASRec, S3-Rec's network)",
                             &make};

}  // namespace truenext
