// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>

#include "c_api/texts.h"
#include "data/dataset.h"

namespace truenext::c_api {

/// A dataset with what is made of it when it is first asked for. Every member may be called by
/// several threads at once.
class OpenDataset {
 public:
  explicit OpenDataset(const std::filesystem::path& folder) : dataset_(Dataset::open(folder)) {}

  const Dataset& dataset() const { return dataset_; }
  const StoredTexts& user_ids() const;
  const StoredTexts& item_ids() const;
  /// How many of a user's events are the history of TRUENEXT_HISTORY_... Usage Error when there is
  /// no such.
  int64_t history_length(int64_t user, int32_t history) const;
  /// They themselves, oldest first.
  std::span<const int32_t> history(int64_t user, int32_t history) const;

 private:
  Dataset dataset_;
  mutable std::once_flag users_once_, items_once_;
  mutable StoredTexts user_ids_, item_ids_;
};

}  // namespace truenext::c_api

struct truenext_dataset {
  explicit truenext_dataset(const std::filesystem::path& folder) : open(folder) {}
  truenext::c_api::OpenDataset open;
};
