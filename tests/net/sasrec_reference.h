// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "net/block_style.h"
#include "net/encoder.h"

namespace truenext {

/// The SASRec family written down once more in doubles, one sequence at a time, without any of the
/// encoder's cleverness: what SasrecEncoder is compared with.
class SasrecReference {
 public:
  using Row = std::vector<double>;
  using Rows = std::vector<Row>;

  SasrecReference(ModelOptions options, const TensorMap& weights)
      : options_(std::move(options)), weights_(weights), style_(block_style(options_.block)) {
    options_.resolve();
  }

  /// States after every item of a window.
  Rows encode(std::span<const int32_t> window) const {
    Rows z;
    const auto n = static_cast<int64_t>(window.size());
    for (int64_t i = 0; i < n; ++i) z.push_back(embed(window[i], i, n));
    for (int64_t b = 0; b < options_.num_blocks; ++b) z = block(fmt::format("blocks.{}.", b), z);
    for (Row& row : z) row = style_.final_norm ? norm("final_norm", row) : row;
    return z;
  }

 private:
  double at(const std::string& name, int64_t index) const { return weights_.at(name).data[index]; }

  Row embed(int32_t item, int64_t i, int64_t n) const {
    const int64_t d = options_.hidden_size;
    Row row;
    for (int64_t c = 0; c < d; ++c) {
      double value = at("item_embedding.weight", item * d + c);
      if (style_.scale_embedding) value *= std::sqrt(static_cast<double>(d));
      const int64_t position =
          options_.positions == PositionNumbers::from_start ? i : options_.max_length - n + i;
      if (numbers_places(options_.positions))
        value += at("position_embedding.weight", position * d + c);
      row.push_back(value);
    }
    return style_.embedding_norm ? norm("embedding_norm", row) : row;
  }

  /// Without a name it has no weights.
  Row norm(const std::string& name, const Row& x) const {
    double mean = 0, variance = 0;
    for (const double value : x) mean += value / static_cast<double>(x.size());
    for (const double value : x) {
      variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
    }
    Row y;
    for (size_t c = 0; c < x.size(); ++c) {
      const auto column = static_cast<int64_t>(c);
      const double value = (x[c] - mean) / std::sqrt(variance + style_.epsilon);
      y.push_back(name.empty() ? value
                               : value * at(name + ".weight", column) + at(name + ".bias", column));
    }
    return y;
  }

  Row linear(const std::string& name, const Row& x) const {
    const std::vector<int64_t>& shape = weights_.at(name + ".weight").shape;
    Row y;
    for (int64_t o = 0; o < shape[0]; ++o) {
      double sum = weights_.contains(name + ".bias") ? at(name + ".bias", o) : 0;
      for (int64_t i = 0; i < shape[1]; ++i) {
        sum += at(name + ".weight", o * shape[1] + i) * x[static_cast<size_t>(i)];
      }
      y.push_back(sum);
    }
    return y;
  }

  double activate(double x) const {
    if (style_.activation == kernels::Activation::relu) return x > 0 ? x : 0;
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  }

  static double silu(double x) { return x / (1 + std::exp(-x)); }
  static Row silu(Row x) {
    for (double& value : x) value = silu(value);
    return x;
  }

  /// What a score has added for keys so far back.
  double distance_bias(const std::string& prefix, size_t distance) const {
    if (!numbers_distances(options_.positions)) return 0;
    return at(prefix + "distance_bias", static_cast<int64_t>(distance));
  }

  // Padding, where it is attended to, is written out as max_length - n keys in front.
  Row attend(const std::string& prefix, const Row& query, const Rows& z, size_t last) const {
    Rows keys, values;
    if (options_.padding == PaddingUse::attend) {
      const Row zero(static_cast<size_t>(options_.hidden_size), 0.0);
      keys.resize(static_cast<size_t>(options_.max_length) - z.size(),
                  linear(prefix + "key", zero));
      values.resize(keys.size(), linear(prefix + "value", zero));
    }
    for (size_t j = 0; j <= last; ++j) {
      keys.push_back(linear(prefix + "key", z[j]));
      values.push_back(linear(prefix + "value", z[j]));
    }
    const auto width = static_cast<size_t>(options_.hidden_size / options_.num_heads);
    Row out(query.size(), 0.0);
    for (size_t begin = 0; begin < query.size(); begin += width) {
      Row weight;
      double total = 0;
      for (size_t j = 0; j < keys.size(); ++j) {
        double score = 0;
        for (size_t c = begin; c < begin + width; ++c) score += query[c] * keys[j][c];
        const double scaled = score / std::sqrt(static_cast<double>(width));
        weight.push_back(std::exp(scaled + distance_bias(prefix, keys.size() - 1 - j)));
        total += weight.back();
      }
      for (size_t j = 0; j < values.size(); ++j) {
        for (size_t c = begin; c < begin + width; ++c) out[c] += weight[j] / total * values[j][c];
      }
    }
    return style_.output_projection ? linear(prefix + "output", out) : out;
  }

  static Row sum(Row a, const Row& b) {
    for (size_t c = 0; c < a.size(); ++c) a[c] += b[c];
    return a;
  }

  Row feed_forward(const std::string& prefix, const Row& x) const {
    Row inner = linear(prefix + "ffn1", x);
    for (double& value : inner) value = activate(value);
    return linear(prefix + "ffn2", inner);
  }

  /// Weights of a softmax sum to one, these do not.
  Row gated(const std::string& prefix, const Rows& z, size_t i) const {
    const auto part = [&](const char* name, const Row& x) {
      return silu(linear(prefix + name, norm("", x)));
    };
    const Row query = part("query", z[i]), gate = part("gate", z[i]);
    const auto width = static_cast<size_t>(options_.hidden_size / options_.num_heads);
    Row sums(query.size(), 0.0);
    for (size_t j = 0; j <= i; ++j) {
      const Row key = part("key", z[j]), value = part("value", z[j]);
      for (size_t begin = 0; begin < query.size(); begin += width) {
        double score = distance_bias(prefix, i - j);
        for (size_t c = begin; c < begin + width; ++c) score += query[c] * key[c];
        const double weight = silu(score) / static_cast<double>(options_.max_length);
        for (size_t c = begin; c < begin + width; ++c) sums[c] += weight * value[c];
      }
    }
    Row out = norm("", sums);
    for (size_t c = 0; c < out.size(); ++c) out[c] *= gate[c];
    return sum(z[i], linear(prefix + "output", out));
  }

  Row residual(const std::string& prefix, const Rows& z, size_t i) const {
    Row skip = z[i];
    for (size_t c = 0; c < skip.size(); ++c) {
      const double scale = at(prefix + "skip_scale", static_cast<int64_t>(c));
      skip[c] += scale * scale * z[i][c];
    }
    skip = norm(prefix + "skip_norm", skip);
    const Row attended = norm(prefix + "attention_norm",
                              sum(z[i], attend(prefix, linear(prefix + "query", z[i]), z, i)));
    Row y;
    for (size_t c = 0; c < skip.size(); ++c) {
      y.push_back(options_.skip_share * skip[c] + (1 - options_.skip_share) * attended[c]);
    }
    return norm(prefix + "ffn_norm", sum(y, feed_forward(prefix, y)));
  }

  Rows block(const std::string& prefix, const Rows& z) const {
    if (style_.operations) {
      Rows out;
      for (size_t i = 0; i < z.size(); ++i) {
        out.push_back(style_.name == "hstu" ? gated(prefix, z, i) : residual(prefix, z, i));
      }
      return out;
    }
    Rows out;
    for (size_t i = 0; i < z.size(); ++i) {
      const Row q = style_.post_norm ? z[i] : norm(prefix + "attention_norm", z[i]);
      const Row a = sum(q, attend(prefix, linear(prefix + "query", q), z, i));
      const Row y = norm(prefix + (style_.post_norm ? "attention_norm" : "ffn_norm"), a);
      const Row f = sum(y, feed_forward(prefix, y));
      out.push_back(style_.post_norm ? norm(prefix + "ffn_norm", f) : f);
    }
    return out;
  }

  ModelOptions options_;
  const TensorMap& weights_;
  const BlockStyle& style_;
};

}  // namespace truenext
