// SPDX-License-Identifier: Apache-2.0
#include "net/model_options.h"

#include "base/error.h"
#include "net/block_style.h"
#include "net/csrec_start.h"
#include "net/network.h"
#include "net/scoring.h"
#include "net/time_gaps.h"

namespace truenext {
namespace {

// Bounds that keep every product of two sizes far from overflow.
constexpr double kMaxWidth = 1 << 16;
constexpr double kMaxDepth = 1024;
constexpr double kMaxLength = 1 << 20;

}  // namespace

void ModelOptions::list(OptionList& options) {
  options.add("name", name, "network").one_of(network_names());
  options.add("block", block, "transformer block of which original").one_of(block_style_names());
  options.add("hidden_size", hidden_size, "width of states and item vectors").range(1, kMaxWidth);
  options.add("num_blocks", num_blocks, "transformer blocks").range(1, kMaxDepth);
  options.add("num_heads", num_heads, "attention heads; 0 = as the block's original")
      .range(0, kMaxWidth);
  options.add("max_length", max_length, "newest items of a history that the model sees")
      .range(1, kMaxLength);
  options.add("inner_size", inner_size, "feed-forward width; 0 = as the block's original")
      .range(0, kMaxWidth * 4);
  options.add(
      "activation", activation,
      "what stands between the two feed-forward maps of a block; auto: what its original has");
  options
      .add("skip_share", skip_share,
           "share of an item's own vector in the first sum of a block, the rest is attention's")
      .range(0, 1)
      .only_with("model.block", {"res"});
  options.add("dropout", dropout, "share of values dropped in training").range(0, 0.99);
  options
      .add("attention_dropout", attention_dropout,
           "share of attention weights dropped in training; -1 = as model.dropout (block hstu: "
           "none)")
      .range(-1, 0.99);
  options
      .add("embedding_dropout", embedding_dropout,
           "the same of the sum of item and position vectors; -1 = as model.dropout")
      .range(-1, 0.99);
  options.add("positions", positions,
              "number positions so that the newest item is last (from-end) or the oldest is "
              "first (from-start); relative: every layer learns a number for each distance of two "
              "items, which its attention adds");
  options.add("tie_embeddings", tie_embeddings, "score with the input item table");
  options.add(
      "padding", padding,
      "attend: see the left padding as the originals of pmixer, gru4rec, nextitnet, caser and "
      "sr-gnn do");
  options.add("init", init, "how weights start: small, or as an original does");
  options.add("gru_hidden_size", gru_hidden_size, "recurrent width").range(1, kMaxWidth);
  options.add("gru_layers", gru_layers, "recurrent layers").range(1, kMaxDepth);
  options.add("gru_bias", gru_bias, "biases in the recurrent layers");
  options
      .add("output_dropout", output_dropout,
           "share of values dropped in training before the last linear map")
      .range(0, 0.99);
  options.add("kernel_size", kernel_size, "rows that a convolution sees").range(1, 1024);
  options
      .add("dilations", dilations,
           "distance of the rows that the first convolution of a block sees; twice that in its "
           "second; the blocks take the list in turn")
      .range(1, kMaxDepth);
  options.add("vertical_filters", vertical_filters, "filters over the length of the window")
      .range(1, kMaxDepth);
  options
      .add("horizontal_filters", horizontal_filters,
           "filters over the width of the items, of each height")
      .range(1, kMaxDepth);
  options.add("gnn_steps", gnn_steps, "times that a session's graph is passed through")
      .range(1, 64);
  options.add("readout", readout,
              "what is made of a session: its attended sum beside the newest item (original), or "
              "the item of the position alone (improved)");
  options.add("time", time,
              "what the network is told of times: when the events of the history were (past), or "
              "also when each next item was asked for (request), which is a stronger protocol and "
              "is called \"request time known\" in every result");
  options
      .add("time_form", time_form,
           "where times come in: a vector for the gap at each item, added to the item's (input), a "
           "number of every layer for the gap of query and key, added by its attention "
           "(attention), or both; auto: attention where there is one")
      .only_with("model.time", {"past", "request"});
  options.add("attributes", attributes,
              "add: the vector of an item is its own plus the mean of the vectors of its "
              "attributes, which the dataset must have");
  options.add("output_bias", output_bias, "a trained number for each item, added to its score");
  options.add(
      "padding_class", padding_class,
      "padding is a class of training's softmax over the whole catalogue, as in CSRec's code; "
      "never an answer");
  options.add("similarity", similarity,
              "score of an item: the inner product of the state and its vector, or their cosine "
              "divided by model.temperature");
  options
      .add("temperature", temperature,
           "of a cosine, which is divided by it: scores within +-1 cannot tell items apart, so "
           "that larger ones than 0.3 are refused")
      .range(0.001, 0.3)
      .only_with("model.similarity", {"cosine"});
  options
      .add("learned_temperature", learned_temperature,
           "model.temperature is where training starts from, not where it stays")
      .only_with("model.similarity", {"cosine"});
}

void ModelOptions::resolve() {
  OptionList options;
  options.section("model", *this);
  for (const Option& option : options.all()) option.check("model");
  check_times(*this);
  find_network(name).check(*this);
  check_scoring(*this);
  check_usage(init != StartValues::csrec || has_csrec_start(name),
              "model.init = \"csrec\": {} is none of CSRec's networks; want another", name);
}

ModelOptions ModelOptions::resolved() const {
  ModelOptions copy = *this;
  copy.resolve();
  return copy;
}

}  // namespace truenext
