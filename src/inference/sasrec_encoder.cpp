// SPDX-License-Identifier: Apache-2.0
// The SASRec family (BlockStyle says which members). Sequences are packed; only attention looks at
// their boundaries. Work is cut into tiles of whole sequences, so that activations stay in cache.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "inference/block_style.h"
#include "inference/encoder_kinds.h"
#include "inference/sasrec_weights.h"
#include "kernels/kernels.h"

namespace truenext {
namespace {

constexpr int64_t kTileTokens = 512;

/// Activations of one tile, reused by every call on a thread.
struct Scratch {
  std::vector<int64_t> offsets;
  std::vector<float> z, source, q, k, v, attended, y, inner;
};

Scratch& scratch_of_thread() {
  thread_local Scratch scratch;
  return scratch;
}

enum class Rows { last, all };

class SasrecEncoder final : public SequenceEncoder {
 public:
  SasrecEncoder(const ModelOptions& options, const TensorMap& weights);

  int64_t dim() const override { return options_.hidden_size; }
  int64_t num_items() const override { return num_items_; }
  int64_t max_length() const override { return options_.max_length; }
  std::span<const float> item_table() const override {
    return {item_table_, static_cast<size_t>(num_items_ * dim())};
  }
  void encode_last(JaggedView<int32_t> histories, float* states) const override {
    encode(histories, Rows::last, states);
  }
  void encode_all(JaggedView<int32_t> histories, float* states) const override {
    check_not_longer(histories, max_length());
    encode(histories, Rows::all, states);
  }

 private:
  void encode(JaggedView<int32_t> histories, Rows rows, float* states) const;
  int64_t encode_tile(JaggedView<int32_t> histories, int64_t begin, int64_t end, Rows rows,
                      float* states) const;
  void embed(JaggedView<int32_t> histories, int64_t begin, int64_t end, Scratch& s) const;
  void run_block(const SasrecBlock& block, Scratch& s) const;
  int64_t run_last_rows(const SasrecBlock& block, Scratch& s) const;
  const float* query_source(const SasrecBlock& block, int64_t rows, const float* z,
                            Scratch& s) const;
  void finish_block(const SasrecBlock& block, int64_t rows, Scratch& s) const;
  void apply(const LinearView& map, int64_t rows, const float* x, float* y) const;
  void normalise(const NormView& norm, int64_t rows, const float* x, float* y) const;
  const float* pad_key(const SasrecBlock& block) const;
  const float* pad_value(const SasrecBlock& block) const;

  ModelOptions options_;
  const BlockStyle& style_;
  int64_t num_items_;
  const float* item_embedding_;
  const float* position_embedding_ = nullptr;
  const float* item_table_;
  NormView embedding_norm_, final_norm_;
  std::vector<SasrecBlock> blocks_;
};

SasrecEncoder::SasrecEncoder(const ModelOptions& options, const TensorMap& weights)
    : options_(options),
      style_(block_style(options.block)),
      num_items_(weights.at("item_embedding.weight").shape[0]),
      item_embedding_(weights.at("item_embedding.weight").data),
      item_table_(options.tie_embeddings ? item_embedding_
                                         : weights.at("output_embedding.weight").data) {
  if (options.positions != "none") {
    position_embedding_ = weights.at("position_embedding.weight").data;
  }
  if (style_.embedding_norm) embedding_norm_ = norm_of(weights, "embedding_norm");
  if (style_.final_norm) final_norm_ = norm_of(weights, "final_norm");
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    blocks_.push_back(block_of(weights, b, style_.output_projection));
  }
}

void SasrecEncoder::encode(JaggedView<int32_t> histories, Rows rows, float* states) const {
  int64_t begin = 0;
  while (begin < histories.size()) {
    int64_t end = begin;
    int64_t tokens = 0;
    while (end < histories.size()) {
      tokens += std::min(histories.row_size(end), max_length());
      if (end > begin && tokens > kTileTokens) break;
      ++end;
    }
    states += encode_tile(histories, begin, end, rows, states) * dim();
    begin = end;
  }
}

// Returns the number of states written.
int64_t SasrecEncoder::encode_tile(JaggedView<int32_t> histories, int64_t begin, int64_t end,
                                   Rows rows, float* states) const {
  Scratch& s = scratch_of_thread();
  embed(histories, begin, end, s);
  int64_t written = s.offsets.back();
  for (size_t b = 0; b + 1 < blocks_.size(); ++b) run_block(blocks_[b], s);
  if (rows == Rows::last) {
    written = run_last_rows(blocks_.back(), s);
  } else {
    run_block(blocks_.back(), s);
  }
  if (style_.final_norm) {
    normalise(final_norm_, written, s.z.data(), states);
  } else {
    std::copy_n(s.z.data(), written * dim(), states);
  }
  return written;
}

// z = embeddings of the tile's windows, offsets = their bounds.
void SasrecEncoder::embed(JaggedView<int32_t> histories, int64_t begin, int64_t end,
                          Scratch& s) const {
  const int64_t d = dim();
  s.offsets.assign(1, 0);
  for (int64_t row = begin; row < end; ++row) {
    s.offsets.push_back(s.offsets.back() + std::min(histories.row_size(row), max_length()));
  }
  const int64_t tokens = s.offsets.back();
  float* sum = room(style_.embedding_norm ? s.source : s.z, tokens * d);
  const float factor = style_.scale_embedding ? std::sqrt(static_cast<float>(d)) : 1.0f;
  float* out = sum;
  for (int64_t row = begin; row < end; ++row) {
    const auto window = checked_window(histories, row, max_length(), num_items_);
    const int64_t n = static_cast<int64_t>(window.size());
    const int64_t first = options_.positions == "from-end" ? max_length() - n : 0;
    for (int64_t i = 0; i < n; ++i, out += d) {
      const float* item = item_embedding_ + window[i] * d;
      for (int64_t c = 0; c < d; ++c) out[c] = factor * item[c];
      if (position_embedding_ == nullptr) continue;
      const float* position = position_embedding_ + (first + i) * d;
      for (int64_t c = 0; c < d; ++c) out[c] += position[c];
    }
  }
  if (style_.embedding_norm) normalise(embedding_norm_, tokens, sum, room(s.z, tokens * d));
}

// z [tokens, d] -> z, all rows.
void SasrecEncoder::run_block(const SasrecBlock& block, Scratch& s) const {
  const int64_t d = dim();
  const int64_t tokens = s.offsets.back();
  const float* z = s.z.data();
  apply(block.query, tokens, query_source(block, tokens, z, s), room(s.q, tokens * d));
  apply(block.key, tokens, z, room(s.k, tokens * d));
  apply(block.value, tokens, z, room(s.v, tokens * d));
  kernels::AttentionShape shape;
  shape.sequences = static_cast<int64_t>(s.offsets.size()) - 1;
  shape.offsets = s.offsets.data();
  shape.dim = d;
  shape.heads = options_.num_heads;
  shape.q_stride = shape.k_stride = shape.v_stride = d;
  shape.pad_key = pad_key(block);
  shape.pad_value = pad_value(block);
  shape.max_length = shape.pad_key ? max_length() : 0;
  kernels::attention(shape, s.q.data(), s.k.data(), s.v.data(), room(s.attended, tokens * d),
                     nullptr);
  finish_block(block, tokens, s);
}

// The last block is needed for the newest position of each sequence only; keys and values still
// come from all. Exact, about 0.63 of the work of two blocks. Returns the number of rows.
int64_t SasrecEncoder::run_last_rows(const SasrecBlock& block, Scratch& s) const {
  const int64_t d = dim();
  const int64_t tokens = s.offsets.back();
  const int64_t sequences = static_cast<int64_t>(s.offsets.size()) - 1;
  float* k = room(s.k, tokens * d);
  float* v = room(s.v, tokens * d);
  apply(block.key, tokens, s.z.data(), k);
  apply(block.value, tokens, s.z.data(), v);
  float* newest = room(s.y, sequences * d);
  for (int64_t i = 0; i < sequences; ++i) {
    std::copy_n(s.z.data() + (s.offsets[i + 1] - 1) * d, d, newest + i * d);
  }
  float* q = room(s.q, sequences * d);
  apply(block.query, sequences, query_source(block, sequences, newest, s), q);
  float* attended = room(s.attended, sequences * d);
  for (int64_t i = 0; i < sequences; ++i) {
    const int64_t first = s.offsets[i];
    kernels::attention_last(s.offsets[i + 1] - first, d, options_.num_heads, q + i * d,
                            k + first * d, d, v + first * d, d, pad_key(block), pad_value(block),
                            max_length(), attended + i * d);
  }
  finish_block(block, sequences, s);
  return sequences;
}

// source = what queries are computed from and what the first residual adds: the normalised input,
// in post-norm blocks the input itself.
const float* SasrecEncoder::query_source(const SasrecBlock& block, int64_t rows, const float* z,
                                         Scratch& s) const {
  float* source = room(s.source, rows * dim());
  if (style_.post_norm) {
    std::copy_n(z, rows * dim(), source);
  } else {
    normalise(block.attention_norm, rows, z, source);
  }
  return source;
}

// From source and attended to the block's output z; the residual sums are made in place.
void SasrecEncoder::finish_block(const SasrecBlock& block, int64_t rows, Scratch& s) const {
  const int64_t d = dim();
  float* source = s.source.data();
  if (style_.output_projection) {
    kernels::gemm_nt(rows, d, d, s.attended.data(), d, block.output.weight, d, source, d, true);
    kernels::add_bias(rows, d, block.output.bias, kernels::Activation::none, source);
  } else {
    kernels::axpy(rows * d, 1.0f, s.attended.data(), source);
  }
  float* z = room(s.z, rows * d);
  float* y = style_.post_norm ? room(s.y, rows * d) : z;
  normalise(style_.post_norm ? block.attention_norm : block.ffn_norm, rows, source, y);

  const int64_t width = block.ffn1.out;
  float* inner = room(s.inner, rows * width);
  kernels::gemm_nt(rows, width, d, y, d, block.ffn1.weight, d, inner, width, false);
  kernels::add_bias(rows, width, block.ffn1.bias, style_.activation, inner);
  kernels::gemm_nt(rows, d, width, inner, width, block.ffn2.weight, width, y, d, true);
  kernels::add_bias(rows, d, block.ffn2.bias, kernels::Activation::none, y);
  if (style_.post_norm) normalise(block.ffn_norm, rows, y, z);
}

void SasrecEncoder::apply(const LinearView& map, int64_t rows, const float* x, float* y) const {
  kernels::gemm_nt(rows, map.out, map.in, x, map.in, map.weight, map.in, y, map.out, false);
  kernels::add_bias(rows, map.out, map.bias, kernels::Activation::none, y);
}

void SasrecEncoder::normalise(const NormView& norm, int64_t rows, const float* x, float* y) const {
  kernels::layer_norm(rows, dim(), x, norm.weight, norm.bias, style_.epsilon, y, nullptr, nullptr);
}

// A padded row is zero before every block of the original, so its key and value are the biases.
const float* SasrecEncoder::pad_key(const SasrecBlock& block) const {
  return options_.padding == "attend" ? block.key.bias : nullptr;
}

const float* SasrecEncoder::pad_value(const SasrecBlock& block) const {
  return options_.padding == "attend" ? block.value.bias : nullptr;
}

std::unique_ptr<SequenceEncoder> make_sasrec(const ModelOptions& options,
                                             const TensorMap& weights) {
  return std::make_unique<SasrecEncoder>(options, weights);
}

}  // namespace

const EncoderKind kSasrecEncoder{"sasrec", &sasrec_tensors, &make_sasrec};

}  // namespace truenext
