// SPDX-License-Identifier: Apache-2.0
// The code of CSRec (Wu et al., arXiv 2311.02446), network by network. Item tables have n + 1 rows,
// row 0 for padding; BERT4Rec's has a row more, for the mask. Row 0 is alive: it is a class of the
// softmax (model.padding_class), and where the network sees it, the vector of padding.
#include <fmt/format.h>

#include "interop/naming_scheme.h"

namespace truenext {
namespace {

using Tensors = std::vector<ForeignTensor>;

constexpr std::string_view kCsrecTable = "item_embedding.weight";
constexpr AskedKey kCsrecWindow = {
    "max_length", "", "--set model.max_length=N (20 or 10 in that project's settings)"};
constexpr AskedKey kCsrecHeads = {"num_heads", "2", "--heads"};
constexpr AskedKey kCsrecClass = {"padding_class", "true", "--set model.padding_class=false"};

ForeignTensor csrec_item_table(const ModelOptions& options, int64_t num_items) {
  ForeignTensor table{std::string(kCsrecTable),
                      {num_items + 1, options.hidden_size},
                      {"item_embedding.weight"},
                      true};
  if (options.padding_class) table.padding_row = kPaddingClass;
  if (options.padding == PaddingUse::attend) table.padding_row = kPaddingVector;
  return table;
}

void add_csrec_gru(Tensors& tensors, const std::string& theirs, const ModelOptions& options) {
  const int64_t hidden = options.gru_hidden_size;
  for (int64_t l = 0; l < options.gru_layers; ++l) {
    const int64_t in = l == 0 ? options.hidden_size : hidden;
    tensors.push_back({fmt::format("{}.weight_ih_l{}", theirs, l),
                       {3 * hidden, in},
                       {fmt::format("gru.{}.input_weight", l)}});
    tensors.push_back({fmt::format("{}.weight_hh_l{}", theirs, l),
                       {3 * hidden, hidden},
                       {fmt::format("gru.{}.hidden_weight", l)}});
  }
}

Tensors csrec_gru4rec_tensors(const ModelOptions& options, int64_t num_items) {
  Tensors tensors = {csrec_item_table(options, num_items)};
  add_csrec_gru(tensors, "gru_layers", options);
  add_pair(tensors, "dense", "dense", options.hidden_size, options.gru_hidden_size);
  return tensors;
}

Tensors csrec_narm_tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size, hidden = options.gru_hidden_size;
  Tensors tensors = {csrec_item_table(options, num_items)};
  add_csrec_gru(tensors, "gru", options);
  tensors.push_back({"a_1.weight", {hidden, hidden}, {"attention_key.weight"}});
  tensors.push_back({"a_2.weight", {hidden, hidden}, {"attention_query.weight"}});
  tensors.push_back({"v_t.weight", {1, hidden}, {"attention_value.weight"}});
  tensors.push_back({"b.weight", {d, 2 * hidden}, {"output.weight"}});
  return tensors;
}

// Convolutions [out, in, 1, kernel], oldest row first; ours has the kernel before the input.
Tensors csrec_nextitnet_tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size, kernel = options.kernel_size;
  Tensors tensors = {csrec_item_table(options, num_items)};
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    for (const int number : {1, 2}) {
      const std::string conv = fmt::format("residual_blocks.{}.conv{}", b, number);
      const std::string ours = fmt::format("blocks.{}.conv{}", b, number);
      ForeignTensor weight{conv + ".weight", {d, d, 1, kernel}, {ours + ".weight"}};
      weight.turn = {d, kernel};
      tensors.push_back(weight);
      tensors.push_back({conv + ".bias", {d}, {ours + ".bias"}});
      add_pair(tensors, fmt::format("residual_blocks.{}.ln{}", b, number),
               fmt::format("blocks.{}.norm{}", b, number), d);
    }
  }
  add_pair(tensors, "final_layer", "dense", d, d);
  return tensors;
}

Tensors csrec_sasrec_tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  Tensors tensors = {csrec_item_table(options, num_items)};
  tensors.push_back(
      {"position_embedding.weight", {options.max_length, d}, {"position_embedding.weight"}});
  add_post_norm_blocks(tensors, options, "trm_encoder.layer.{}.", "multi_head_attention.",
                       "feed_forward.");
  add_pair(tensors, "LayerNorm", "embedding_norm", d);
  return tensors;
}

// The user table and the second linear map are in every file; the forward pass reads neither.
Tensors csrec_caser_tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size, length = options.max_length;
  const int64_t vertical = options.vertical_filters, horizontal = options.horizontal_filters;
  Tensors tensors;
  tensors.push_back({"user_embedding.weight", {kAnyExtent, d}, {}});
  tensors.push_back(csrec_item_table(options, num_items));
  ForeignTensor weight{"conv_v.weight", {vertical, 1, length, 1}, {"vertical.weight"}};
  weight.turn = {vertical, length};
  tensors.push_back(weight);
  tensors.push_back({"conv_v.bias", {vertical}, {"vertical_bias"}});
  for (int64_t height = 1; height <= length; ++height) {
    const std::string theirs = fmt::format("conv_h.{}", height - 1);
    const std::string ours = fmt::format("horizontal.{}", height);
    tensors.push_back({theirs + ".weight", {horizontal, 1, height, d}, {ours + ".weight"}});
    tensors.push_back({theirs + ".bias", {horizontal}, {ours + ".bias"}});
  }
  add_pair(tensors, "fc1", "dense", d, vertical * d + horizontal * length);
  tensors.push_back({"fc2.weight", {d, 2 * d}, {}});
  tensors.push_back({"fc2.bias", {d}, {}});
  return tensors;
}

void add_csrec_bert_block(Tensors& tensors, const ModelOptions& options, int64_t block) {
  const int64_t d = options.hidden_size, inner = options.inner_size;
  const std::string theirs = fmt::format("transformer_blocks.{}.", block);
  const std::string ours = fmt::format("blocks.{}.", block);
  const std::string maps = theirs + "attention.linear_layers.";
  add_pair(tensors, maps + "0", ours + "query", d, d);
  add_pair(tensors, maps + "1", ours + "key", d, d);
  add_pair(tensors, maps + "2", ours + "value", d, d);
  add_pair(tensors, theirs + "attention.output_linear", ours + "output", d, d);
  add_pair(tensors, theirs + "feed_forward.w_1", ours + "ffn1", inner, d);
  add_pair(tensors, theirs + "feed_forward.w_2", ours + "ffn2", d, inner);
  for (const auto& [norm, name] : {std::pair("input_sublayer.norm.", "attention_norm"),
                                   std::pair("output_sublayer.norm.", "ffn_norm")}) {
    tensors.push_back({theirs + norm + "a_2", {d}, {ours + name + ".weight"}});
    tensors.push_back({theirs + norm + "b_2", {d}, {ours + name + ".bias"}});
  }
}

Tensors csrec_bert_tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  Tensors tensors;
  ForeignTensor tokens{
      "embedding.token.weight", {num_items + 2, d}, {"item_embedding.weight"}, true};
  tokens.last_row = "mask_embedding";
  tensors.push_back(tokens);
  tensors.push_back(
      {"embedding.position.pe.weight", {options.max_length, d}, {"position_embedding.weight"}});
  add_pair(tensors, "embedding.mat", "embedding_map", d, d);
  for (int64_t b = 0; b < options.num_blocks; ++b) add_csrec_bert_block(tensors, options, b);
  ForeignTensor weight{"out.weight", {num_items + 1, d}, {kOutputTable}, true};
  ForeignTensor bias{"out.bias", {num_items + 1}, {kOutputBias}, true};
  if (options.padding_class) {
    weight.padding_row = kPaddingClass;
    bias.padding_row = kPaddingClassBias;
  }
  tensors.push_back(weight);
  tensors.push_back(bias);
  return tensors;
}

}  // namespace

extern const NamingScheme csrec_gru4rec_names, csrec_narm_names, csrec_nextitnet_names,
    csrec_sasrec_names, csrec_caser_names, csrec_bert_names;

const NamingScheme csrec_gru4rec_names{
    .name = "csrec-gru4rec",
    .family = "csrec",
    .network = "gru4rec",
    .fixed = {{"gru_bias", "false"}, {"tie_embeddings", "true"}, {"padding", "none"}},
    .extra_rows = 1,
    .item_table = kCsrecTable,
    .sizes = {{kCsrecTable, 1, &ModelOptions::hidden_size},
              {"gru_layers.weight_hh_l0", 1, &ModelOptions::gru_hidden_size}},
    .counts = {{{"gru_layers.weight_hh_l{}", "gru_layers.weight_ih_l{}"},
                &ModelOptions::gru_layers}},
    .asked = {kCsrecWindow, kCsrecClass},
    .own_tensor = "gru_layers.weight_hh_l0",
    .tensors = &csrec_gru4rec_tensors};

const NamingScheme csrec_narm_names{
    .name = "csrec-narm",
    .family = "csrec",
    .network = "narm",
    .fixed = {{"gru_bias", "false"}, {"tie_embeddings", "true"}},
    .extra_rows = 1,
    .item_table = kCsrecTable,
    .sizes = {{kCsrecTable, 1, &ModelOptions::hidden_size},
              {"gru.weight_hh_l0", 1, &ModelOptions::gru_hidden_size}},
    .counts = {{{"gru.weight_hh_l{}", "gru.weight_ih_l{}"}, &ModelOptions::gru_layers}},
    .asked = {kCsrecWindow, kCsrecClass},
    .own_tensor = "a_1.weight",
    .tensors = &csrec_narm_tensors};

const NamingScheme csrec_nextitnet_names{
    .name = "csrec-nextitnet",
    .family = "csrec",
    .network = "nextitnet",
    .fixed = {{"tie_embeddings", "true"}},
    .extra_rows = 1,
    .item_table = kCsrecTable,
    .sizes = {{kCsrecTable, 1, &ModelOptions::hidden_size},
              {"residual_blocks.0.conv1.weight", 3, &ModelOptions::kernel_size}},
    .counts = {{{"residual_blocks.{}.conv1.weight"}, &ModelOptions::num_blocks}},
    .asked = {kCsrecWindow, {"dilations", "[1]", "--set model.dilations=[...]"}, kCsrecClass},
    .sees_padding = true,
    .own_tensor = "residual_blocks.0.conv1.weight",
    .tensors = &csrec_nextitnet_tensors};

const NamingScheme csrec_sasrec_names{
    .name = "csrec-sasrec",
    .family = "csrec",
    .network = "sasrec",
    .fixed = {{"block", "csrec"}, {"positions", "from-start"}, {"tie_embeddings", "true"}},
    .extra_rows = 1,
    .item_table = kCsrecTable,
    .sizes = {{kCsrecTable, 1, &ModelOptions::hidden_size},
              {"position_embedding.weight", 0, &ModelOptions::max_length},
              {"trm_encoder.layer.0.feed_forward.dense_1.weight", 0, &ModelOptions::inner_size}},
    .counts = {{{"trm_encoder.layer.{}.multi_head_attention.query.weight"},
                &ModelOptions::num_blocks}},
    .asked = {kCsrecHeads, {"activation", "relu", "--set model.activation=gelu"}, kCsrecClass},
    .own_tensor = "trm_encoder.layer.0.feed_forward.dense_1.weight",
    .tensors = &csrec_sasrec_tensors};

const NamingScheme csrec_caser_names{
    .name = "csrec-caser",
    .family = "csrec",
    .network = "caser",
    .fixed = {{"tie_embeddings", "true"}},
    .extra_rows = 1,
    .item_table = kCsrecTable,
    .sizes = {{kCsrecTable, 1, &ModelOptions::hidden_size},
              {"conv_v.weight", 0, &ModelOptions::vertical_filters},
              {"conv_v.weight", 2, &ModelOptions::max_length},
              {"conv_h.0.weight", 0, &ModelOptions::horizontal_filters}},
    .asked = {kCsrecClass},
    .sees_padding = true,
    .own_tensor = "conv_v.weight",
    .tensors = &csrec_caser_tensors};

const NamingScheme csrec_bert_names{
    .name = "csrec-bert",
    .family = "csrec",
    .network = "bert4rec",
    .fixed = {{"block", "csrec-bert"},
              {"positions", "from-end"},
              {"tie_embeddings", "false"},
              {"output_bias", "true"}},
    .extra_rows = 2,
    .item_table = "embedding.token.weight",
    .output_table = "out.weight",
    .sizes = {{"embedding.token.weight", 1, &ModelOptions::hidden_size},
              {"embedding.position.pe.weight", 0, &ModelOptions::max_length},
              {"transformer_blocks.0.feed_forward.w_1.weight", 0, &ModelOptions::inner_size}},
    .counts = {{{"transformer_blocks.{}.attention.output_linear.weight"},
                &ModelOptions::num_blocks}},
    .asked = {kCsrecHeads, kCsrecClass},
    .own_tensor = "embedding.token.weight",
    .tensors = &csrec_bert_tensors};

}  // namespace truenext
