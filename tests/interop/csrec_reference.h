// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "interop/memory_state_dict.h"

namespace truenext::test {

/// The networks of CSRec's code in doubles, on its own tensors and with its own padding: the state
/// that scores are taken with after a history of item numbers 1..n. What imported models are
/// compared with. Matrices are lists of rows.
class CsrecReference {
 public:
  using Row = std::vector<double>;
  using Rows = std::vector<Row>;
  using Items = std::vector<int64_t>;

  explicit CsrecReference(const MemoryStateDict& state) {
    for (size_t i = 0; i < state.tensors().size(); ++i) {
      const std::vector<float> values = state.read(i);
      Tensor& tensor = tensors_[state.tensors()[i].name];
      tensor.shape = state.tensors()[i].shape;
      tensor.values.assign(values.begin(), values.end());
    }
  }

  Row gru4rec(const Items& items, int64_t layers) const {
    Rows x = vectors("item_embedding.weight", items);
    for (int64_t l = 0; l < layers; ++l) x = gru("gru_layers", l, x);
    return linear("dense", x.back());
  }

  /// a_j = v . sigmoid(A1 h_j + A2 h_t); B [sum_j a_j h_j, h_t].
  Row narm(const Items& items) const {
    const Rows h = gru("gru", 0, vectors("item_embedding.weight", items));
    const Row asked = linear("a_2", h.back());
    Row both(h.back().size(), 0.0);
    for (const Row& own : h) {
      Row gate = sum(linear("a_1", own), asked);
      for (double& value : gate) value = sigmoid(value);
      const double weight = linear("v_t", gate)[0];
      for (size_t c = 0; c < own.size(); ++c) both[c] += weight * own[c];
    }
    both.insert(both.end(), h.back().begin(), h.back().end());
    return linear("b", both);
  }

  /// Padding on the left is row 0 of the table, in front of it are zeros.
  Row nextitnet(const Items& items, int64_t length, const std::vector<int64_t>& dilations) const {
    Rows x = vectors("item_embedding.weight", padded(items, length));
    for (size_t b = 0; b < dilations.size(); ++b) {
      const std::string block = fmt::format("residual_blocks.{}.", b);
      Rows y = x;
      for (const int64_t number : {1, 2}) {
        y = convolution(fmt::format("{}conv{}", block, number), y, number * dilations[b]);
        for (Row& row : y) row = relu(layer_norm(fmt::format("{}ln{}", block, number), row, 1e-8));
      }
      for (size_t t = 0; t < x.size(); ++t) x[t] = sum(x[t], y[t]);
    }
    return linear("final_layer", x.back());
  }

  Row sasrec(const Items& items, int64_t blocks, int64_t heads) const {
    Rows x = vectors("item_embedding.weight", items);
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = layer_norm("LayerNorm", sum(x[i], row("position_embedding.weight", i)), 1e-12);
    }
    for (int64_t b = 0; b < blocks; ++b) {
      const std::string attention = fmt::format("trm_encoder.layer.{}.multi_head_attention.", b);
      const std::string forward = fmt::format("trm_encoder.layer.{}.feed_forward.", b);
      const std::vector<std::string> maps = {attention + "query", attention + "key",
                                             attention + "value"};
      const Rows attended = attend(maps, x, heads, true, {});
      for (size_t i = 0; i < x.size(); ++i) {
        const Row y = layer_norm(attention + "LayerNorm",
                                 sum(x[i], linear(attention + "dense", attended[i])), 1e-12);
        const Row inner = relu(linear(forward + "dense_1", y));
        x[i] = layer_norm(forward + "LayerNorm", sum(y, linear(forward + "dense_2", inner)), 1e-12);
      }
    }
    return x.back();
  }

  Row caser(const Items& items, int64_t length) const {
    const Rows image = vectors("item_embedding.weight", padded(items, length));
    const Tensor& vertical = tensors_.at("conv_v.weight");
    Row found;
    for (int64_t f = 0; f < vertical.shape[0]; ++f) {
      for (size_t c = 0; c < image[0].size(); ++c) {
        double value = number("conv_v.bias", f);
        for (int64_t t = 0; t < length; ++t) {
          value += vertical.values[static_cast<size_t>(f * length + t)] *
                   image[static_cast<size_t>(t)][c];
        }
        found.push_back(value);
      }
    }
    for (int64_t height = 1; height <= length; ++height) {
      const Row best = best_places(fmt::format("conv_h.{}", height - 1), image, height);
      found.insert(found.end(), best.begin(), best.end());
    }
    return relu(linear("fc1", found));
  }

  /// The mask's token n + 1 stands behind the history; padding, on the left, is no key.
  Row bert(Items items, int64_t length, int64_t blocks, int64_t heads) const {
    items.push_back(tensors_.at("embedding.token.weight").shape[0] - 1);
    items = padded(items, length);
    Rows x = vectors("embedding.token.weight", items);
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = linear("embedding.mat", sum(x[i], row("embedding.position.pe.weight", i)));
    }
    for (int64_t b = 0; b < blocks; ++b) {
      const std::string block = fmt::format("transformer_blocks.{}.", b);
      Rows n;
      for (const Row& own : x) n.push_back(standard_norm(block + "input_sublayer.norm", own));
      const std::string maps = block + "attention.linear_layers.";
      const Rows attended = attend({maps + "0", maps + "1", maps + "2"}, n, heads, false, items);
      for (size_t i = 0; i < x.size(); ++i) {
        const Row y = sum(x[i], linear(block + "attention.output_linear", attended[i]));
        Row inner =
            linear(block + "feed_forward.w_1", standard_norm(block + "output_sublayer.norm", y));
        for (double& v : inner) v = gelu(v);
        x[i] = sum(y, linear(block + "feed_forward.w_2", inner));
      }
    }
    return x.back();
  }

 private:
  struct Tensor {
    std::vector<int64_t> shape;
    Row values;
  };

  static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
  static double gelu(double x) {
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  }
  static Row relu(Row x) {
    for (double& value : x) value = std::max(value, 0.0);
    return x;
  }
  static Row sum(Row x, const Row& y) {
    for (size_t c = 0; c < x.size(); ++c) x[c] += y[c];
    return x;
  }
  static Items padded(const Items& items, int64_t length) {
    Items all(static_cast<size_t>(length) - items.size(), 0);
    all.insert(all.end(), items.begin(), items.end());
    return all;
  }

  double number(const std::string& name, int64_t i) const {
    return tensors_.at(name).values[static_cast<size_t>(i)];
  }
  Row row(const std::string& name, size_t r) const {
    const Tensor& table = tensors_.at(name);
    const auto width = static_cast<std::ptrdiff_t>(table.shape[1]);
    const auto begin = table.values.begin() + static_cast<std::ptrdiff_t>(r) * width;
    return {begin, begin + width};
  }
  Rows vectors(const std::string& table, const Items& items) const {
    Rows rows;
    for (const int64_t item : items) rows.push_back(row(table, static_cast<size_t>(item)));
    return rows;
  }
  /// W x, + b where there is one.
  Row linear(const std::string& name, const Row& x) const {
    const Tensor& weight = tensors_.at(name + ".weight");
    Row y;
    for (int64_t o = 0; o < weight.shape[0]; ++o) {
      double value = tensors_.contains(name + ".bias") ? number(name + ".bias", o) : 0;
      for (size_t i = 0; i < x.size(); ++i) {
        value += weight.values[static_cast<size_t>(o) * x.size() + i] * x[i];
      }
      y.push_back(value);
    }
    return y;
  }
  /// x less its mean, and the sum of squares of that.
  static double centre(Row& x) {
    double mean = 0, squares = 0;
    for (const double value : x) mean += value / static_cast<double>(x.size());
    for (double& value : x) value -= mean;
    for (const double value : x) squares += value * value;
    return squares;
  }
  Row affine(Row x, double scale, const std::string& weight, const std::string& bias) const {
    for (size_t c = 0; c < x.size(); ++c) {
      const auto i = static_cast<int64_t>(c);
      x[c] = x[c] * scale * number(weight, i) + number(bias, i);
    }
    return x;
  }
  Row layer_norm(const std::string& name, Row x, double epsilon) const {
    const double variance = centre(x) / static_cast<double>(x.size());
    return affine(x, 1 / std::sqrt(variance + epsilon), name + ".weight", name + ".bias");
  }
  Row standard_norm(const std::string& name, Row x) const {
    const double deviation = std::sqrt(centre(x) / static_cast<double>(x.size() - 1));
    return affine(x, 1 / (deviation + 1e-6), name + ".a_2", name + ".b_2");
  }

  Rows gru(const std::string& name, int64_t layer, const Rows& x) const {
    const Tensor& in = tensors_.at(fmt::format("{}.weight_ih_l{}", name, layer));
    const Tensor& back = tensors_.at(fmt::format("{}.weight_hh_l{}", name, layer));
    const auto hidden = static_cast<size_t>(back.shape[1]);
    const auto product = [](const Tensor& w, size_t r, const Row& v) {
      return std::inner_product(v.begin(), v.end(),
                                w.values.begin() + static_cast<std::ptrdiff_t>(r * v.size()), 0.0);
    };
    Rows states;
    Row h(hidden, 0.0);
    for (const Row& own : x) {
      const Row before = h;
      for (size_t c = 0; c < hidden; ++c) {
        const size_t u = hidden + c, n = 2 * hidden + c;
        const double reset = sigmoid(product(in, c, own) + product(back, c, before));
        const double update = sigmoid(product(in, u, own) + product(back, u, before));
        const double fresh = std::tanh(product(in, n, own) + reset * product(back, n, before));
        h[c] = (1 - update) * fresh + update * before[c];
      }
      states.push_back(h);
    }
    return states;
  }

  Rows convolution(const std::string& name, const Rows& x, int64_t dilation) const {
    const Tensor& weight = tensors_.at(name + ".weight");  // [out, in, 1, kernel]
    const int64_t out = weight.shape[0], in = weight.shape[1], kernel = weight.shape[3];
    Rows y;
    for (int64_t t = 0; t < static_cast<int64_t>(x.size()); ++t) {
      Row own;
      for (int64_t o = 0; o < out; ++o) {
        double value = number(name + ".bias", o);
        for (int64_t k = 0; k < kernel; ++k) {
          const int64_t at = t - (kernel - 1 - k) * dilation;
          for (int64_t i = 0; at >= 0 && i < in; ++i) {
            value += weight.values[static_cast<size_t>((o * in + i) * kernel + k)] *
                     x[static_cast<size_t>(at)][static_cast<size_t>(i)];
          }
        }
        own.push_back(value);
      }
      y.push_back(own);
    }
    return y;
  }

  /// max over places of relu(filter), for every filter of a height.
  Row best_places(const std::string& name, const Rows& image, int64_t height) const {
    const Tensor& weight = tensors_.at(name + ".weight");  // [filters, 1, height, d]
    const auto width = image[0].size();
    Row best(static_cast<size_t>(weight.shape[0]), 0.0);
    for (size_t f = 0; f < best.size(); ++f) {
      for (size_t t = 0; t + static_cast<size_t>(height) <= image.size(); ++t) {
        double value = number(name + ".bias", static_cast<int64_t>(f));
        for (size_t i = 0; i < static_cast<size_t>(height) * width; ++i) {
          value += weight.values[f * static_cast<size_t>(height) * width + i] *
                   image[t + i / width][i % width];
        }
        best[f] = std::max(best[f], value);
      }
    }
    return best;
  }

  /// Softmax attention with `maps` for queries, keys and values. Where `items` are given, those
  /// of number 0 are no keys.
  Rows attend(const std::vector<std::string>& maps, const Rows& x, int64_t heads, bool causal,
              const Items& items) const {
    const size_t d = x[0].size(), width = d / static_cast<size_t>(heads);
    Rows result(x.size(), Row(d, 0.0));
    for (size_t t = 0; t < x.size(); ++t) {
      const Row q = linear(maps[0], x[t]);
      for (size_t first = 0; first < d; first += width) {
        Row weights;
        double total = 0;
        for (size_t j = 0; j < x.size(); ++j) {
          const bool seen = (!causal || j <= t) && (items.empty() || items[j] != 0);
          const Row k = linear(maps[1], x[j]);
          double score = 0;
          for (size_t c = first; c < first + width; ++c) score += q[c] * k[c];
          weights.push_back(seen ? std::exp(score / std::sqrt(static_cast<double>(width))) : 0);
          total += weights.back();
        }
        for (size_t j = 0; j < x.size(); ++j) {
          const Row v = linear(maps[2], x[j]);
          for (size_t c = first; c < first + width; ++c) result[t][c] += weights[j] / total * v[c];
        }
      }
    }
    return result;
  }

  std::map<std::string, Tensor> tensors_;
};

}  // namespace truenext::test
