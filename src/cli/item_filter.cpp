// SPDX-License-Identifier: Apache-2.0
#include "cli/item_filter.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/id_text.h"

namespace truenext::cli {

void add_filter_options(Command& verb, FilterArguments& arguments) {
  const char* const group = "Filters";
  verb.add_option("--allow", arguments.allow,
                  "Answer with these items only: a file of raw ids, one a line, or the ids")
      .group(group);
  verb.add_option("--exclude", arguments.exclude, "Never answer with these items (likewise)")
      .group(group);
  verb.add_option("--candidates", arguments.candidates,
                  "Rank these items, e.g. what an earlier stage found (likewise); with --allow, "
                  "those that are in both")
      .group(group);
}

std::vector<std::pair<std::string, std::string>> filter_sources(const FilterArguments& arguments) {
  return {{"--allow", arguments.allow},
          {"--candidates", arguments.candidates},
          {"--exclude", arguments.exclude}};
}

ItemFilter::ItemFilter(const FilterArguments& arguments, const std::string& separator)
    : separator_(separator) {
  const auto add = [&](const char* option, const std::string& value, bool keeps) {
    if (value.empty()) return;
    lists_.push_back({option, value, keeps, read_ids(option, value, separator)});
  };
  add("--allow", arguments.allow, true);
  add("--candidates", arguments.candidates, true);
  add("--exclude", arguments.exclude, false);
}

void ItemFilter::check(const FindItem& find) const {
  for (const List& list : lists_) {
    std::vector<std::string> unknown;
    for (const std::string& id : list.ids) {
      if (!find(id)) unknown.push_back(id);
    }
    const std::string hint = separator_hint(list.value, separator_, !unknown.empty(), find);
    check_data(unknown.size() < list.ids.size(), "{}: none of its {} ids is an item: {}{}",
               list.option, unknown.size(), id_list(unknown), hint);
    if (!unknown.empty()) {
      log_warning("{}: {} of {} ids are no items and are passed over: {}{}", list.option,
                  unknown.size(), list.ids.size(), id_list(unknown), hint);
    } else if (!hint.empty()) {
      log_warning("{}: taken for {} ids{}", list.option, list.ids.size(), hint);
    }
  }
}

std::optional<ItemSet> ItemFilter::items(int64_t num_items, const FindItem& find) const {
  if (!given()) return std::nullopt;
  ItemSet kept(num_items, true);
  for (const List& list : lists_) {
    ItemSet these(num_items, !list.keeps);
    for (const std::string& id : list.ids) {
      const auto item = find(id);
      if (!item) continue;
      if (list.keeps) {
        these.insert(*item);
      } else {
        these.remove(*item);
      }
    }
    kept.intersect(these);
  }
  return kept;
}

}  // namespace truenext::cli
