// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"

namespace truenext {

/// How the places of a window are numbered: so that the newest item is max_length - 1, so that the
/// oldest is 0, or not at all; or instead a number of every layer for each distance of two items,
/// added to the scores of its attention, alone or beside places from the end. `automatic` is
/// replaced by resolve().
enum class PositionNumbers { automatic, from_end, from_start, none, relative, relative_from_end };
template <>
struct Words<PositionNumbers> {
  static constexpr std::array names = {"auto", "from-end", "from-start",
                                       "none", "relative", "relative+from-end"};
};
/// Whether there is a table of places.
constexpr bool numbers_places(PositionNumbers positions) {
  return positions != PositionNumbers::none && positions != PositionNumbers::relative;
}
/// Whether layers know distances.
constexpr bool numbers_distances(PositionNumbers positions) {
  return positions == PositionNumbers::relative || positions == PositionNumbers::relative_from_end;
}

/// none: padding does not exist. attend: as originals whose model sees max_length - n steps of
/// left padding: pmixer attends to them, gru4rec runs over them, nextitnet and
/// caser convolve them, sr-gnn puts them into its graph (tensor padding_embedding).
enum class PaddingUse { none, attend };
template <>
struct Words<PaddingUse> {
  static constexpr std::array names = {"none", "attend"};
};

/// Between the two maps of the feed-forward part of a transformer block. `automatic`: what the
/// block's original has, and resolve() calls that so.
enum class FeedForward { automatic, relu, gelu };
template <>
struct Words<FeedForward> {
  static constexpr std::array names = {"auto", "relu", "gelu"};
};

/// What SR-GNN makes of a session: its attended sum beside the newest item (Wu et al. 2019), or
/// only the item of the position, weighed by its own attention (Li et al. 2023).
enum class Readout { original, improved };
template <>
struct Words<Readout> {
  static constexpr std::array names = {"original", "improved"};
};

/// What a score is made of (net/scoring.h).
enum class Similarity { product, cosine };
template <>
struct Words<Similarity> {
  static constexpr std::array names = {"product", "cosine"};
};

/// What a network is told of times: nothing; when every event of the history was (past); or that
/// and, of every event, when the next one was asked for (request), which is a stronger protocol.
enum class TimeUse { none, past, request };
template <>
struct Words<TimeUse> {
  static constexpr std::array names = {"none", "past", "request"};
};
/// Where times come in (net/time_gaps.h). `automatic` is replaced by resolve() where there are any.
enum class GapUse { automatic, input, attention, input_attention };
template <>
struct Words<GapUse> {
  static constexpr std::array names = {"auto", "input", "attention", "input+attention"};
};

/// Whether the vector of an item has the mean of its attributes' vectors added.
enum class AttributeUse { none, add };
template <>
struct Words<AttributeUse> {
  static constexpr std::array names = {"none", "add"};
};

/// How weights start, see net/initialise.h.
enum class StartValues { small, torch, xavier_normal, normal_002, uniform, csrec };
template <>
struct Words<StartValues> {
  static constexpr std::array names = {"small",       "torch",   "xavier-normal",
                                       "normal-0.02", "uniform", "csrec"};
};

/// Shape and style of a network. One struct for all networks, so that a run file stays readable;
/// each network says which fields it uses. "auto" and 0 mean "what the original of this style uses"
/// and are replaced by resolve().
struct ModelOptions {
  std::string name = "sasrec";    ///< of network_list()
  std::string block = "gsasrec";  ///< sasrec, bert4rec: see BlockStyle
  int64_t hidden_size = 128;      ///< width of states and item vectors
  int64_t num_blocks = 2;         ///< sasrec, nextitnet
  int64_t num_heads = 0;          ///< sasrec; 0 = 1 (gsasrec, pmixer) or 2 (the others)
  int64_t max_length = 200;       ///< newest items of a history that the model sees
  int64_t inner_size = 0;         ///< sasrec: feed-forward width; 0 = as the block's original
  FeedForward activation = FeedForward::automatic;  ///< sasrec, bert4rec
  double skip_share = 0.7;                          ///< block res: of the skip beside attention
  double dropout = 0.5;                             ///< of training only
  /// Of the weights of attention and of the embedding sum; -1 = as `dropout`. sasrec, bert4rec.
  double attention_dropout = -1, embedding_dropout = -1;
  PositionNumbers positions = PositionNumbers::automatic;  ///< sasrec
  /// Score with the input table. The originals of pmixer, post-norm, csrec and gru4rec do.
  bool tie_embeddings = false;
  PaddingUse padding = PaddingUse::none;
  StartValues init = StartValues::small;
  int64_t gru_hidden_size = 128;  ///< gru4rec, narm: recurrent width
  int64_t gru_layers = 1;         ///< gru4rec, narm
  bool gru_bias = false;          ///< gru4rec, narm
  double output_dropout = 0.5;    ///< narm: of what its last linear map reads
  int64_t kernel_size = 3;        ///< nextitnet: rows of a convolution
  /// nextitnet: of the first convolution of a block; block b has the (b mod n)-th.
  std::vector<int64_t> dilations = {1, 4};
  int64_t vertical_filters = 3;         ///< caser
  int64_t horizontal_filters = 4;       ///< caser: of each height
  int64_t gnn_steps = 1;                ///< sr-gnn: times that the graph is passed through
  Readout readout = Readout::original;  ///< sr-gnn
  TimeUse time = TimeUse::none;         ///< sasrec, gru4rec, narm
  GapUse time_form = GapUse::automatic;
  // Of any network, see net/composed_tables.h.
  AttributeUse attributes = AttributeUse::none;
  bool output_bias = false;    ///< a number of each item, added to its score
  bool padding_class = false;  ///< training's softmax has a class more, that of padding
  Similarity similarity = Similarity::product;
  double temperature = 0.05;  ///< of a cosine, divides it
  bool learned_temperature = false;

  void list(OptionList& options);
  /// Replaces every "auto" and 0 by the style's value and refuses what cannot be. Usage Error that
  /// names the key, e.g. model.num_heads. Resolving twice changes nothing.
  void resolve();
  ModelOptions resolved() const;  ///< a copy, resolved
};

}  // namespace truenext
