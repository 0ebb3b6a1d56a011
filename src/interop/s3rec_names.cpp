// SPDX-License-Identifier: Apache-2.0
// The code of S3-Rec (Zhou et al., CIKM 2020) and what Li et al. (2023) made of it: SASRec with and
// without pretraining, GRU4Rec and SR-GNN in one project. Item tables have n + 2 rows: row 0 is
// padding, row n + 1 the mask of pretraining. Sizes that its code has and its files do not are the
// ones of its launchers.
#include <fmt/format.h>

#include "interop/naming_scheme.h"

namespace truenext {
namespace {

constexpr std::string_view kS3recTable = "item_embeddings.weight";
constexpr AskedKey kS3recWindow = {"max_length", "50", "--set model.max_length=N"};

// Row 0 is neither attended to nor an item here, so nothing is lost with it. The attribute table
// and the four maps of pretraining are in every file, used or not.
std::vector<ForeignTensor> s3rec_sasrec_tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  std::vector<ForeignTensor> tensors;
  tensors.push_back(
      {std::string(kS3recTable), {num_items + 2, d}, {"item_embedding.weight"}, true});
  tensors.push_back({"attribute_embeddings.weight", {kAnyExtent, d}, {}});
  tensors.push_back(
      {"position_embeddings.weight", {options.max_length, d}, {"position_embedding.weight"}});
  add_post_norm_blocks(tensors, options, "item_encoder.layer.{}.", "attention.", "intermediate.");
  add_pair(tensors, "LayerNorm", "embedding_norm", d);
  for (const std::string objective : {"aap", "mip", "map", "sp"}) {
    tensors.push_back({objective + "_norm.weight", {d, d}, {}});
    tensors.push_back({objective + "_norm.bias", {d}, {}});
  }
  return tensors;
}

// With padding = "none" there is no vector of padding, and row 0 is zero like that of the mask.
ForeignTensor table_with_padding(const ModelOptions& options, int64_t num_items) {
  ForeignTensor table{std::string(kS3recTable),
                      {num_items + 2, options.hidden_size},
                      {"item_embedding.weight"},
                      true};
  if (options.padding == PaddingUse::attend) table.padding_row = kPaddingVector;
  return table;
}

std::vector<ForeignTensor> s3rec_gru4rec_tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  const int64_t hidden = options.gru_hidden_size;
  std::vector<ForeignTensor> tensors = {table_with_padding(options, num_items)};
  tensors.push_back({"gru_layers.weight_ih_l0", {3 * hidden, d}, {"gru.0.input_weight"}});
  tensors.push_back({"gru_layers.weight_hh_l0", {3 * hidden, hidden}, {"gru.0.hidden_weight"}});
  add_pair(tensors, "dense", "dense", d, hidden);
  return tensors;
}

std::vector<ForeignTensor> s3rec_srgnn_tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  std::vector<ForeignTensor> tensors = {table_with_padding(options, num_items)};
  tensors.push_back({"gnn.w_ih", {3 * d, 2 * d}, {"gnn_input.weight"}});
  tensors.push_back({"gnn.w_hh", {3 * d, d}, {"gnn_hidden.weight"}});
  tensors.push_back({"gnn.b_ih", {3 * d}, {"gnn_input.bias"}});
  tensors.push_back({"gnn.b_hh", {3 * d}, {"gnn_hidden.bias"}});
  tensors.push_back({"gnn.b_iah", {d}, {"aggregate_in_bias"}});
  tensors.push_back({"gnn.b_ioh", {d}, {"aggregate_out_bias"}});
  add_pair(tensors, "gnn.linear_edge_in", "edge_in", d, d);
  add_pair(tensors, "gnn.linear_edge_out", "edge_out", d, d);
  add_pair(tensors, "linear_one", "attention_query", d, d);
  add_pair(tensors, "linear_two", "attention_key", d, d);
  tensors.push_back({"linear_three.weight", {1, d}, {"attention_value.weight"}});
  add_pair(tensors, "linear_transform", "output", d, 2 * d);
  return tensors;
}

}  // namespace

extern const NamingScheme s3rec_names, s3rec_gru4rec_names, s3rec_srgnn_names;

const NamingScheme s3rec_names{
    .name = "s3rec",
    .network = "sasrec",
    .fixed = {{"block", "post-norm"}, {"positions", "from-end"}, {"tie_embeddings", "true"}},
    .extra_rows = 2,
    .item_table = kS3recTable,
    .sizes = {{kS3recTable, 1, &ModelOptions::hidden_size},
              {"position_embeddings.weight", 0, &ModelOptions::max_length},
              {"item_encoder.layer.0.intermediate.dense_1.weight", 0, &ModelOptions::inner_size}},
    .counts = {{{"item_encoder.layer.{}.attention.query.weight"}, &ModelOptions::num_blocks}},
    .asked = {{"num_heads", "2", "--heads"}, {"activation", "gelu", "--set model.activation=relu"}},
    .own_tensor = "position_embeddings.weight",
    .pretrained_table = "attribute_embeddings.weight",
    .tensors = &s3rec_sasrec_tensors};

const NamingScheme s3rec_gru4rec_names{
    .name = "s3rec-gru4rec",
    .family = "s3rec",
    .network = "gru4rec",
    .fixed = {{"gru_layers", "1"}, {"gru_bias", "false"}, {"tie_embeddings", "true"}},
    .extra_rows = 2,
    .item_table = kS3recTable,
    .sizes = {{kS3recTable, 1, &ModelOptions::hidden_size},
              {"gru_layers.weight_hh_l0", 1, &ModelOptions::gru_hidden_size}},
    .asked = {kS3recWindow},
    .sees_padding = true,
    .own_tensor = "gru_layers.weight_ih_l0",
    .tensors = &s3rec_gru4rec_tensors};

const NamingScheme s3rec_srgnn_names{
    .name = "s3rec-srgnn",
    .family = "s3rec",
    .network = "sr-gnn",
    .fixed = {{"tie_embeddings", "true"}},
    .extra_rows = 2,
    .item_table = kS3recTable,
    .sizes = {{kS3recTable, 1, &ModelOptions::hidden_size}},
    .asked = {kS3recWindow,
              {"readout", "",
               "--set model.readout=original (Ori-SRGNN) or --set model.readout=improved (SRGNN)"},
              {"gnn_steps", "1", "--set model.gnn_steps=N"}},
    .sees_padding = true,
    .own_tensor = "gnn.w_ih",
    .tensors = &s3rec_srgnn_tensors};

}  // namespace truenext
