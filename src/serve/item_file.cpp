// SPDX-License-Identifier: Apache-2.0
#include "serve/item_file.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/line_reader.h"
#include "base/options.h"
#include "serve/json_fields.h"

namespace truenext::serve {
namespace {

constexpr size_t kMostData = 4096;
constexpr size_t kMostTagsOfItem = 256;
constexpr size_t kSuggestedTags = 1000;

std::vector<std::string> read_tags(JsonFields& fields) {
  std::vector<std::string> tags;
  const auto list = fields.array("tags", kMostTagsOfItem);
  if (!list) return tags;
  for (const auto each : *list) {
    std::string_view tag;
    if (each.get(tag) != simdjson::SUCCESS || tag.empty() || tag.size() > 128) {
      fields.wrong("tags", "must be texts of 1 to 128 bytes");
      break;
    }
    tags.emplace_back(tag);
  }
  return tags;
}

std::pair<std::string, ItemEntry> read_entry(const simdjson::dom::element& line,
                                             std::vector<FieldError>* errors) {
  JsonFields fields(line, "", errors);
  std::string id = fields.id("item");
  ItemEntry entry;
  if (id.empty()) fields.wrong("item", "is missing");
  entry.title = fields.text("title", "", 10'000);
  entry.available = fields.flag("available", true);
  entry.tags = read_tags(fields);
  entry.popularity = static_cast<double>(fields.whole("popularity", 0, int64_t{1} << 53, -1));
  if (const auto data = fields.object("data")) {
    entry.data = simdjson::minify(*data);
    if (entry.data.size() > kMostData) fields.wrong("data", "must have at most 4096 bytes");
  }
  fields.finish();
  return {std::move(id), std::move(entry)};
}

}  // namespace

ItemFile ItemFile::read(const std::filesystem::path& path) {
  LineReader reader(path.string());
  ItemFile file;
  simdjson::dom::parser parser;
  std::string_view line;
  for (int64_t number = 1; reader.next(line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}:{}", reader.name(), number);
    simdjson::dom::element element;
    const auto broken = parser.parse(line.data(), line.size(), true).get(element);
    check_data(broken == simdjson::SUCCESS, "{}: no JSON object: {}", where,
               simdjson::error_message(broken));
    std::vector<FieldError> errors;
    auto [id, entry] = read_entry(element, &errors);
    check_data(errors.empty(), "{}: {} {}", where, errors.empty() ? "" : errors[0].pointer,
               errors.empty() ? "" : errors[0].detail);
    file.has_popularity = file.has_popularity || entry.popularity >= 0;
    check_data(file.entries.emplace(std::move(id), std::move(entry)).second,
               "{}: the item stands twice", where);
  }
  return file;
}

ItemIndex::ItemIndex(const ModelFile& model, std::shared_ptr<const ItemFile> file,
                     const std::vector<std::string>& denied)
    : model_(model), file_(std::move(file)) {
  const int64_t items = model.num_items();
  ItemSet kept(items, true);
  for (const std::string& id : denied) {
    if (const auto item = model.find_item(id)) kept.remove(*item);
  }
  if (file_) {
    entries_.resize(static_cast<size_t>(items));
    if (file_->has_popularity) popularity_.resize(static_cast<size_t>(items));
    for (const auto& [id, entry] : file_->entries) {
      const auto item = model.find_item(id);
      if (!item) {
        ++unknown_;
        continue;
      }
      entries_[static_cast<size_t>(*item)] = &entry;
      if (!entry.available) kept.remove(*item);
      if (file_->has_popularity) {
        popularity_[static_cast<size_t>(*item)] =
            static_cast<float>(std::max(0.0, entry.popularity));
      }
      for (const std::string& tag : entry.tags) {
        tags_[tag].push_back(*item);
      }
    }
  }
  if (kept.size() < items) available_ = std::make_shared<ItemSet>(std::move(kept));
}

std::string_view ItemIndex::title(int32_t item) const {
  const ItemEntry* const known = entry(item);
  return known != nullptr && !known->title.empty() ? known->title : model_.title(item);
}

const std::vector<int32_t>* ItemIndex::tagged(const std::string& tag) const {
  const auto found = tags_.find(tag);
  return found == tags_.end() ? nullptr : &found->second;
}

std::string ItemIndex::nearest_tag(const std::string& tag) const {
  if (tags_.size() > kSuggestedTags) return {};  // every request may ask
  std::vector<std::string> names;
  for (const auto& [name, items] : tags_) names.push_back(name);
  return nearest_word(tag, names);
}

}  // namespace truenext::serve
