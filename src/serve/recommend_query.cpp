// SPDX-License-Identifier: Apache-2.0
#include "serve/recommend_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace truenext::serve {
namespace {

constexpr size_t kMostTags = 100;

std::vector<std::string> tags_of(JsonFields& fields, std::string_view name) {
  std::vector<std::string> tags;
  const auto list = fields.array(name, kMostTags);
  if (!list) return tags;
  for (const auto each : *list) {
    std::string_view tag;
    if (each.get(tag) != simdjson::SUCCESS) {
      fields.wrong(name, "must be texts");
      break;
    }
    tags.emplace_back(tag);
  }
  return tags;
}

const std::vector<int32_t>& items_of(const std::string& tag, const Serving& serving,
                                     const char* where) {
  const std::vector<int32_t>* const items = serving.items->tagged(tag);
  if (items != nullptr) return *items;
  const std::string near = serving.items->nearest_tag(tag);
  throw ProblemError(
      {"invalid-request",
       "1 field is wrong",
       {{fmt::format("/filter/{}", where),
         fmt::format("no item has the tag \"{}\"{}", tag,
                     near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near))}}});
}

ItemSet set_of(const std::vector<std::string>& ids, const ModelFile& file,
               std::vector<std::string>* unknown) {
  ItemSet items(file.num_items());
  for (const std::string& id : ids) {
    if (const auto item = file.find_item(id)) {
      items.insert(*item);
    } else if (unknown != nullptr) {
      unknown->push_back(id);
    }
  }
  return items;
}

ItemSet of_tags(const std::vector<std::string>& tags, const Serving& serving, const char* where) {
  ItemSet items(serving.model->file().num_items());
  for (const std::string& tag : tags) {
    for (const int32_t item : items_of(tag, serving, where)) items.insert(item);
  }
  return items;
}

void apply_tags(const RecommendQuery& query, const Serving& serving, ItemSet* kept) {
  for (const std::string& tag : query.filter_all) {
    kept->intersect(of_tags({tag}, serving, "all"));
  }
  if (!query.filter_any.empty()) kept->intersect(of_tags(query.filter_any, serving, "any"));
  for (const std::string& tag : query.filter_none) {
    for (const int32_t item : items_of(tag, serving, "none")) kept->remove(item);
  }
}

}  // namespace

void read_filters(JsonFields& fields, const ServeOptions& options, RecommendQuery* query) {
  const auto most = static_cast<size_t>(options.max_list);
  if (fields.has("exclude")) query->exclude = fields.ids("exclude", most);
  if (fields.has("allow")) query->allow = fields.ids("allow", most);
  if (const auto filter = fields.object("filter")) {
    std::vector<FieldError> errors;
    JsonFields tags(*filter, pointer_to(fields.pointer(), "filter"), &errors);
    query->filter_all = tags_of(tags, "all");
    query->filter_any = tags_of(tags, "any");
    query->filter_none = tags_of(tags, "none");
    tags.finish();
    fields.add(std::move(errors));
  }
}

void read_query(JsonFields& fields, const ServeOptions& options, RecommendQuery* query) {
  query->k_given = fields.has("k") || query->k_given;
  query->k = fields.whole("k", 1, options.max_k, query->k);
  if (fields.has("exclude_seen")) query->exclude_seen = fields.flag("exclude_seen", true);
  read_filters(fields, options, query);
  if (fields.has("candidates")) {
    query->candidates = fields.ids("candidates", static_cast<size_t>(options.max_candidates));
  }
  if (query->candidates) {  // also of the defaults of a batch
    if (query->allow) fields.wrong("allow", "does not go with candidates");
    if (fields.has("filter") || query->has_filter()) {
      fields.wrong("filter", "does not go with candidates");
    }
  }
  query->probabilities = fields.flag("probabilities", query->probabilities);
  query->titles = fields.flag("titles", query->titles);
  if (fields.has("explain")) {
    const std::string word =
        fields.text("explain", "none", 32, {"none", "similar", "leave-one-out"});
    query->explain = word == "similar"         ? Explain::similar
                     : word == "leave-one-out" ? Explain::leave_one_out
                                               : Explain::none;
  }
  query->explain_items = fields.whole("explain_items", 1, 20, query->explain_items);
  if (fields.has("unknown")) {
    query->refuse_unknown = fields.text("unknown", "skip", 16, {"skip", "error"}) == "error";
  }
  query->model = fields.text("model", query->model, 64);
  query->unit = fields.text("unit", query->unit, 256);
}

std::shared_ptr<const ItemSet> eligible_items(const RecommendQuery& query, const Serving& serving,
                                              std::vector<std::string>* unknown) {
  const auto& available = serving.items->available();
  if (query.exclude.empty() && !query.allow && !query.candidates && !query.has_filter()) {
    return available;
  }
  const ModelFile& file = serving.model->file();
  ItemSet kept = available ? *available : ItemSet(file.num_items(), true);
  if (query.candidates) kept.intersect(set_of(*query.candidates, file, unknown));
  if (query.allow) kept.intersect(set_of(*query.allow, file, unknown));
  apply_tags(query, serving, &kept);
  for (const std::string& id : query.exclude) {
    if (const auto item = file.find_item(id)) kept.remove(*item);
  }
  return std::make_shared<ItemSet>(std::move(kept));
}

}  // namespace truenext::serve
