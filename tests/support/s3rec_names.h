// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace truenext::test {

/// Their name of each of our tensors.
using TensorPairs = std::map<std::string, std::string>;

/// A weight and a bias.
inline void add_tensor_pair(TensorPairs& names, const std::string& ours,
                            const std::string& theirs) {
  for (const char* end : {".weight", ".bias"}) names[ours + end] = theirs + end;
}

/// The transformer of S3-Rec's code, written down apart from interop so that golden values do not
/// hang on it.
inline void add_s3rec_transformer(TensorPairs& names) {
  names["position_embedding.weight"] = "position_embeddings.weight";
  add_tensor_pair(names, "embedding_norm", "LayerNorm");
  for (const std::string b : {"0", "1"}) {
    const std::string ours = "blocks." + b + ".", theirs = "item_encoder.layer." + b + ".";
    for (const char* part : {"query", "key", "value"}) {
      add_tensor_pair(names, ours + part, theirs + "attention." + part);
    }
    add_tensor_pair(names, ours + "output", theirs + "attention.dense");
    add_tensor_pair(names, ours + "attention_norm", theirs + "attention.LayerNorm");
    add_tensor_pair(names, ours + "ffn1", theirs + "intermediate.dense_1");
    add_tensor_pair(names, ours + "ffn2", theirs + "intermediate.dense_2");
    add_tensor_pair(names, ours + "ffn_norm", theirs + "intermediate.LayerNorm");
  }
}

}  // namespace truenext::test
