// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "data/next_counts.h"
#include "inference/calibration.h"
#include "inference/safetensors.h"
#include "net/encoder.h"
#include "net/model_options.h"

namespace truenext {

/// Name of the model file inside a run folder.
inline constexpr const char* kModelFileName = "model.safetensors";

/// The attributes of a model that composes its item tables of them (model.attributes).
struct ModelAttributes {
  AttributeLists lists;
  std::vector<std::string> ids;  ///< raw ids, one an attribute
};

/// What `model.safetensors` says beside its weights.
struct ModelDescription {
  ModelOptions model;               ///< resolved when read from a file
  std::string config_toml;          ///< the run's resolved configuration, may be empty
  std::string dataset_fingerprint;  ///< of the training data, may be empty (imported models)
  std::string split_fingerprint;
  std::string loss_name;     ///< e.g. "gBCE(t=0.75), 256 uniform negatives"
  bool exclude_seen = true;  ///< recommend without the items of the history
  std::string validation;    ///< e.g. "ndcg@10=0.1712 at epoch 40"
  /// What `truenext calibrate` fitted to these weights; training writes a model without.
  std::optional<Calibration> calibration;
  ModelAttributes attributes;
  /// Of the training part in the model's items (train.store_counts), for a blend in use.
  std::optional<NextCounts> counts;
};

/// Writes a self-contained model: weights (model_tensors() order), configuration, item ids,
/// titles and attributes. Atomic. Equal content gives equal bytes: no time stamps, no paths.
/// `titles` is empty or has one entry per item. Data Error when a tensor is missing, extra or
/// misshapen, an item id occurs twice or attributes do not fit. Format: docs/checkpoint-format.md.
void write_model_file(const std::filesystem::path& path, const ModelDescription& description,
                      const TensorMap& weights, const std::vector<std::string>& item_ids,
                      const std::vector<std::string>& titles);

/// Writes the model in `path` (a model file or run folder) again, atomically, with another
/// calibration or, when empty, with none. Everything else stays as it is.
void replace_calibration(const std::filesystem::path& path,
                         const std::optional<Calibration>& calibration);

/// A model file opened for use: mapped or lent weights, ready encoder, id map.
class ModelFile {
 public:
  /// `path` is a model file or a run folder that holds model.safetensors.
  static ModelFile open(const std::filesystem::path& path);
  /// What open() does with the bytes of a model file that are in memory already: the same checks
  /// and messages, with the name of `memory` in place of a path.
  static ModelFile from_memory(MemoryFile memory);
  ModelFile(ModelFile&&) noexcept;
  ModelFile& operator=(ModelFile&&) noexcept;
  ~ModelFile();

  const ModelDescription& description() const;
  /// The file itself, as it is mapped or lent.
  std::span<const std::byte> content() const;
  const SequenceEncoder& encoder() const;
  const TensorMap& weights() const;
  int64_t num_items() const;
  std::string_view item_id(int64_t item) const;
  /// Empty when the file has no titles.
  std::string_view title(int64_t item) const;
  std::optional<int32_t> find_item(std::string_view raw) const;

 private:
  struct Parts;
  static ModelFile from_parts(std::unique_ptr<Parts> parts);
  explicit ModelFile(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace truenext
