// SPDX-License-Identifier: Apache-2.0
#include "eval/ranked_lists.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/line_reader.h"
#include "eval/result_files.h"

namespace truenext {
namespace {

constexpr const char* kWanted =
    "want \"user<TAB>item item ...\", best first, or a TREC run, \"user Q0 item rank score tag\"";

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (size_t begin = 0; begin < line.size();) {
    const size_t end = std::min(line.find_first_of(" \t", begin), line.size());
    if (end > begin) fields.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

bool is_trec(const std::vector<std::string_view>& fields) {
  return fields.size() == 6 && fields[1] == "Q0";
}

struct Place {
  double score;
  int32_t item;
};

/// Lists as they come in, by dataset user.
class ListBuilder {
 public:
  ListBuilder(const Dataset& dataset, const Queries& queries) : dataset_(dataset) {
    for (size_t query = 0; query < queries.users.size(); ++query) {
      query_of_.emplace(queries.users[query], query);
    }
    lists_.resize(queries.users.size());
  }

  void add_tsv(std::string_view line, const std::string& where) {
    const size_t tab = line.find('\t');
    check_data(tab != std::string_view::npos, "{}: no tab after the user; {}", where, kWanted);
    std::vector<Place>* list = list_of(line.substr(0, tab));
    if (list == nullptr) return;
    check_data(list->empty(), "{}: a second list of user \"{}\"; want one line for each user",
               where, line.substr(0, tab));
    for (const std::string_view raw : fields_of(line.substr(tab + 1))) {
      list->push_back({0, item_of(raw)});
    }
  }

  void add_trec(const std::vector<std::string_view>& fields, const std::string& where) {
    check_data(is_trec(fields), "{}: not a line of a TREC run; {}", where, kWanted);
    double score = 0;
    const char* end = fields[4].data() + fields[4].size();
    const auto parsed = std::from_chars(fields[4].data(), end, score);
    check_data(parsed.ec == std::errc() && parsed.ptr == end && !std::isnan(score),
               "{}: the score \"{}\" is not a number", where, fields[4]);
    std::vector<Place>* list = list_of(id_of_trec(fields[0]));
    if (list != nullptr) list->push_back({score, item_of(id_of_trec(fields[2]))});
  }

  RankedLists finish() {
    RankedLists result;
    result.other_users = static_cast<int64_t>(others_.size());
    for (std::vector<Place>& list : lists_) {
      std::stable_sort(list.begin(), list.end(),
                       [](const Place& a, const Place& b) { return a.score > b.score; });
      std::vector<int32_t> items;
      std::unordered_set<int32_t> met;
      for (const Place& place : list) {
        items.push_back(place.item);
        result.unknown_items += place.item < 0;
        result.repeated_items += place.item >= 0 && !met.insert(place.item).second;
      }
      result.missing_users += items.empty();
      result.items.add_row(items);
    }
    return result;
  }

 private:
  /// Null for a user that is not evaluated.
  std::vector<Place>* list_of(std::string_view raw) {
    const auto user = dataset_.users().find(raw);
    const auto found = user ? query_of_.find(*user) : query_of_.end();
    if (found != query_of_.end()) return &lists_[found->second];
    others_.emplace(raw);
    return nullptr;
  }
  int32_t item_of(std::string_view raw) const { return dataset_.items().find(raw).value_or(-1); }

  const Dataset& dataset_;
  std::unordered_map<int32_t, size_t> query_of_;
  std::vector<std::vector<Place>> lists_;
  std::unordered_set<std::string> others_;
};

}  // namespace

RankedLists read_ranked_lists(const std::string& path, const Dataset& dataset,
                              const Queries& queries) {
  LineReader reader(path);
  ListBuilder builder(dataset, queries);
  std::string_view line;
  bool first = true, trec = false;
  while (reader.next(line)) {
    if (line.empty()) continue;
    const auto fields = fields_of(line);
    if (first) trec = is_trec(fields);
    first = false;
    if (trec) {
      builder.add_trec(fields, reader.where());
    } else {
      builder.add_tsv(line, reader.where());
    }
  }
  check_data(!first, "{}: holds no list; {}", path, kWanted);
  return builder.finish();
}

RankedTargets rank_in_lists(const RankedLists& lists, const Queries& queries,
                            const Horizon& horizon) {
  RankedTargets result;
  for (int64_t query = 0; query < lists.items.size(); ++query) {
    const auto list = lists.items.row(query);
    const int64_t targets = horizon.targets[static_cast<size_t>(query)];
    std::unordered_map<int32_t, int64_t> place_of;
    std::vector<int64_t> ranks, repeats;
    for (size_t place = 0; place < list.size(); ++place) {
      const auto at = static_cast<int64_t>(place);
      // Items that the dataset does not know are taken for different ones.
      if (list[place] >= 0 && !place_of.emplace(list[place], at).second) repeats.push_back(at);
    }
    for (auto place = static_cast<int64_t>(list.size()); place < targets; ++place) {
      repeats.push_back(place);
    }
    for (const int32_t item : queries.targets.row(query).first(static_cast<size_t>(targets))) {
      const auto found = place_of.find(item);
      ranks.push_back(found == place_of.end() ? kNeverRanked : found->second);
    }
    result.ranks.add_row(ranks);
    result.repeats.add_row(repeats);
  }
  return result;
}

}  // namespace truenext
