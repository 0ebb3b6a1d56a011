// SPDX-License-Identifier: Apache-2.0
#include "c_api/open_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.h"
#include "base/utf8.h"
#include "eval/answers.h"

namespace truenext::c_api {
namespace {

/// Threads of calls that come at the same time are kept up to here.
constexpr size_t kKeptPools = 4;

std::filesystem::path file_of(const std::filesystem::path& path) {
  const auto file = std::filesystem::is_directory(path) ? path / kModelFileName : path;
  return std::filesystem::absolute(file).lexically_normal();
}

std::string version_of(const ModelFile& file) {
  Fingerprint fingerprint;
  fingerprint.add(file.content());
  return fingerprint.hex().substr(0, 16);
}

}  // namespace

OpenModel::OpenModel(const std::filesystem::path& path)
    : OpenModel(ModelFile::open(path), file_of(path)) {}

OpenModel::OpenModel(MemoryFile memory)
    : OpenModel(ModelFile::from_memory(std::move(memory)), {}) {}

OpenModel::OpenModel(ModelFile file, std::filesystem::path path)
    : path_(std::move(path)),
      version_(version_of(file)),
      file_(std::move(file)),
      scorer_(make_encoder_scorer(file_.encoder())) {}

const Scorer& OpenModel::scorer(int64_t histories) const {
  if (histories != 1 || file_.num_items() < kCompactItems) return *scorer_;
  std::call_once(query_once_, [this] {
    WorkerPool pool(1);
    query_scorer_ = make_query_scorer(file_.encoder(), pool);
  });
  return *query_scorer_;
}

const Scorer& OpenModel::cosine_scorer() const {
  std::call_once(cosine_once_, [this] { cosine_scorer_ = make_cosine_scorer(file_.encoder()); });
  return *cosine_scorer_;
}

const StoredTexts& OpenModel::ids() const {
  std::call_once(ids_once_, [this] {
    StoredTexts ids;
    for (int64_t item = 0; item < file_.num_items(); ++item) ids.add(file_.item_id(item));
    ids_ = std::move(ids);
    for (int64_t item = 0; item < file_.num_items(); ++item) {
      ids_are_utf8_ = ids_are_utf8_ && is_utf8(file_.item_id(item));
    }
  });
  return ids_;
}

const StoredTexts& OpenModel::titles() const {
  std::call_once(titles_once_, [this] {
    StoredTexts titles;
    for (int64_t item = 0; item < file_.num_items(); ++item) titles.add(file_.title(item));
    titles_ = std::move(titles);
  });
  return titles_;
}

bool OpenModel::ids_are_utf8() const {
  ids();
  return ids_are_utf8_;
}

std::string OpenModel::info() const {
  const ModelDescription& description = file_.description();
  nlohmann::ordered_json json;
  json["path"] = path_.string();
  json["version"] = version_;
  json["network"] = description.model.name;
  json["items"] = file_.num_items();
  json["dim"] = file_.encoder().dim();
  json["vector_dim"] = file_.encoder().vector_dim();
  json["similarity"] = word_of(description.model.similarity);
  json["max_length"] = file_.encoder().max_length();
  json["exclude_seen"] = description.exclude_seen;
  json["loss"] = description.loss_name;
  json["validation"] = description.validation;
  json["calibration"] = nullptr;
  if (description.calibration) {
    json["calibration"] = {{"method", method_name(*description.calibration)},
                           {"exclude_seen", description.calibration->exclude_seen},
                           {"users", description.calibration->users}};
  }
  json["dataset_fingerprint"] = description.dataset_fingerprint;
  json["split_fingerprint"] = description.split_fingerprint;
  json["config"] = description.config_toml;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

OpenModel::LentPool::LentPool(const OpenModel& model, int threads) : model_(model) {
  {
    const std::lock_guard lock(model.pools_mutex_);
    const auto found = std::find_if(model.pools_.begin(), model.pools_.end(),
                                    [&](const auto& pool) { return pool->threads() == threads; });
    if (found != model.pools_.end()) {
      pool_ = std::move(*found);
      model.pools_.erase(found);
    }
  }
  if (!pool_) pool_ = std::make_unique<WorkerPool>(threads);
}

OpenModel::LentPool::~LentPool() {
  const std::lock_guard lock(model_.pools_mutex_);
  model_.pools_.push_back(std::move(pool_));
  // The oldest goes, so that a pool of every number of threads does not stay for ever.
  if (model_.pools_.size() > kKeptPools) model_.pools_.erase(model_.pools_.begin());
}

}  // namespace truenext::c_api
