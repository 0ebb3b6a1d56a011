// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "net/model_options.h"
#include "net/ops.h"
#include "net/tensors.h"

namespace truenext {

/// Sequences that a pass for use works on at once: enough to keep products busy, few enough that
/// activations stay in cache.
struct UseTile {
  int64_t tokens = 512;
  int64_t sequences = std::numeric_limits<int64_t>::max();
};

/// A list entry: a network is one file in net/networks with one such constant, plus a line in
/// network_list(). It is written once; training, evaluation, use and devices run the same function.
struct NetworkInfo {
  std::string name;
  std::string summary;
  /// Replaces every "auto" and 0 that the network has a meaning for and refuses what cannot be, by
  /// a usage Error that names the key.
  void (*check)(ModelOptions& options);
  /// All tensors of a resolved model, in the order of the file.
  std::vector<TensorInfo> (*tensors)(const ModelOptions& options, int64_t num_items);
  /// States of the wanted tokens: [wanted, hidden_size].
  net::Rows (*run)(net::Ops& ops, const ModelOptions& options);
  /// Whether the state of a token depends on that token and earlier ones only: what training at
  /// every position asks for. Null: it always does.
  bool (*causal)(const ModelOptions& options) = nullptr;
  /// Trained to name hidden inputs: the state for the next item is that of a hidden place behind
  /// the history, which takes one of the max_length places.
  bool fills_masks = false;
  /// Whether it reads Input::both_ways, so that it can be pretrained (net/pretraining.h).
  bool pretrains = false;
  UseTile use_tile = {};
  /// Whether the original adds the norm of a tensor to its loss (train.norm_penalty). Null: it adds
  /// none.
  bool (*penalises)(const TensorInfo& tensor) = nullptr;
  /// For the start of a run, e.g. "2 blocks, 1 head"; may be null.
  std::string (*describe)(const ModelOptions& options) = nullptr;
  /// Those of the keys of section "model" that not every network reads which this one does read,
  /// e.g. "num_blocks". A key that no network names is read with all of them.
  std::vector<std::string> keys = {};
  /// A small configuration of each kind of this network, for the tests that walk the list: settings
  /// like "block=pmixer num_heads=2".
  std::vector<std::string> examples = {""};
};

/// NetworkInfo::causal of a resolved model.
bool is_causal(const NetworkInfo& network, const ModelOptions& options);

const std::vector<const NetworkInfo*>& network_list();
/// Usage Error naming model.name and the nearest network.
const NetworkInfo& find_network(const std::string& name);
std::vector<std::string> network_names();
/// The networks that read a key of section "model", without "model.": those that name it, or all
/// when none does.
std::vector<std::string> networks_reading(std::string_view key);

}  // namespace truenext
