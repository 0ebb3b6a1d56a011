// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "serve/application.h"
#include "serve/recommend_query.h"

namespace truenext::serve {

/// A query and what it needs of the request that it stands in.
struct Asked {
  RecommendQuery query;
  std::string request_id;
  std::string unit;     ///< what ties the caller to a model; empty: the request's id
  bool sticky = false;  ///< whether `unit` is the caller's
  Role role = Role::none;
  Clock::time_point deadline;
};

/// Called once, on any thread, with a JSON object and the label of the model, or an exception.
using Answered = std::function<void(std::string json, std::string model, std::exception_ptr error)>;

/// The model that a query is for. Throws unknown-model, forbidden.
ServingPtr model_for(Application& application, Asked& asked);

/// Answers a query now or later. Throws ProblemError for what can be said at once; then `answered`
/// is not called.
void recommend(Application& application, Asked asked, Answered answered);

/// Reasons for the items of a list; a list of entries for each of them.
struct Reason {
  size_t index = 0;  ///< place in the known history
  double effect = 0;
};
std::vector<std::vector<Reason>> explain(const Serving& serving, Explain how, int64_t most,
                                         const std::vector<int32_t>& history,
                                         const std::vector<ScoredItem>& list);

/// Parts of requests and answers that several routes have.
void call_recommend(Application& application, const CallPtr& call, Asked asked);
Asked asked_of(const Call& call);

}  // namespace truenext::serve
