// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"
#include "serve/item_file.h"

namespace truenext::serve {

/// A model file copied into memory, so that nothing that happens to the file reaches it, with the
/// tables that answering needs. Read-only; any number of threads may ask at once.
class ServedModel {
 public:
  /// Opens and makes the tables. Data Error when the file is none, damaged, or not finite.
  ServedModel(const std::filesystem::path& path, WorkerPool& pool);

  const ModelFile& file() const { return file_; }
  const Scorer& scorer() const { return *scorer_; }
  /// By the cosine of the item table; made when it is first asked for, at the price of a copy.
  const Scorer& cosine() const;
  /// The first 16 digits of the fingerprint of the file.
  const std::string& version() const { return version_; }
  int64_t loaded() const { return loaded_; }  ///< seconds since 1970
  int64_t memory_bytes() const;
  bool has_compact_table() const;

  /// Data Error when a list of one of 64 histories from the catalogue is not what the plain
  /// scores give: finite, descending, every item once.
  void self_test(WorkerPool& pool) const;

 private:
  ModelFile file_;
  std::unique_ptr<Scorer> scorer_;
  std::string version_;
  int64_t loaded_;
  mutable std::once_flag cosine_made_;
  mutable std::unique_ptr<Scorer> cosine_;
};

/// Bytes that loading the model file may take.
int64_t memory_needed(const std::filesystem::path& path);
/// Bytes that the system can give, -1 where it does not say.
int64_t memory_available();

/// A model as requests meet it: under a name, with what is known of its items.
struct Serving {
  std::string name;
  std::shared_ptr<const ServedModel> model;
  std::unique_ptr<const ItemIndex> items;
  std::unique_ptr<const Scorer> popularity;  ///< null = nobody said how popular items are
  bool exclude_seen = true;                  ///< where a request does not say

  std::string label() const { return name + "@" + model->version(); }
};
using ServingPtr = std::shared_ptr<const Serving>;

}  // namespace truenext::serve
