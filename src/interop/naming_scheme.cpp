// SPDX-License-Identifier: Apache-2.0
#include "interop/naming_scheme.h"

#include "base/error.h"

namespace truenext {
namespace {

using Tensors = std::vector<ForeignTensor>;

// gSASRec-pytorch: rows 0 and n + 1 of the tables are no items.
Tensors gsasrec_names(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  Tensors tensors;
  tensors.push_back({"item_embedding.weight", {num_items + 2, d}, {"item_embedding.weight"}, true});
  tensors.push_back(
      {"position_embedding.weight", {options.max_length, d}, {"position_embedding.weight"}});
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const std::string theirs = fmt::format("transformer_blocks.{}.", b);
    const std::string attention = theirs + "multihead_attention.";
    const std::string ours = fmt::format("blocks.{}.", b);
    add_pair(tensors, theirs + "first_norm", ours + "attention_norm", d);
    add_pair(tensors, theirs + "second_norm", ours + "ffn_norm", d);
    add_pair(tensors, attention + "query_proj", ours + "query", d, d);
    add_pair(tensors, attention + "key_proj", ours + "key", d, d);
    add_pair(tensors, attention + "val_proj", ours + "value", d, d);
    add_pair(tensors, theirs + "dense1", ours + "ffn1", options.inner_size, d);
    add_pair(tensors, theirs + "dense2", ours + "ffn2", d, options.inner_size);
  }
  add_pair(tensors, "seq_norm", "final_norm", d);
  if (!options.tie_embeddings) {
    tensors.push_back(
        {"output_embedding.weight", {num_items + 2, d}, {"output_embedding.weight"}, true});
  }
  return tensors;
}

// pmixer's port of SASRec and its descendants: row 0 is padding, query, key and value rows are
// packed, the feed-forward maps are convolutions of width 1. Positions count from `padding`, 1 when
// the position table has a row for padding too.
Tensors pmixer_tensors(const ModelOptions& options, int64_t num_items, int64_t padding) {
  const int64_t d = options.hidden_size;
  const int64_t inner = options.inner_size;
  Tensors tensors;
  tensors.push_back({"item_emb.weight", {num_items + 1, d}, {"item_embedding.weight"}, true});
  tensors.push_back({"pos_emb.weight",
                     {options.max_length + padding, d},
                     {"position_embedding.weight"},
                     false,
                     padding});
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const std::string ours = fmt::format("blocks.{}.", b);
    add_pair(tensors, fmt::format("attention_layernorms.{}", b), ours + "attention_norm", d);
    const std::string attention = fmt::format("attention_layers.{}.", b);
    tensors.push_back({attention + "in_proj_weight",
                       {3 * d, d},
                       {ours + "query.weight", ours + "key.weight", ours + "value.weight"}});
    tensors.push_back({attention + "in_proj_bias",
                       {3 * d},
                       {ours + "query.bias", ours + "key.bias", ours + "value.bias"}});
    add_pair(tensors, attention + "out_proj", ours + "output", d, d);
    add_pair(tensors, fmt::format("forward_layernorms.{}", b), ours + "ffn_norm", d);
    const std::string forward = fmt::format("forward_layers.{}.", b);
    tensors.push_back({forward + "conv1.weight", {inner, d, 1}, {ours + "ffn1.weight"}});
    tensors.push_back({forward + "conv1.bias", {inner}, {ours + "ffn1.bias"}});
    tensors.push_back({forward + "conv2.weight", {d, inner, 1}, {ours + "ffn2.weight"}});
    tensors.push_back({forward + "conv2.bias", {d}, {ours + "ffn2.bias"}});
  }
  add_pair(tensors, "last_layernorm", "final_norm", d);
  return tensors;
}

Tensors pmixer_names(const ModelOptions& options, int64_t num_items) {
  return pmixer_tensors(options, num_items, 1);
}

Tensors first_pmixer_names(const ModelOptions& options, int64_t num_items) {
  return pmixer_tensors(options, num_items, 0);
}

constexpr AskedKey kHeads = {"num_heads", "", "--heads"};

const NamingScheme kGsasrec{
    .name = "gsasrec",
    .fixed = {{"block", "gsasrec"}, {"positions", "from-end"}, {"activation", "auto"}},
    .extra_rows = 2,
    .item_table = "item_embedding.weight",
    .output_table = "output_embedding.weight",
    .sizes = {{"item_embedding.weight", 1, &ModelOptions::hidden_size},
              {"position_embedding.weight", 0, &ModelOptions::max_length},
              {"transformer_blocks.0.dense1.weight", 0, &ModelOptions::inner_size}},
    .counts = {{{"transformer_blocks.{}.first_norm.weight"}, &ModelOptions::num_blocks}},
    .asked = {kHeads},
    .tensors = &gsasrec_names};

NamingScheme pmixer_scheme(std::string_view name, int64_t padding) {
  NamingScheme scheme;
  scheme.name = name;
  scheme.family = "pmixer";
  scheme.fixed = {{"block", "pmixer"},
                  {"positions", "from-end"},
                  {"activation", "auto"},
                  {"tie_embeddings", "true"}};
  scheme.extra_rows = 1;
  scheme.item_table = "item_emb.weight";
  scheme.sizes = {{"item_emb.weight", 1, &ModelOptions::hidden_size},
                  {"pos_emb.weight", 0, &ModelOptions::max_length, padding},
                  {"forward_layers.0.conv1.weight", 0, &ModelOptions::inner_size}};
  scheme.counts = {{{"attention_layernorms.{}.weight", "attention_layers.{}.",
                     "forward_layernorms.{}.", "forward_layers.{}."},
                    &ModelOptions::num_blocks}};
  scheme.asked = {kHeads};
  scheme.sees_padding = true;
  if (padding > 0) {
    // The code that wants the row keeps it at zero, and no trained row is zero.
    scheme.zero_row = "pos_emb.weight";
    scheme.caveat =
        "since it has the option norm_first, that code normalises the inputs of a block, or its "
        "sums, where block \"pmixer\" normalises the queries, and it no longer blanks padded "
        "positions between blocks";
    scheme.tensors = &pmixer_names;
  } else {
    scheme.tensors = &first_pmixer_names;
  }
  return scheme;
}

}  // namespace

extern const NamingScheme s3rec_names, s3rec_gru4rec_names, s3rec_srgnn_names;
extern const NamingScheme csrec_gru4rec_names, csrec_narm_names, csrec_nextitnet_names,
    csrec_sasrec_names, csrec_caser_names, csrec_bert_names;

namespace {

// One entry per project, network or layout of its files; of a family the one that gives it its name
// comes first.
const std::vector<const NamingScheme*>& scheme_list() {
  static const NamingScheme pmixer = pmixer_scheme("pmixer", 1);
  static const NamingScheme relevance = pmixer_scheme("relevance-2023", 0);
  static const std::vector<const NamingScheme*> all = {&kGsasrec,
                                                       &pmixer,
                                                       &relevance,
                                                       &s3rec_names,
                                                       &s3rec_gru4rec_names,
                                                       &s3rec_srgnn_names,
                                                       &csrec_gru4rec_names,
                                                       &csrec_narm_names,
                                                       &csrec_nextitnet_names,
                                                       &csrec_sasrec_names,
                                                       &csrec_caser_names,
                                                       &csrec_bert_names};
  return all;
}

}  // namespace

std::vector<const NamingScheme*> naming_schemes(std::string_view name) {
  std::vector<const NamingScheme*> found;
  for (const NamingScheme* scheme : scheme_list()) {
    if (scheme->name == name || scheme->family == name) found.push_back(scheme);
  }
  check_usage(!found.empty(), "names \"{}\" are unknown; want one of {}", name,
              fmt::join(naming_scheme_names(), ", "));
  return found;
}

const NamingScheme& naming_scheme(std::string_view name) {
  return *naming_schemes(name).front();
}

std::vector<std::string> naming_scheme_names() {
  std::vector<std::string> names;
  for (const NamingScheme* scheme : scheme_list()) names.emplace_back(scheme->name);
  return names;
}

std::vector<float> turned(const std::vector<float>& values, int64_t rows, int64_t columns) {
  std::vector<float> result(values.size());
  const auto size = static_cast<int64_t>(values.size());
  for (int64_t begin = 0; begin < size; begin += rows * columns) {
    for (int64_t i = 0; i < rows * columns; ++i) {
      result[static_cast<size_t>(begin + i % columns * rows + i / columns)] =
          values[static_cast<size_t>(begin + i)];
    }
  }
  return result;
}

void add_pair(std::vector<ForeignTensor>& tensors, const std::string& theirs,
              const std::string& ours, int64_t out, int64_t in) {
  const auto shape = in == 0 ? std::vector<int64_t>{out} : std::vector<int64_t>{out, in};
  tensors.push_back({theirs + ".weight", shape, {ours + ".weight"}});
  tensors.push_back({theirs + ".bias", {out}, {ours + ".bias"}});
}

void add_post_norm_blocks(std::vector<ForeignTensor>& tensors, const ModelOptions& options,
                          std::string_view layer, const std::string& attention,
                          const std::string& inner) {
  const int64_t d = options.hidden_size;
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const std::string theirs = fmt::format(fmt::runtime(layer), b);
    const std::string ours = fmt::format("blocks.{}.", b);
    for (const char* part : {"query", "key", "value"}) {
      add_pair(tensors, theirs + attention + part, ours + part, d, d);
    }
    add_pair(tensors, theirs + attention + "dense", ours + "output", d, d);
    add_pair(tensors, theirs + attention + "LayerNorm", ours + "attention_norm", d);
    add_pair(tensors, theirs + inner + "dense_1", ours + "ffn1", options.inner_size, d);
    add_pair(tensors, theirs + inner + "dense_2", ours + "ffn2", d, options.inner_size);
    add_pair(tensors, theirs + inner + "LayerNorm", ours + "ffn_norm", d);
  }
}

}  // namespace truenext
