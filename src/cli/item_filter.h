// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eval/item_match.h"
#include "eval/item_set.h"

namespace truenext::cli {

class Command;

/// The options that say what may be answered, each a file of raw ids or the ids themselves.
struct FilterArguments {
  std::string allow, exclude, candidates;
};
void add_filter_options(Command& verb, FilterArguments& arguments);
/// Option and value of each, for check_standard_input().
std::vector<std::pair<std::string, std::string>> filter_sources(const FilterArguments& arguments);

/// What those options let through.
class ItemFilter {
 public:
  ItemFilter(const FilterArguments& arguments, const std::string& separator);

  bool given() const { return !lists_.empty(); }
  /// Names the ids that `find` does not know in a warning. Data Error when it knows none of an
  /// option's.
  void check(const FindItem& find) const;
  /// The items of a catalogue that may be answered; nothing when no option was given.
  std::optional<ItemSet> items(int64_t num_items, const FindItem& find) const;

 private:
  struct List {
    std::string option, value;
    bool keeps;  ///< nothing but these; else none of these
    std::vector<std::string> ids;
  };
  std::vector<List> lists_;
  std::string separator_;
};

}  // namespace truenext::cli
