// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "c_api/texts.h"
#include "eval/evaluator.h"
#include "eval/item_set.h"
#include "inference/model_file.h"
#include "inference/safetensors.h"

namespace truenext::c_api {

/// A model with what answers are made of, some of it made when it is first asked for. Shared by its
/// handle and its answers. Every member may be called by several threads at once.
class OpenModel {
 public:
  explicit OpenModel(const std::filesystem::path& path);
  explicit OpenModel(MemoryFile memory);

  const ModelFile& file() const { return file_; }
  /// Of whole catalogues; for one history of a large catalogue a compact table is made.
  const Scorer& scorer(int64_t histories) const;
  const Scorer& cosine_scorer() const;
  const StoredTexts& ids() const;
  const StoredTexts& titles() const;
  bool ids_are_utf8() const;
  /// truenext_model_info().
  std::string info() const;

  /// Pools are kept for the next call: starting threads costs more than one answer.
  class LentPool {
   public:
    LentPool(const OpenModel& model, int threads);
    ~LentPool();
    LentPool(const LentPool&) = delete;
    LentPool& operator=(const LentPool&) = delete;
    WorkerPool& get() { return *pool_; }

   private:
    const OpenModel& model_;
    std::unique_ptr<WorkerPool> pool_;
  };

 private:
  OpenModel(ModelFile file, std::filesystem::path path);

  std::filesystem::path path_;  ///< of the file, absolute; empty of a model in memory
  std::string version_;         ///< 16 hexadecimal digits of the file's content
  ModelFile file_;
  std::unique_ptr<Scorer> scorer_;

  mutable std::once_flag query_once_, cosine_once_, ids_once_, titles_once_;
  mutable std::unique_ptr<Scorer> query_scorer_, cosine_scorer_;
  mutable StoredTexts ids_, titles_;
  mutable bool ids_are_utf8_ = true;
  mutable std::mutex pools_mutex_;
  mutable std::vector<std::unique_ptr<WorkerPool>> pools_;
};

}  // namespace truenext::c_api

struct truenext_model {
  std::shared_ptr<const truenext::c_api::OpenModel> open;
};
