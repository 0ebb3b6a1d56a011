// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/item_set.h"
#include "serve/json_fields.h"
#include "serve/serve_options.h"
#include "serve/served_model.h"

namespace truenext::serve {

enum class Explain { none, similar, leave_one_out };

/// What one request for a list says, in raw ids.
struct RecommendQuery {
  std::vector<std::string> history;
  int64_t k = 10;
  bool k_given = false;
  std::optional<bool> exclude_seen;
  std::vector<std::string> exclude;
  std::optional<std::vector<std::string>> allow, candidates;
  std::vector<std::string> filter_all, filter_any, filter_none;
  bool probabilities = false, titles = true, refuse_unknown = false;
  Explain explain = Explain::none;
  int64_t explain_items = 3;
  std::string model, unit;

  bool has_filter() const {
    return !filter_all.empty() || !filter_any.empty() || !filter_none.empty();
  }
  /// Ids of exclude, allow and candidates.
  size_t listed() const {
    return exclude.size() + (allow ? allow->size() : 0) + (candidates ? candidates->size() : 0);
  }
};

/// Reads the fields of a query into `query`, whose values are what absent fields mean.
void read_query(JsonFields& fields, const ServeOptions& options, RecommendQuery* query);
/// Those that `similar` takes, too: exclude, allow, filter.
void read_filters(JsonFields& fields, const ServeOptions& options, RecommendQuery* query);

/// What a query may be answered with by a model; null = everything. Ids of `exclude` that are no
/// items are passed over, those of `allow` and `candidates` are named in `unknown`. Throws
/// invalid-request for a tag that no item has.
std::shared_ptr<const ItemSet> eligible_items(const RecommendQuery& query, const Serving& serving,
                                              std::vector<std::string>* unknown);

}  // namespace truenext::serve
