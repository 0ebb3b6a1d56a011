// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "inference/model_weights.h"
#include "inference/safetensors.h"
#include "kernels/kernels.h"

namespace truenext::test {

inline const std::filesystem::path kS3rec = std::filesystem::path(TRUENEXT_SHARED_DATA) / "s3rec";

/// One checkpoint: row 0 of its table is padding, row r is our item r - 1.
class S3recCheckpoint {
 public:
  explicit S3recCheckpoint(const std::string& name)
      : file_(kS3rec / "checkpoints" / (name + ".safetensors")) {
    const StoredTensor& table = file_.tensors().at("item_embeddings.weight");
    rows_ = table.shape[0];
    options_.hidden_size = 64;
    options_.max_length = 50;
    options_.tie_embeddings = true;
    take("item_embedding.weight", "item_embeddings.weight");
    TensorView& items = weights_["item_embedding.weight"];
    padding_ = items.data;
    items.data += 64;
    items.shape[0] -= 1;
    if (name.starts_with("GRU4Rec")) {
      map_gru4rec();
    } else {
      map_sasrec();
    }
    encoder_ = make_encoder(options_, weights_);
  }

  const SequenceEncoder& encoder() const { return *encoder_; }

  /// Scores of all rows, the padding row included.
  std::vector<float> scores(const float* state) const {
    std::vector<float> result(static_cast<size_t>(rows_));
    kernels::gemm_nt(1, rows_, 64, state, 64, padding_, 64, result.data(), rows_, false);
    return result;
  }

 private:
  void take(const std::string& ours, const std::string& theirs) {
    const StoredTensor& tensor = file_.tensors().at(theirs);
    weights_[ours] = {tensor.shape, file_.floats(theirs, tensor.shape).data()};
  }
  void take_pair(const std::string& ours, const std::string& theirs) {
    take(ours + ".weight", theirs + ".weight");
    take(ours + ".bias", theirs + ".bias");
  }
  void map_gru4rec() {
    options_.name = "gru4rec";
    options_.padding = PaddingUse::attend;
    weights_["padding_embedding"] = {{64}, padding_};
    take("gru.0.input_weight", "gru_layers.weight_ih_l0");
    take("gru.0.hidden_weight", "gru_layers.weight_hh_l0");
    take_pair("dense", "dense");
  }
  void map_sasrec() {
    options_.block = "post-norm";
    take("position_embedding.weight", "position_embeddings.weight");
    take_pair("embedding_norm", "LayerNorm");
    for (const std::string b : {"0", "1"}) {
      const std::string ours = "blocks." + b + ".";
      const std::string attention = "item_encoder.layer." + b + ".attention.";
      const std::string inner = "item_encoder.layer." + b + ".intermediate.";
      for (const std::string part : {"query", "key", "value"}) {
        take_pair(ours + part, attention + part);
      }
      take_pair(ours + "output", attention + "dense");
      take_pair(ours + "attention_norm", attention + "LayerNorm");
      take_pair(ours + "ffn1", inner + "dense_1");
      take_pair(ours + "ffn2", inner + "dense_2");
      take_pair(ours + "ffn_norm", inner + "LayerNorm");
    }
  }

  SafetensorsFile file_;
  ModelOptions options_;
  TensorMap weights_;
  const float* padding_ = nullptr;
  int64_t rows_ = 0;
  std::unique_ptr<SequenceEncoder> encoder_;
};

}  // namespace truenext::test
