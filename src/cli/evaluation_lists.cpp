// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/log.h"
#include "base/resources.h"
#include "cli/evaluation.h"
#include "eval/beyond_accuracy.h"
#include "eval/ranked_lists.h"

namespace truenext::cli {
namespace {

void warn_about(const RankedLists& lists, const std::string& file) {
  if (lists.missing_users > 0) {
    log_warning("{}: {} of {} evaluated users have no list; their held-out items count as missed",
                file, lists.missing_users, lists.items.size());
  }
  if (lists.other_users > 0) {
    log_warning("{}: {} lists belong to users that are not evaluated here", file,
                lists.other_users);
  }
  if (lists.unknown_items > 0) {
    log_warning("{}: {} entries are items that the dataset does not know; they keep their places",
                file, lists.unknown_items);
  }
  if (lists.repeated_items > 0) {
    log_warning("{}: {} entries repeat an item of the same list; the first place counts", file,
                lists.repeated_items);
  }
}

/// What the dataset knows of the lists, for the measures beyond accuracy.
Jagged<ScoredItem> known_items(const RankedLists& lists) {
  Jagged<ScoredItem> known;
  for (int64_t query = 0; query < lists.items.size(); ++query) {
    std::vector<ScoredItem> row;
    for (const int32_t item : lists.items.row(query)) {
      if (item >= 0) row.push_back({item, 0});
    }
    known.add_row(row);
  }
  return known;
}

}  // namespace

void rank_with_lists(const CatalogueFacts& facts, Evaluation* evaluation) {
  const EvaluateArguments& arguments = evaluation->arguments;
  const double begin = wall_seconds();
  const double cpu_begin = process_cpu_seconds();
  const RankedLists lists =
      read_ranked_lists(arguments.lists, evaluation->dataset, evaluation->queries);
  warn_about(lists, arguments.lists);
  for (const Horizon& horizon : evaluation->horizons) {
    evaluation->ranked.push_back(rank_in_lists(lists, evaluation->queries, horizon));
  }
  EvalCost cost;
  cost.seconds = wall_seconds() - begin;
  cost.cpu_seconds = process_cpu_seconds() - cpu_begin;
  add_first_row("lists", cost, evaluation);
  if (arguments.beyond == 0) return;
  evaluation->reports.front().rows.back().beyond =
      beyond_accuracy(known_items(lists), arguments.beyond, facts);
}

}  // namespace truenext::cli
