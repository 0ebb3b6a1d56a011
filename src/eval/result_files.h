// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/jagged.h"
#include "base/thread_pool.h"
#include "data/dataset.h"
#include "eval/evaluator.h"

namespace truenext {

/// One line per evaluated user: raw id, one column per metric, 1-based ranks of the held-out items
/// in time order, separated by commas ("-" for one that can never be recommended). Tabs, line ends
/// and backslashes of ids are written \t, \n, \r and \\.
void write_per_user(const std::filesystem::path& path, const Dataset& dataset,
                    const Queries& queries, const Jagged<int64_t>& ranks, const EvalResult& result);

/// TREC run, `user Q0 item rank score tag`: the best `depth` candidates of every query, for
/// trec_eval, ir_measures and ranx. Blanks, control characters and % in ids become %XX. Equal
/// scores are ordered by item here but re-ordered by those tools.
struct TrecRunOptions {
  int64_t depth = 100;
  bool exclude_seen = true;
  std::string tag = "truenext";
};
void write_trec_run(const std::filesystem::path& path, const Dataset& dataset, const Scorer& scorer,
                    const Queries& queries, const TrecRunOptions& options, WorkerPool& pool);

/// TREC qrels, `user 0 item 1`: the held-out items.
void write_trec_qrels(const std::filesystem::path& path, const Dataset& dataset,
                      const Queries& queries);

std::string trec_id(std::string_view raw);
/// The raw id again; a % without two hexadecimal digits behind it stays.
std::string id_of_trec(std::string_view text);

}  // namespace truenext
