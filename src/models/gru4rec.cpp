// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "models/initialise.h"
#include "models/model.h"
#include "nn/device_layers.h"
#include "nn/gru.h"
#include "nn/row_nodes.h"

namespace truenext {
namespace {

/// GRU4Rec as in Li et al. 2023 (and S3-Rec's baselines): item table, dropout, GRU layers without
/// biases, one linear map back to the table's width. Every position is a state.
class Gru4rec final : public Model {
 public:
  Gru4rec(const ModelOptions& options, const ItemRows& items)
      : Model(options, items, {"item_embedding.weight", "output_embedding.weight"}) {}

  void initialise(uint64_t seed) override {
    check_usage(
        options().padding == "none",
        "model.padding = \"attend\": gru4rec runs over padding only in imported models; a new "
        "one starts every history from zero");
    initialise_parameters(parameters(), options(), seed);
  }

  at::Tensor encode(Forward& forward) const override {
    at::Tensor x = forward.lookup("item_embedding.weight", forward.tile().sequences.values);
    x = forward.dropout(x, options().dropout, Purpose::dropout_embedding, 0);
    for (int64_t layer = 0; layer < options().gru_layers; ++layer) {
      x = nn::jagged_gru(forward, layer_weights(forward, layer), x);
    }
    return nn::linear(forward, x, "dense");
  }

  at::Tensor encode_on_device(DevicePass& pass) const override {
    at::Tensor x = pass.lookup("item_embedding.weight", pass.batch().items);
    x = pass.dropout(x, options().dropout);
    // Left padding is run over only by imported models (initialise() refuses it to new ones).
    const bool runs_over_padding = options().padding == "attend";
    x = pass.pad(x, runs_over_padding ? pass.weight("padding_embedding") : at::Tensor());
    for (int64_t layer = 0; layer < options().gru_layers; ++layer) {
      x = nn::device_gru(pass, options(), layer, x);
    }
    return pass.linear(pass.unpad(x), "dense");
  }

 private:
  nn::GruWeights layer_weights(Forward& forward, int64_t layer) const {
    const std::string prefix = "gru." + std::to_string(layer) + ".";
    nn::GruWeights weights{
        forward.weight(prefix + "input_weight"), forward.weight(prefix + "hidden_weight"), {}, {}};
    if (options().gru_bias) {
      weights.input_bias = forward.weight(prefix + "input_bias");
      weights.hidden_bias = forward.weight(prefix + "hidden_bias");
    }
    return weights;
  }
};

std::unique_ptr<Model> make(const ModelOptions& options, const ItemRows& items) {
  return std::make_unique<Gru4rec>(options, items);
}

}  // namespace

extern const ModelInfo gru4rec_model;
const ModelInfo gru4rec_model{"gru4rec", "recurrent network (GRU4Rec)", &make};

}  // namespace truenext
