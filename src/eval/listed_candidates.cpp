// SPDX-License-Identifier: Apache-2.0
#include "eval/listed_candidates.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/line_reader.h"
#include "base/terminal_text.h"
#include "data/readers/input_kind.h"
#include "data/readers/tokens.h"

namespace truenext {
namespace {

constexpr const char* kListedLines = "want \"user negative negative ...\", a line for each user";
constexpr int32_t kNoQuery = -1;

void note(const std::string& where, const char* what, std::string_view raw, Finding* finding) {
  if (finding->count++ > 0) return;
  finding->first = fmt::format("{}: {} \"{}\"", where, what, excerpt(raw));
}

/// Lists as they come in, by query.
class ListTaker {
 public:
  ListTaker(const Dataset& dataset, const Queries& queries)
      : dataset_(dataset),
        queries_(queries),
        query_of_(static_cast<size_t>(dataset.num_users()), kNoQuery),
        line_of_(static_cast<size_t>(dataset.num_users()), 0),
        lists_(queries.users.size()) {
    for (size_t query = 0; query < queries.users.size(); ++query) {
      query_of_[static_cast<size_t>(queries.users[query])] = static_cast<int32_t>(query);
    }
  }

  void take(std::string_view line, const LineReader& reader) {
    std::vector<std::string_view> fields;
    for (auto field = take_token(line); !field.empty(); field = take_token(line)) {
      fields.push_back(field);
      add_to_fingerprint(field, " ");
    }
    if (fields.empty()) return;
    add_to_fingerprint("", "\n");
    const std::string where = reader.where();
    const std::string_view raw = fields.front();
    check_data(fields.size() > 1, "{}: no negative behind the user \"{}\"; {}", where, excerpt(raw),
               kListedLines);
    result_.longest = std::max(result_.longest, std::ssize(fields) - 1);
    const auto user = dataset_.users().find(raw);
    if (!user) return note(where, "user", raw, &result_.unknown_users);
    int64_t& first_line = line_of_[static_cast<size_t>(*user)];
    check_data(first_line == 0, "{}: a second line of user \"{}\", whose first is line {}; {}",
               where, excerpt(raw), first_line, kListedLines);
    first_line = reader.line_number();
    const int32_t query = query_of_[static_cast<size_t>(*user)];
    if (query != kNoQuery) take_negatives(query, fields, where);
  }

  ListedCandidates finish(const std::string& name) {
    check_data(
        !std::all_of(line_of_.begin(), line_of_.end(), [](int64_t line) { return line == 0; }),
        "{}: no line of a user whom the dataset knows{}; {}, with the ids of the prepared file",
        name, result_.unknown_users.count > 0 ? "; first " + result_.unknown_users.first : "",
        kListedLines);
    const auto missing =
        std::count_if(lists_.begin(), lists_.end(), [](const auto& list) { return list.empty(); });
    if (missing > 0) fail_missing(name, missing);
    for (const auto& list : lists_) result_.negatives.add_row(list);
    result_.fingerprint = fingerprint_.hex();
    return std::move(result_);
  }

 private:
  void add_to_fingerprint(std::string_view text, std::string_view end) {
    fingerprint_.add_values(std::span(text));
    fingerprint_.add_values(std::span(end));
  }

  void take_negatives(int32_t query, const std::vector<std::string_view>& fields,
                      const std::string& where) {
    const auto targets = queries_.targets.row(query);
    const auto history = queries_.histories.row(query);
    const std::unordered_set<int32_t> seen(history.begin(), history.end());
    std::unordered_set<int32_t> met;
    std::vector<int32_t>& list = lists_[static_cast<size_t>(query)];
    for (size_t i = 1; i < fields.size(); ++i) {
      const std::string_view raw = fields[i];
      const auto item = dataset_.items().find(raw);
      if (!item) {
        note(where, "item", raw, &result_.unknown_items);
      } else if (std::find(targets.begin(), targets.end(), *item) != targets.end()) {
        note(where, "item", raw, &result_.held_out);
      } else {
        if (seen.contains(*item)) note(where, "item", raw, &result_.in_history);
        if (!met.insert(*item).second) note(where, "item", raw, &result_.repeated);
        list.push_back(*item);
      }
    }
    check_data(!list.empty(),
               "{}: user \"{}\" has no negative that the dataset knows and that is not held out; "
               "are these ids of the prepared file?",
               where, excerpt(fields.front()));
  }

  /// Without negatives everything would stand first.
  [[noreturn]] void fail_missing(const std::string& name, int64_t missing) const {
    size_t query = 0;
    while (!lists_[query].empty()) ++query;
    fail_data("{}: {} of {} evaluated users have no line, first user \"{}\"; {}", name, missing,
              lists_.size(), excerpt(dataset_.users().raw(queries_.users[query])), kListedLines);
  }

  const Dataset& dataset_;
  const Queries& queries_;
  std::vector<int32_t> query_of_;
  std::vector<int64_t> line_of_;  // 0 = none yet
  std::vector<std::vector<int32_t>> lists_;
  Fingerprint fingerprint_;
  ListedCandidates result_;
};

}  // namespace

ListedCandidates read_listed_candidates(const std::string& path, const Dataset& dataset,
                                        const Queries& queries) {
  LineReader reader(path);
  check_text(reader.name(), reader.peek(size_t{64} << 10));
  ListTaker taker(dataset, queries);
  std::string_view line;
  while (reader.next(line)) taker.take(line, reader);
  ListedCandidates listed = taker.finish(reader.name());
  listed.name = path == "-" ? reader.name() : std::filesystem::path(path).filename().string();
  return listed;
}

void rank_among(const ListedCandidates& listed, Protocol* protocol) {
  protocol->candidates = CandidateRule::full;
  protocol->negatives = listed.longest;
  protocol->listed_file = listed.name;
  protocol->listed_fingerprint = listed.fingerprint;
}

}  // namespace truenext
