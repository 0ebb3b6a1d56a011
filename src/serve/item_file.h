// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "eval/item_set.h"
#include "inference/model_file.h"

namespace truenext::serve {

/// What `--items` says of an item.
struct ItemEntry {
  std::string title;
  std::vector<std::string> tags;
  std::string data;  ///< a JSON object that is given back as it is, or empty
  double popularity = 0;
  bool available = true;
};

/// A file of JSON lines {"item": ID, "title", "tags", "available", "popularity", "data"}.
struct ItemFile {
  std::unordered_map<std::string, ItemEntry> entries;  ///< by raw id
  bool has_popularity = false;

  /// Data Error naming file and line.
  static ItemFile read(const std::filesystem::path& path);
};

/// An item file and a list of denied ids as one model sees them. Read-only.
class ItemIndex {
 public:
  /// `model` and `file` outlive it; `file` may be null.
  ItemIndex(const ModelFile& model, std::shared_ptr<const ItemFile> file,
            const std::vector<std::string>& denied);

  /// What may be recommended, null = everything.
  const std::shared_ptr<const ItemSet>& available() const { return available_; }
  std::string_view title(int32_t item) const;
  const ItemEntry* entry(int32_t item) const {
    return entries_.empty() ? nullptr : entries_[static_cast<size_t>(item)];
  }
  /// The items of a tag, null when no item has it.
  const std::vector<int32_t>* tagged(const std::string& tag) const;
  /// The nearest tag, empty when none is near.
  std::string nearest_tag(const std::string& tag) const;
  /// Popularity of every item as a score, empty when the file says none.
  const std::vector<float>& popularity() const { return popularity_; }
  int64_t unknown() const { return unknown_; }  ///< entries that the model has no item for

 private:
  const ModelFile& model_;
  std::shared_ptr<const ItemFile> file_;
  std::vector<const ItemEntry*> entries_;
  std::shared_ptr<const ItemSet> available_;
  std::map<std::string, std::vector<int32_t>> tags_;
  std::vector<float> popularity_;
  int64_t unknown_ = 0;
};

}  // namespace truenext::serve
