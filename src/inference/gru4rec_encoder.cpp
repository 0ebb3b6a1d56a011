// SPDX-License-Identifier: Apache-2.0
// GRU4Rec (Hidasi et al., ICLR 2016) as in the CCE paper's code: item vectors, stacked GRU layers
// in PyTorch's gate order r, z, n, one linear map of the top state. Sequences run in step, longest
// first, so that those still active at a step are the first rows of every matrix.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "inference/encoder_kinds.h"
#include "kernels/kernels.h"

namespace truenext {
namespace {

constexpr int64_t kTileSequences = 64;
constexpr int64_t kTileTokens = 16384;
constexpr int64_t kMaxPaddingFloats = int64_t{1} << 24;

struct GruLayer {
  const float* input_weight = nullptr;   ///< [3 H, in]
  const float* hidden_weight = nullptr;  ///< [3 H, H]
  const float* input_bias = nullptr;     ///< [3 H] or null
  const float* hidden_bias = nullptr;
  int64_t in = 0;
};

std::vector<TensorInfo> gru4rec_tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  const int64_t hidden = options.gru_hidden_size;
  std::vector<TensorInfo> tensors;
  tensors.push_back({"item_embedding.weight", {num_items, d}});
  if (!options.tie_embeddings) tensors.push_back({"output_embedding.weight", {num_items, d}});
  if (options.padding == "attend") tensors.push_back({"padding_embedding", {d}});
  for (int64_t l = 0; l < options.gru_layers; ++l) {
    const std::string prefix = fmt::format("gru.{}.", l);
    tensors.push_back({prefix + "input_weight", {3 * hidden, l == 0 ? d : hidden}});
    tensors.push_back({prefix + "hidden_weight", {3 * hidden, hidden}});
    if (!options.gru_bias) continue;
    tensors.push_back({prefix + "input_bias", {3 * hidden}});
    tensors.push_back({prefix + "hidden_bias", {3 * hidden}});
  }
  tensors.push_back({"dense.weight", {d, hidden}});
  tensors.push_back({"dense.bias", {d}});
  return tensors;
}

struct Scratch {
  std::vector<int64_t> order, offsets;
  std::vector<std::span<const int32_t>> windows;
  std::vector<float> x, x_gates, h_gates, states, hidden;
};

Scratch& scratch_of_thread() {
  thread_local Scratch scratch;
  return scratch;
}

enum class Rows { last, all };

class Gru4recEncoder final : public SequenceEncoder {
 public:
  Gru4recEncoder(const ModelOptions& options, const TensorMap& weights);

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
  void plan(JaggedView<int32_t> histories, int64_t begin, int64_t end, Scratch& s) const;
  void step(int64_t rows, int64_t layer_stride, Scratch& s) const;
  void run_padding(const float* padding);

  int64_t hidden() const { return options_.gru_hidden_size; }
  int64_t layers() const { return static_cast<int64_t>(layers_.size()); }

  ModelOptions options_;
  int64_t num_items_;
  const float* item_embedding_;
  const float* item_table_;
  std::vector<GruLayer> layers_;
  LinearView dense_;
  /// padding = attend: states of all layers after 0, 1, ... steps of padding,
  /// [max_length, layers, hidden]; the same for every user, so run once.
  std::vector<float> padded_start_;
};

Gru4recEncoder::Gru4recEncoder(const ModelOptions& options, const TensorMap& weights)
    : options_(options),
      num_items_(weights.at("item_embedding.weight").shape[0]),
      item_embedding_(weights.at("item_embedding.weight").data),
      item_table_(options.tie_embeddings ? item_embedding_
                                         : weights.at("output_embedding.weight").data),
      dense_(linear_of(weights, "dense")) {
  for (int64_t l = 0; l < options.gru_layers; ++l) {
    const std::string prefix = fmt::format("gru.{}.", l);
    GruLayer& layer = layers_.emplace_back();
    layer.input_weight = weights.at(prefix + "input_weight").data;
    layer.hidden_weight = weights.at(prefix + "hidden_weight").data;
    layer.in = weights.at(prefix + "input_weight").shape[1];
    if (!options.gru_bias) continue;
    layer.input_bias = weights.at(prefix + "input_bias").data;
    layer.hidden_bias = weights.at(prefix + "hidden_bias").data;
  }
  if (options.padding == "attend") run_padding(weights.at("padding_embedding").data);
}

void Gru4recEncoder::run_padding(const float* padding) {
  const int64_t width = layers() * hidden();
  check_data(max_length() <= kMaxPaddingFloats / width,
             "model.max_length = {}: too long for model.padding = \"attend\" with {} recurrent "
             "states",
             max_length(), width);
  padded_start_.assign(static_cast<size_t>(max_length() * width), 0.0f);
  Scratch s;
  s.states.assign(static_cast<size_t>(width), 0.0f);
  for (int64_t t = 1; t < max_length(); ++t) {
    std::copy_n(padding, dim(), room(s.x, dim()));
    step(1, 1, s);
    std::copy_n(s.states.data(), width, padded_start_.data() + t * width);
  }
}

void Gru4recEncoder::encode(JaggedView<int32_t> histories, Rows rows, float* states) const {
  int64_t begin = 0;
  while (begin < histories.size()) {
    int64_t end = begin;
    int64_t tokens = 0;
    while (end < histories.size() && end - begin < kTileSequences) {
      tokens += std::min(histories.row_size(end), max_length());
      if (end > begin && tokens > kTileTokens) break;
      ++end;
    }
    states += encode_tile(histories, begin, end, rows, states) * dim();
    begin = end;
  }
}

// Sorts the tile's windows by length, longest first, and sets the start states.
void Gru4recEncoder::plan(JaggedView<int32_t> histories, int64_t begin, int64_t end,
                          Scratch& s) const {
  const int64_t count = end - begin;
  s.windows.clear();
  s.offsets.assign(1, 0);
  for (int64_t row = begin; row < end; ++row) {
    s.windows.push_back(checked_window(histories, row, max_length(), num_items_));
    s.offsets.push_back(s.offsets.back() + static_cast<int64_t>(s.windows.back().size()));
  }
  s.order.resize(static_cast<size_t>(count));
  std::iota(s.order.begin(), s.order.end(), int64_t{0});
  std::stable_sort(s.order.begin(), s.order.end(),
                   [&](int64_t a, int64_t b) { return s.windows[a].size() > s.windows[b].size(); });
  float* states = room(s.states, layers() * count * hidden());
  std::fill_n(states, layers() * count * hidden(), 0.0f);
  if (padded_start_.empty()) return;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t padding = max_length() - static_cast<int64_t>(s.windows[s.order[i]].size());
    const float* start = padded_start_.data() + padding * layers() * hidden();
    for (int64_t l = 0; l < layers(); ++l) {
      std::copy_n(start + l * hidden(), hidden(), states + (l * count + i) * hidden());
    }
  }
}

// One step of all layers for the first `rows` sequences; inputs in s.x, states of layer l from row
// l * layer_stride of s.states on, updated in place.
void Gru4recEncoder::step(int64_t rows, int64_t layer_stride, Scratch& s) const {
  const int64_t gates = 3 * hidden();
  float* x_gates = room(s.x_gates, rows * gates);
  float* h_gates = room(s.h_gates, rows * gates);
  const float* x = s.x.data();
  for (int64_t l = 0; l < layers(); ++l) {
    const GruLayer& layer = layers_[l];
    float* state = s.states.data() + l * layer_stride * hidden();
    kernels::gemm_nt(rows, gates, layer.in, x, layer.in, layer.input_weight, layer.in, x_gates,
                     gates, false);
    kernels::gemm_nt(rows, gates, hidden(), state, hidden(), layer.hidden_weight, hidden(), h_gates,
                     gates, false);
    if (layer.input_bias != nullptr) {
      kernels::add_bias(rows, gates, layer.input_bias, kernels::Activation::none, x_gates);
      kernels::add_bias(rows, gates, layer.hidden_bias, kernels::Activation::none, h_gates);
    }
    kernels::gru_gates(rows, hidden(), x_gates, h_gates, state, nullptr);
    x = state;
  }
}

// Returns the number of states written.
int64_t Gru4recEncoder::encode_tile(JaggedView<int32_t> histories, int64_t begin, int64_t end,
                                    Rows rows, float* out) const {
  Scratch& s = scratch_of_thread();
  plan(histories, begin, end, s);
  const int64_t count = end - begin;
  const int64_t written = rows == Rows::last ? count : s.offsets.back();
  float* hidden_rows = room(s.hidden, written * hidden());
  float* x = room(s.x, count * dim());
  const int64_t longest = static_cast<int64_t>(s.windows[s.order[0]].size());
  int64_t active = count;
  for (int64_t t = 0; t < longest; ++t) {
    while (static_cast<int64_t>(s.windows[s.order[active - 1]].size()) <= t) --active;
    for (int64_t i = 0; i < active; ++i) {
      const int64_t item = s.windows[s.order[i]][t];
      std::copy_n(item_embedding_ + item * dim(), dim(), x + i * dim());
    }
    step(active, count, s);
    const float* top = s.states.data() + (layers() - 1) * count * hidden();
    for (int64_t i = 0; i < active; ++i) {
      const int64_t sequence = s.order[i];
      // The last write of a sequence is its newest state.
      const int64_t row = rows == Rows::last ? sequence : s.offsets[sequence] + t;
      std::copy_n(top + i * hidden(), hidden(), hidden_rows + row * hidden());
    }
  }
  kernels::gemm_nt(written, dim(), hidden(), hidden_rows, hidden(), dense_.weight, hidden(), out,
                   dim(), false);
  kernels::add_bias(written, dim(), dense_.bias, kernels::Activation::none, out);
  return written;
}

std::unique_ptr<SequenceEncoder> make_gru4rec(const ModelOptions& options,
                                              const TensorMap& weights) {
  return std::make_unique<Gru4recEncoder>(options, weights);
}

}  // namespace

const EncoderKind kGru4recEncoder{"gru4rec", &gru4rec_tensors, &make_gru4rec};

}  // namespace truenext
