// SPDX-License-Identifier: Apache-2.0
#include "base/key_suggestions.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/options.h"

namespace truenext {
namespace {

std::string last_part(std::string_view key) {
  return std::string(key.substr(key.rfind('.') + 1));  // npos + 1 = 0: the whole
}

/// Names of other programs (SASRec and gSASRec codes, RecBole, RecTools, Keras) and ours. Only keys
/// that exist are suggested.
constexpr std::array<std::pair<std::string_view, std::string_view>, 34> kElsewhere = {{
    {"lr", "learning_rate"},
    {"rate", "learning_rate"},
    {"dim", "hidden_size"},
    {"d_model", "hidden_size"},
    {"embed_dim", "hidden_size"},
    {"embedding_dim", "hidden_size"},
    {"embedding_size", "hidden_size"},
    {"emb_size", "hidden_size"},
    {"n_factors", "hidden_size"},
    {"hidden_units", "hidden_size"},
    {"layers", "num_blocks"},
    {"num_layers", "num_blocks"},
    {"n_layers", "num_blocks"},
    {"n_blocks", "num_blocks"},
    {"heads", "num_heads"},
    {"n_heads", "num_heads"},
    {"num_attention_heads", "num_heads"},
    {"maxlen", "max_length"},
    {"max_len", "max_length"},
    {"sequence_length", "max_length"},
    {"session_max_len", "max_length"},
    {"max_seq_length", "max_length"},
    {"dropout_rate", "dropout"},
    {"negs", "negatives"},
    {"num_negatives", "negatives"},
    {"n_negatives", "negatives"},
    {"negs_per_pos", "negatives"},
    {"train_neg_sample_num", "negatives"},
    {"loss", "criterion"},
    {"loss_type", "criterion"},
    {"num_epochs", "epochs"},
    {"train_batch_size", "batch_size"},
    {"batch", "batch_size"},
    {"early_stopping_patience", "patience"},
}};

std::string our_name(const std::string& name) {
  const auto* found = std::find_if(kElsewhere.begin(), kElsewhere.end(),
                                   [&](const auto& entry) { return entry.first == name; });
  return found == kElsewhere.end() ? "" : std::string(found->second);
}

std::vector<std::string> ending_in(const std::string& name, const std::vector<std::string>& known) {
  std::vector<std::string> keys;
  for (const std::string& key : known) {
    if (last_part(key) == name) keys.push_back(key);
  }
  return keys;
}

}  // namespace

std::vector<std::string> suggested_keys(std::string_view key,
                                        const std::vector<std::string>& known) {
  std::string name = last_part(key);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::tolower(c));
  });
  if (auto keys = ending_in(name, known); !keys.empty()) return keys;
  if (auto keys = ending_in(our_name(name), known); !keys.empty()) return keys;
  if (const std::string near = nearest_word(key, known); !near.empty()) return {near};
  std::vector<std::string> names;
  for (const std::string& each : known) names.push_back(last_part(each));
  const std::string near = nearest_word(name, names);
  return near.empty() ? std::vector<std::string>() : ending_in(near, known);
}

}  // namespace truenext
