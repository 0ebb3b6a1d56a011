// SPDX-License-Identifier: Apache-2.0
#include "torch/device_layers.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "net/block_style.h"

namespace truenext::nn {
namespace {

/// One transformer block of a pass.
class DeviceBlock {
 public:
  DeviceBlock(const DevicePass& pass, const ModelOptions& options, int64_t number)
      : pass_(pass),
        options_(options),
        style_(block_style(options.block)),
        prefix_("blocks." + std::to_string(number) + ".") {}

  at::Tensor run(const at::Tensor& x) const {
    const std::string first = prefix_ + "attention_norm";
    const std::string second = prefix_ + "ffn_norm";
    if (style_.post_norm) {
      const at::Tensor y = pass_.norm(x + drop(attend(x, x)), first, style_.epsilon);
      return pass_.norm(y + feed_forward(y), second, style_.epsilon);
    }
    const at::Tensor source = pass_.norm(x, first, style_.epsilon);
    const at::Tensor y = pass_.norm(source + attend(source, x), second, style_.epsilon);
    return y + feed_forward(y);
  }

 private:
  at::Tensor drop(const at::Tensor& x) const { return pass_.dropout(x, options_.dropout); }

  /// [tokens, dim] -> [sequences, heads, length, dim / heads]
  at::Tensor heads(const at::Tensor& packed, const at::Tensor& filling) const {
    const DeviceBatch& batch = pass_.batch();
    return pass_.pad(packed, filling)
        .view({batch.sequences, batch.length, options_.num_heads, -1})
        .transpose(1, 2);
  }

  at::Tensor attend(const at::Tensor& source, const at::Tensor& x) const {
    const DeviceBatch& batch = pass_.batch();
    const auto filling = [&](const char* name) {  // a padded row is zero: what is left is the bias
      return options_.padding == "attend" ? pass_.weight(prefix_ + name + ".bias") : at::Tensor();
    };
    const at::Tensor q = heads(pass_.linear(source, prefix_ + "query"), {});
    const at::Tensor k = heads(pass_.linear(x, prefix_ + "key"), filling("key"));
    const at::Tensor v = heads(pass_.linear(x, prefix_ + "value"), filling("value"));
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
    const at::Tensor future =
        at::ones({batch.length, batch.length}, q.options().dtype(at::kBool)).triu(1);
    const at::Tensor scores = (at::matmul(q, k.transpose(-2, -1)) * scale)
                                  .masked_fill(future, -std::numeric_limits<double>::infinity());
    const at::Tensor weights = drop(at::softmax(scores, -1));
    const at::Tensor joined = at::matmul(weights, v)
                                  .transpose(1, 2)
                                  .reshape({batch.sequences, batch.length, options_.hidden_size});
    const at::Tensor attended = pass_.unpad(joined);
    return style_.output_projection ? pass_.linear(attended, prefix_ + "output") : attended;
  }

  /// dropout(F(y)), without the residual.
  at::Tensor feed_forward(const at::Tensor& y) const {
    const at::Tensor wide = pass_.linear(y, prefix_ + "ffn1");
    const bool gelu = style_.activation == kernels::Activation::gelu;
    at::Tensor inner = gelu ? at::gelu(wide) : at::relu(wide);
    if (!style_.post_norm) inner = drop(inner);
    return drop(pass_.linear(inner, prefix_ + "ffn2"));
  }

  const DevicePass& pass_;
  const ModelOptions& options_;
  const BlockStyle& style_;
  std::string prefix_;
};

}  // namespace

at::Tensor device_block(const DevicePass& pass, const ModelOptions& options, int64_t number,
                        const at::Tensor& x) {
  return DeviceBlock(pass, options, number).run(x);
}

at::Tensor device_gru(const DevicePass& pass, const ModelOptions& options, int64_t layer,
                      const at::Tensor& x) {
  const std::string prefix = "gru." + std::to_string(layer) + ".";
  std::vector<at::Tensor> weights = {pass.weight(prefix + "input_weight"),
                                     pass.weight(prefix + "hidden_weight")};
  if (options.gru_bias) {
    weights.push_back(pass.weight(prefix + "input_bias"));
    weights.push_back(pass.weight(prefix + "hidden_bias"));
  }
  const at::Tensor start =
      at::zeros({1, pass.batch().sequences, options.gru_hidden_size}, x.options());
  const auto states = at::gru(x, start, weights, options.gru_bias,
                              /*num_layers=*/1, /*dropout=*/0.0, /*train=*/true,
                              /*bidirectional=*/false, /*batch_first=*/true);
  return std::get<0>(states);
}

}  // namespace truenext::nn
