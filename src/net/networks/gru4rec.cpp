// SPDX-License-Identifier: Apache-2.0
// GRU4Rec (Hidasi et al., ICLR 2016) as in Li et al. 2023 and S3-Rec's baselines: item vectors,
// dropout, GRU layers without biases, one linear map back to the width of the table.
#include <fmt/format.h>

#include <optional>

#include "base/error.h"
#include "net/network.h"
#include "net/network_parts.h"
#include "net/time_gaps.h"

namespace truenext {
namespace {

using net::Ops;
using net::Rows;
using net::Wanted;

/// Numbers of the states that padding is run through, in every pass.
constexpr int64_t kMostPadding = int64_t{1} << 24;

void check(ModelOptions& options) {
  net::check_no_positions(options);
  net::check_times_in_input(options);
  check_usage(
      options.padding == PaddingUse::none ||
          options.max_length <= kMostPadding / (options.gru_layers * options.gru_hidden_size),
      "model.max_length = {}: too long for model.padding = \"attend\" with {} recurrent "
      "states",
      options.max_length, options.gru_layers * options.gru_hidden_size);
}

std::vector<TensorInfo> tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  const int64_t hidden = options.gru_hidden_size;
  std::vector<TensorInfo> list;
  net::add_item_tables(options, num_items, list);
  net::add_gru_tensors(options, list);
  add_linear(list, "dense", d, hidden);
  net::add_gap_tensors(options, list);
  return list;
}

/// The original's left padding as a sequence of its own, as long as it can be: after k steps of it
/// a layer is where every history with k steps of padding begins.
class Padding {
 public:
  Padding(Ops& ops, int64_t max_length) : ops_(ops), offsets_{0, max_length - 1} {
    const auto steps = static_cast<size_t>(max_length - 1);
    if (steps > 0) states_ = ops.gather(ops.parameter(kPaddingVector), net::Ids(steps, 0));
    for (int64_t s = 0; s < ops.input().sequences(); ++s) {
      const int64_t own = ops.input().offsets[s + 1] - ops.input().offsets[s];
      starts_.push_back(static_cast<int32_t>(max_length - own - 1));  // -1: no padding, zeros
    }
  }

  /// Start states [sequences, H] of a layer.
  Rows through(const net::GruCall& layer) {
    if (!states_.exists()) return {};
    states_ = ops_.gru_over(states_, offsets_, layer);
    return ops_.gather(states_, starts_);
  }

 private:
  Ops& ops_;
  net::Offsets offsets_;
  net::Ids starts_;
  Rows states_;
};

Rows run(Ops& ops, const ModelOptions& options) {
  Rows x = net::add_gaps(ops, options, net::item_vectors(ops));
  x = ops.dropout(x, options.dropout, Purpose::dropout_embedding, 0);
  std::optional<Padding> padding;
  if (options.padding == PaddingUse::attend) padding.emplace(ops, options.max_length);
  for (int64_t l = 0; l < options.gru_layers; ++l) {
    const std::string name = net::gru_layer_name(l);
    net::GruCall call{name, options.gru_bias};
    if (padding) call.start = padding->through(call);
    const bool last = l + 1 == options.gru_layers;
    x = ops.gru(x, call, last ? ops.wanted() : Wanted::all());
  }
  return ops.linear(x, "dense");
}

std::string describe(const ModelOptions& options) {
  return fmt::format("{} layers of {}", options.gru_layers, options.gru_hidden_size);
}

}  // namespace

extern const NetworkInfo gru4rec_network;
const NetworkInfo gru4rec_network{
    .name = "gru4rec",
    .summary = "recurrent network (GRU4Rec)",
    .check = &check,
    .tensors = &tensors,
    .run = &run,
    // A step works on a row of each sequence, so many sequences make large products.
    .use_tile = {.tokens = 16384, .sequences = 64},
    .describe = &describe,
    .keys = {"gru_hidden_size", "gru_layers", "gru_bias", "time"},
    .examples = {"", "gru_layers=2 gru_bias=true",
                 "tie_embeddings=true gru_layers=2 padding=attend", "time=past",
                 "time=request gru_layers=2"}};

}  // namespace truenext
